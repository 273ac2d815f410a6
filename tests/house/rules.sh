#!/usr/bin/env bash
# The house's arrows hold because a wrong include does not compile. This proves it by trying, and checks the
# rules that a compiler cannot: who includes the big libraries, how long files are, how they are formatted.
set -u
source_dir=$1 build_dir=$2 compiler=$3 expected_include=$4
failures=0
fail() { echo "FAIL: $*"; failures=$((failures + 1)); }

header() { # any header of a floor, as it is included
  case $1 in
    base) echo platforms/base/units.hpp ;;
    platforms) echo platforms/cluster.hpp ;;
    workloads) echo workloads/model.hpp ;;
    sim) echo sim/program.hpp ;;
    analysis) echo analysis/ledger.hpp ;;
  esac
}
roots() { # include roots that a floor sees
  case $1 in
    base) echo base ;;
    platforms) echo platforms base ;;
    workloads) echo workloads base ;;
    sim) echo sim platforms workloads base ;;
    analysis) echo analysis sim platforms workloads base ;;
  esac
}
compiles() { # floor, header
  local flags=()
  for root in $(roots "$1"); do flags+=("-I$build_dir/include/$root"); done
  echo "#include \"$2\"" | "$compiler" -std=c++20 -fsyntax-only -x c++ "${flags[@]}" -idirafter "$expected_include" - 2>&1
}
for from in base platforms workloads sim analysis; do
  for to in base platforms workloads sim analysis; do
    output=$(compiles "$from" "$(header "$to")")
    case " $(roots "$from") " in
      *" $to "*) [ -z "$output" ] || fail "$from should see $to: $output" ;;
      *) grep -q 'No such file' <<<"$output" || fail "$from must not see $to, but the include was found" ;;
    esac
  done
done

cd "$source_dir" || exit 1
floors=(platforms workloads sim analysis)
at_most() { # limit, what, pattern
  local count
  count=$(grep -rlE "$3" --include='*.cpp' --include='*.hpp' "${floors[@]}" | wc -l)
  [ "$count" -le "$1" ] || fail "$2 is included by $count files, at most $1 may"
}
at_most 1 yaml-cpp '#include *<yaml-cpp/(parser|yaml)\.h'
at_most 2 SimGrid '#include *<simgrid'
at_most 3 CLI11 '#include *<CLI'
grep -rlE '#include *<(spdlog|CLI|nlohmann)' --include='*.hpp' "${floors[@]}" && fail "spdlog, CLI11 and nlohmann stay out of headers"
while read -r lines file; do
  [ "$lines" -le 350 ] || fail "$file has $lines lines (350 at most)"
done < <(find "${floors[@]}" \( -name '*.cpp' -o -name '*.hpp' -o -name '*.yaml' \) -not -path 'analysis/published/*' -exec wc -l {} + | awk '$2 != "total"')
if command -v clang-format >/dev/null; then
  find "${floors[@]}" tests \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
    xargs -0 clang-format --dry-run -Werror || fail "clang-format"
else
  fail "clang-format is missing"
fi
[ "$failures" -eq 0 ] && echo "the house stands"
exit "$failures"
