#!/usr/bin/env bash
# ./quickstart.sh          install what is missing, build Release, print the default comparison
# ./quickstart.sh test     build everything, then all quick tests
# ./quickstart.sh asan     the tests under address and undefined-behaviour sanitizers
# ./quickstart.sh tidy     clang-tidy over the sources
set -euo pipefail
cd "$(dirname "$0")"

packages=(build-essential cmake ninja-build ccache clang-format libsimgrid-dev libyaml-cpp-dev libspdlog-dev doctest-dev
          libfmt-dev libcli11-dev nlohmann-json3-dev libexpected-dev libxxhash-dev libboost-dev librapidcheck-dev
          python3-jsonschema python3-yaml bsdutils strace)

install_missing() {
  local missing=() as_root=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "installing: ${missing[*]}" >&2
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq "${missing[@]}" >&2
}
build() { # preset, targets (default: all)
  local preset=$1
  shift
  # Reports need node and npm, from wherever they come: Debian's two packages exclude others' node.
  command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)
  install_missing "${packages[@]}"
  cmake --preset "$preset" >&2
  cmake --build --preset "$preset" ${1:+--target "$@"} >&2
}

case "${1:-compare}" in
  compare) build release weft; exec build/release/weft compare ;;
  test) packages+=(chromium) # opens reports
        build release; exec ctest --preset release ;;
  asan) build asan; exec ctest --preset asan ;;
  tidy) packages+=(clang-tidy); build dev
        exec clang-tidy -p build/dev --quiet $(git ls-files '*.cpp' | grep -v '^tests/') ;;
  *) sed -n '2,5p' "$0"; exit 2 ;;
esac
