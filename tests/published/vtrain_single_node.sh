#!/usr/bin/env bash
# vtrain_single_node.sh ground_truth_single.csv: vTrain's 732 single-node runs (VIA-Research/vTrain, data/) as a file for
# `weft validate`, on stdout. GPT models of 50,257 tokens on 8 A100 or fewer, 1F1B, full recomputation
# (config/validation/single: use_checkpoint).
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,4p' "$0" >&2; exit 2; }
sed '1s/^\xef\xbb\xbf//' "$1" | tr -d '\r' | awk -F, '
  /^#/ || /^[^0-9]/ { next }
  NF < 11 { printf "line %d: %d columns instead of 11\n", NR, NF > "/dev/stderr"; exit 1 }
  !seen++ { print "runs:" }
  { n = $1; b = $2; m = $3; h = $4; a = $5; l = $6; s = $7; t = $8; d = $9; p = $10; ms = $11
    printf "- id: vtrain-single-%04d-h%dl%d-t%dd%dp%dm%db%d\n  group: vtrain-single\n  grade: A\n", NR, h, l, t, d, p, m, b
    printf "  model: {name: \"GPT\", type: dense, layers: %d, hidden: %d, ffn: %d, gated_mlp: false, heads: %d, kv_heads: %d, head_dim: %d, vocab: 50257, seq: %d}\n", l, h, 4 * h, a, a, h / a, s
    printf "  system: {chips: %d, per_node: 8, catalogue: {accelerator: a100-80, domain: 8, scaleup: switched, nics_per_node: 4, nic_gbit: 200, fabric: infiniband, basis: stated}}\n", n
    printf "  parallel: {tp: %d, pp: %d, vpp: 1, dp: %d, cp: 1, ep: 1, zero: 0, sp: false, recompute: full, mbs: %d, gbs: %d}\n", t, p, d, m, b
    printf "  normalized: {precision: fp16, recompute: full, schedule: %s, zero: 0, seconds: %.9g, seconds_from: stated, stack: megatron-2023-vtrain}\n", (p > 1 ? "1f1b" : "none"), ms / 1000 }'
