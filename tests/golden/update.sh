#!/usr/bin/env bash
# Rewrites what tests hold the program to, and what pages show of it: the golden predictions of the runs that
# published.csv lists, the README's comparison, the examples of analysis/docs, the tables of validation.md (two minutes) but for the
# fits, which take longer (tests/golden/fits.sh). Read the difference before you commit it.
set -euo pipefail
cd "$(dirname "$0")/../.."
weft=build/release/weft
file=tests/golden/published.csv
ids=$(tail -n +2 "$file" | cut -d, -f1 | paste -sd,)
table=$($weft validate --grade A,B,C --format csv --id "$ids")
{ echo "id,predicted_s"; tail -n +2 <<<"$table" | awk -F, '{printf "%s,%.6g\n", $1, $7}'; } >"$file"

source tests/golden/show.sh
{ $weft compare || [ $? -eq 3 ]; } 2>/dev/null | show README.md "weft compare"
$weft run llama3-405b-16k --explain | awk '/^MEMORY/ { stop = 1 } !stop' | sed '$d' |
  show analysis/docs/explain.md "weft run llama3-405b-16k --explain"

page=analysis/docs/validation.md
$weft validate --worst 0 >"$work/all"
part() { # 1: the subsets, 0: the rest
  awk -v subsets="$1" '
    /^SUBSETS / { inside = 1 }
    /^(NOT PREDICTED|SELF-CHECK FAILED)$/ { inside = 0 }
    inside == subsets' "$work/all"
}
printf '%s\n' "$(part 0)" | show $page "weft validate"
printf '%s\n' "$(part 1)" | show $page "weft validate: subsets"
$weft validate --plan-choice | show $page "weft validate --plan-choice"
$weft validate --pairs | show $page "weft validate --pairs"

for other in 910b 910c h800; do
  swap="weft compare llama3-405b-16k llama3-405b-16k-$other --swap"
  build/release/$swap | show analysis/docs/swap.md "$swap"
done
$weft run llama3-405b-16k --power | sed -n '/^POWER AND MONEY/,$p' | show analysis/docs/power.md "weft run --power"
on_70b="--reference llama3-70b-8k llama3-70b-8k-cp2 --candidate llama3-70b-16k-910c llama3-70b-16k-910c-cp2"
on_405b="--reference llama3-405b-16k --candidate llama3-405b-16k-910c llama3-405b-16k-910c-tp16 llama3-405b-16k-910c-cp2"
on_405b="$on_405b llama3-405b-16k-910b"
for how in "$on_70b --accelerators 10000" "$on_70b --accelerators 10000 --scale-batch --format csv" "$on_405b" \
  "$on_405b --accelerators 10000 --scale-batch --format csv"; do
  build/release/weft parity $how | show analysis/docs/parity.md "weft parity $how"
done
$weft sensitivity llama3-405b-16k | show analysis/docs/sensitivity.md "weft sensitivity llama3-405b-16k"
$weft run llama3-405b-16k-910c --samples 256 | show analysis/docs/bands.md "weft run llama3-405b-16k-910c --samples 256"
page2=analysis/docs/rules.md
$weft rules h20 h200-sxm b200-sxm | show $page2 "weft rules"
$weft rules --fastest | show $page2 "weft rules --fastest"
git --no-pager diff --stat -- "$file" README.md analysis/docs
