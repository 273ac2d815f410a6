#!/usr/bin/env bash
# Makes analysis/docs/report.png anew: the top of `weft compare --html`. Needs what the test `report` needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=build/release/tests/report
page=$(mktemp -d)
trap 'rm -rf "$page"' EXIT
mkdir -p "$work"
cp tests/report/package.json tests/report/package-lock.json tests/report/*.mjs "$work"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
build/release/weft compare --html "$page/compare.html" >/dev/null
node "$work/picture.mjs" "$page/compare.html" "$page/report.png"
mv "$page/report.png" analysis/docs/report.png
ls -l analysis/docs/report.png
