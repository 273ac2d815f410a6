#!/usr/bin/env bash
# Rewrites what analysis/docs/validation.md shows of `weft validate --fits` (several minutes: thousands of predictions).
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/golden/show.sh
build/release/weft validate --fits | show analysis/docs/validation.md "weft validate --fits"
git --no-pager diff --stat -- analysis/docs/validation.md
