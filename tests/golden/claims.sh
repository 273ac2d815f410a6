#!/usr/bin/env bash
# Rewrites what analysis/docs/claims.md shows of `weft claims`: every claim, half an hour on two cores (47 CPU minutes). Read the
# difference before you commit it, and what analysis/README.md says of it.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/golden/show.sh
for number in 1 2 3 4 5 6 7 8 9; do
  build/release/weft claims $number | show analysis/docs/claims.md "weft claims $number"
done
git --no-pager diff --stat -- analysis/docs/claims.md
