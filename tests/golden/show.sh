# Sourced by the scripts that refresh what pages show.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Puts stdin between `<!-- marker -->` and `<!-- end -->` of a page.
show() { # page, marker
  local page=$1 marker="<!-- $2 -->"
  grep -qxF -- "$marker" "$page" || { echo "$page has no line $marker" >&2; exit 1; }
  cat >"$work/shown"
  awk -v shown="$work/shown" -v marker="$marker" '
    $0 == marker { print; print "```text"; while ((getline line < shown) > 0) print line; print "```"; skip = 1 }
    $0 == "<!-- end -->" { skip = 0 }
    !skip' "$page" >"$work/page"
  cat "$work/page" >"$page"
}
