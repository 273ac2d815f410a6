#include "workloads/memory.hpp"

#include "workloads/schedule.hpp"

#include <algorithm>

namespace weft::workloads {
namespace {

constexpr double weight_bytes = 2;     // 16-bit copy that the matmuls read
constexpr double optimizer_bytes = 12; // fp32 master weight and two fp32 moments of Adam

struct Stage {
  std::vector<std::int64_t> layers; ///< by chunk
  double largest_chunk = 0, all = 0;
  bool head = false;
};

Stage stage_of(const LayerContext& c, std::int64_t stage) {
  Stage out;
  const auto chunks = chunks_of(c.model, c.plan);
  for (std::int64_t chunk = 0; chunk < c.plan.vpp; ++chunk) {
    const Chunk& here = chunks[std::size_t(chunk * c.plan.pp + stage)];
    out.layers.push_back(here.layers);
    out.largest_chunk = std::max(out.largest_chunk, here.parameters);
    out.all += here.parameters;
    out.head = out.head || here.head;
  }
  return out;
}

/// Most layer-microbatches whose activations are alive at once.
double peak_layers(const LayerContext& c, std::int64_t stage, const Stage& s) {
  double now = 0, peak = 0;
  for (const Slot& slot :
       stage_slots(c.plan.schedule, stage, c.plan.pp, c.plan.vpp, microbatches(c.plan, c.training))) {
    const double layers = double(s.layers[std::size_t(slot.chunk)]);
    now += slot.phase == Phase::forward ? layers : -layers;
    peak = std::max(peak, now);
  }
  return peak;
}

} // namespace

Bytes activation_bytes(const LayerContext& c) {
  const double s = double(c.training.sequence), b = double(c.plan.microbatch), h = double(c.model.hidden);
  const double t = double(c.plan.tp), a = double(c.model.heads);
  const double shared = c.plan.sp ? t : 1; // what only sequence parallelism divides
  const double sbh = s * b * h;
  if (c.recompute == Recompute::full) return Bytes(2 * sbh / shared);
  const double kv = double(c.model.kv_heads) / a;
  const double width = double(c.model.head_dim) * a / h;
  const double ffn = double(c.model.ffn) / h;
  const double dropout = c.stack.fused_softmax_attention ? 0 : 1; // bytes of the two masks after attention and MLP
  // Inputs of both norms and their outputs (inputs of the matmuls), with sp one shard of each.
  const double outside = 4 * 2 + 2 * dropout;
  // Query, key, value, attention output; up (and gate) and activation outputs.
  const double inside = 2 * width * (2 + 2 * kv) + 2 * ffn * (c.model.gated_mlp ? 3 : 2);
  double bytes = sbh * (outside / shared + inside / t);
  // Unfused attention also keeps softmax output, dropout mask and dropout output of all scores.
  if (!c.stack.fused_softmax_attention && c.recompute == Recompute::none) bytes += 5 * a * s * s * b / t;
  return Bytes(bytes);
}

MemoryNeed stage_memory(const LayerContext& c, std::int64_t stage) {
  const Stage s = stage_of(c, stage);
  const double dp = double(c.plan.dp);
  MemoryNeed need;
  need.stage = stage;
  need.weights = Bytes(weight_bytes * s.all);
  const double gradient = bytes_per_element(c.stack.gradient_precision);
  // ZeRO-2 holds the chunk that accumulates and the one being reduced; the others whole buffers.
  const double held = c.plan.zero >= 2 ? std::min(s.all, 2 * s.largest_chunk) : s.all;
  const double shard = c.plan.zero >= 2 ? s.all / dp : 0;
  need.gradients = Bytes(gradient * (held + shard));
  need.optimizer = Bytes(optimizer_bytes * s.all / (c.plan.zero >= 1 ? dp : 1.0));
  need.activations = activation_bytes(c) * peak_layers(c, stage, s);
  double workspace = c.stack.memory_reserve.value.count();
  if (s.head) { // fp32 logits and their 16-bit gradient
    const double tokens = double(c.training.sequence) * double(c.plan.microbatch);
    workspace += (4 + 2) * tokens * double(c.model.vocab) / double(c.plan.tp);
  }
  if (c.recompute == Recompute::full) { // the layer being repeated
    LayerContext whole = c;
    whole.recompute = Recompute::none;
    workspace += activation_bytes(whole).count();
  }
  need.workspace = Bytes(workspace);
  return need;
}

MemoryNeed worst_memory(const LayerContext& c) {
  MemoryNeed worst = stage_memory(c, 0);
  for (std::int64_t stage = 1; stage < c.plan.pp; ++stage) {
    const MemoryNeed need = stage_memory(c, stage);
    if (need.total() > worst.total()) worst = need;
  }
  return worst;
}

} // namespace weft::workloads
