#!/usr/bin/env bash
# run.sh WEFT: every transcript, by SimGrid's testing shell.
set -u
cd "$(dirname "$0")" || exit 1
PATH=$(dirname "$1"):$PATH
failures=0
for transcript in *.tesh; do
  tesh "$transcript" || failures=$((failures + 1))
done
exit "$failures"
