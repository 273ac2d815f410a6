#!/usr/bin/env bash
# CPU seconds (children included; median of five runs after a warm-up) and peak memory of whole commands.
# Usage: tests/bench/step.sh [build/release/weft]
set -euo pipefail
cd "$(dirname "$0")/../.."
weft=${1:-build/release/weft}

median_of_five() { # label, command...
  local label=$1 cpu=() memory
  shift
  "$@" >/dev/null 2>&1 || true
  for _ in 1 2 3 4 5; do
    cpu+=("$( { TIMEFORMAT='%U %S'; time "$@" >/dev/null 2>&1 || true; } 2>&1 | awk '{printf "%.3f", $1 + $2}')")
  done
  memory=$("$@" --stats 2>&1 >/dev/null | grep -oE 'memory [0-9.]+' | awk '{print $2}')
  printf '%-66s %8s s %8s MB\n' "$label" "$(printf '%s\n' "${cpu[@]}" | sort -n | sed -n 3p)" "$memory"
}

scale() { # accelerators, outermost dimension, order
  median_of_five "the same step on $1, 16 microbatches, tax, $2 outermost" "$weft" run llama3-405b-16k \
    --set "cluster.accelerators=$1" --set "plan.dp=$(($1 / 128))" --set "training.global_batch=$(($1 / 8))" \
    --set "plan.order=$3"
}

median_of_five "llama3-405b-16k with tax" "$weft" run llama3-405b-16k
median_of_five "llama3-405b-16k with tax by dimension (--explain)" "$weft" run llama3-405b-16k --explain
median_of_five "weft compare (four clusters, tax by dimension)" "$weft" compare
for accelerators in 16384 131072 1048576; do scale "$accelerators" dp "[tp, cp, pp, dp]"; done
for accelerators in 16384 131072 1048576; do scale "$accelerators" pp "[tp, cp, dp, pp]"; done
for accelerators in 1024 4096; do
  median_of_five "70B on $accelerators, hashed routes and jitter on every rank, no tax" "$weft" run \
    llama3-70b-1k-hashed --no-tax --set "cluster.accelerators=$accelerators" --set "plan.dp=$((accelerators / 32))" \
    --set "training.global_batch=$((accelerators / 2))"
done
for ranks in 1024 8192 131072; do
  median_of_five "8 rail rings and one all-to-all at once, $ranks ranks" "$weft" collective --op all-reduce@rails \
    --algorithm ring --op all-to-all --algorithm direct --bytes 1GiB --cluster h100-meta-24k-roce --ranks "$ranks"
done
