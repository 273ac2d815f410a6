#!/usr/bin/env bash
# Opens reports in a browser: tests/report/run.sh SOURCES WORK WEFT. npm works in WORK. 77: skipped.
set -euo pipefail
sources=$1 work=$2 weft=$3
skip() { echo "SKIPPED: $*"; exit 77; }
for program in node npm chromium; do
  command -v $program >/dev/null || skip "$program is missing (./quickstart.sh installs it)"
done
if ! said=$("$weft" report /dev/null -o /dev/null --force 2>&1) && grep -q 'no report page' <<<"$said"; then
  skip "this build has no report page"
fi
mkdir -p "$work"
cp "$sources"/package.json "$sources"/package-lock.json "$sources"/*.mjs "$work"
cd "$work"
cmp -s package-lock.json installed || { npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && cp package-lock.json installed; }
exec node report_test.mjs "$weft"
