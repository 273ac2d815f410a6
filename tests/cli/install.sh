#!/usr/bin/env bash
# Does the installed program find everything beside itself, and nothing of where it was built?
# install.sh BUILD_FOLDER SOURCE_FOLDER
set -u
build=$1 source=$2 failures=0
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
check() { # what, command...
  local what=$1; shift
  if "$@" >"$prefix/out" 2>"$prefix/err"; then echo "ok: $what"; else
    echo "FAIL: $what ($*)"; cat "$prefix/out" "$prefix/err"; failures=$((failures + 1)); fi
}
cmake --install "$build" --prefix "$prefix/first" >/dev/null || exit 1
mv "$prefix/first" "$prefix/moved" # nothing in it may know its prefix
weft=$prefix/moved/bin/weft
mkdir "$prefix/elsewhere" && cd "$prefix/elsewhere" || exit 1

[ "$("$weft" catalog --where)" = "$prefix/moved/share/weft" ]
check "the catalog is the installed one" test $? -eq 0
check "a step" "$weft" run llama3-405b-16k
cp "$prefix/out" "$prefix/installed"
"$build/weft" run llama3-405b-16k >"$prefix/built" 2>/dev/null
check "the same step as of the built one" diff "$prefix/installed" "$prefix/built"
for line in "catalog accelerators h20" "rules h20" "run llama3-70b-8k --power" "schema claim" \
            "completion names claims" "init"; do
  check "$line" "$weft" $line
done
# What they open of the source tree: nothing.
for line in "run llama3-70b-8k --power --samples 64" "completion names claims" "validate --group korthikanti22"; do
  check "$line" strace -f -e trace=openat,open -o "$prefix/trace" "$weft" $line
  check "$line opens nothing of the source tree" bash -c "! grep -F '\"$source/' '$prefix/trace'"
  check "$line opens what was installed" grep -qF "$prefix/moved/share/weft/" "$prefix/trace"
done
check "--catalog is heard" bash -c "[ \"\$('$weft' --catalog '$source' catalog --where)\" = '$source' ]"
check "completion" grep -q "complete -o nosort -F _weft weft" "$prefix/moved/share/bash-completion/completions/weft"
check "docs" test -s "$prefix/moved/share/doc/weft/analysis/docs/ledgers.md" -a -s "$prefix/moved/share/doc/weft/README.md"
[ -z "$(find "$prefix/moved" -type d -empty)" ]
check "no empty folder" test $? -eq 0
[ "$(find "$prefix/moved/share/weft" -type f -not -name '*.yaml' | wc -l)" -eq 0 ]
check "data and nothing else in share/weft" test $? -eq 0
exit "$failures"
