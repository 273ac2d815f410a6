#include "workloads/memory.hpp"

#include "workloads/chunk.hpp"
#include "workloads/schedule.hpp"

#include <algorithm>

namespace weft::workloads {
namespace {

constexpr double weight_bytes = 2; // 16-bit copy that the matmuls read
constexpr double element = 2;      // of a 16-bit activation

/// Bytes of optimizer state per parameter: fp32 master weight and moments.
double state_bytes(Optimizer optimizer) {
  switch (optimizer) {
  case Optimizer::adam: return 4 + 4 + 4;
  case Optimizer::adam_bf16: return 4 + 2 + 2;
  case Optimizer::muon: return 4 + 4;
  }
  return 0;
}

struct Stage {
  std::vector<const Chunk*> chunks;
  double dense = 0, experts = 0, largest = 0; ///< parameters
  double largest_layer = 0;
  bool head = false;
};

Stage stage_parts(const LayerContext& c, const std::vector<Chunk>& chunks, std::int64_t stage) {
  Stage out;
  for (std::int64_t i = 0; i < c.plan.vpp; ++i) {
    const Chunk& here = chunk_at(chunks, c.plan, stage, i);
    out.chunks.push_back(&here);
    const double all = here.parameters + here.expert_parameters;
    out.largest = std::max(out.largest, all);
    if (here.layers() > 0) out.largest_layer = std::max(out.largest_layer, all / double(here.layers()));
    out.dense += here.parameters;
    out.experts += here.expert_parameters;
    out.head = out.head || here.head;
  }
  return out;
}

/// Activations of one chunk-microbatch, and what of them stays for the weight gradient once the input gradient is done.
struct Kept {
  double all = 0, weight = 0;
};
Kept chunk_activations(const LayerContext& c, const Chunk& chunk) {
  LayerContext plain = c; // layers that the mode leaves alone keep everything
  plain.recompute = Recompute::none;
  const RecomputedLayers repeated = recomputed_layers(c.plan, chunk);
  auto kept_by = [&](LayerKind kind, std::int64_t layers, std::int64_t with) {
    return layers == 0 ? 0
                       : double(with) * activation_bytes(c, kind).count() +
                             double(layers - with) * activation_bytes(plain, kind).count();
  };
  const LayerKind last = c.model.kind(c.model.layers);
  const double mtp = chunk.mtp > 0 ? activation_bytes(c, last).count() : 0;
  const double kept = 1 - double(c.plan.offload_layers) / double(c.model.layers);
  auto weight = [&](LayerKind kind, std::int64_t layers) {
    return layers == 0 ? 0 : double(layers) * weight_gradient_bytes(c, kind).count();
  };
  return {kept * (kept_by(LayerKind::dense, chunk.dense_layers, repeated.dense) +
                  kept_by(LayerKind::experts, chunk.expert_layers, repeated.experts)) +
              double(chunk.mtp) * mtp,
          weight(LayerKind::dense, chunk.dense_layers) + weight(LayerKind::experts, chunk.expert_layers) +
              weight(last, chunk.mtp)};
}

/// Most activation bytes alive at once.
double peak_activations(const LayerContext& c, const std::vector<Slot>& slots, const Stage& s) {
  std::vector<Kept> size;
  for (const Chunk* chunk : s.chunks)
    size.push_back(chunk_activations(c, *chunk));
  double now = 0;
  for (const Slot& slot : left_open(slots))
    now += size[std::size_t(slot.chunk)].all;
  double peak = now;
  for (const Slot& slot : slots) {
    const Kept& kept = size[std::size_t(slot.chunk)];
    switch (slot.phase) {
    case Phase::forward: now += kept.all; break;
    case Phase::backward: now -= kept.all; break;
    case Phase::input: now += kept.weight - kept.all; break;
    case Phase::weight: now -= kept.weight; break;
    }
    peak = std::max(peak, now);
  }
  return peak;
}

/// Widths of what attention keeps per token, over tp.
double attention_kept(const LayerContext& c, bool selective) {
  const Model& m = c.model;
  if (!m.latent) {
    const double kv = 2 * double(m.kv_heads) * double(m.head_dim);
    return 2 * m.query_width() + kv; // query, attention output, key, value
  }
  if (selective && c.plan.recomputes(RecomputePart::latent_up)) return m.value_width();
  return 2 * m.query_width() + 2 * m.value_width();
}

double experts_kept(const LayerContext& c, bool selective, double own) {
  const Experts& e = *c.model.experts;
  const double gates = c.model.gated_mlp ? 2 : 1, h = double(c.model.hidden);
  if (selective && c.plan.recomputes(RecomputePart::experts)) return 0;
  const double rows = own * double(e.top_k) * (e.capacity > 0 ? e.capacity : e.skew);
  const bool act = selective && c.plan.recomputes(RecomputePart::activation);
  const double inner = double(e.ffn);
  return element * rows * (h + gates * inner + (act ? 0 : inner));
}

} // namespace

Bytes activation_bytes(const LayerContext& c, LayerKind kind) {
  const Model& m = c.model;
  const double tokens = double(c.training.sequence) * double(c.plan.microbatch) / double(c.plan.cp);
  const double t = double(c.plan.tp), shared = c.plan.sp ? t : 1; // what only sequence parallelism divides
  const double h = double(m.hidden), own = tokens / shared;
  if (c.recompute == Recompute::full) return Bytes(element * own * h);
  const bool selective = c.recompute == Recompute::selective;
  auto repeats = [&](RecomputePart part) { return selective && c.plan.recomputes(part); };
  const bool norms = repeats(RecomputePart::norms) || repeats(RecomputePart::every_second_matmul);
  const bool fused = c.stack.fused_softmax_attention;
  // Inputs of both norms and their outputs (inputs of the matmuls), with sp one shard of each; two dropout masks.
  const double inputs = c.stack.tp_keeps_gathered ? tokens : own; // of the matmuls after the norms
  double bytes = h * element * ((norms ? 0 : 2 * own) + 2 * inputs) + (fused ? 0 : 2 * own * h);
  bytes += element * tokens * attention_kept(c, selective) / t;
  if (m.latent) bytes += 2 * element * own * double(m.latent->query_rank + m.latent->kv_rank + m.latent->rope_dim);
  const double gates = m.gated_mlp ? 2 : 1;
  const double mlp = kind == LayerKind::dense ? double(m.ffn) : double(m.experts->shared_ffn);
  const bool half = repeats(RecomputePart::every_second_matmul);
  if (!repeats(RecomputePart::mlp))
    bytes += element * tokens / t * mlp * ((half ? 0 : gates) + (repeats(RecomputePart::activation) || half ? 0 : 1));
  if (kind == LayerKind::experts) bytes += experts_kept(c, selective, own);
  // Unfused attention also keeps softmax output, dropout mask and dropout output of all scores.
  const bool core = repeats(RecomputePart::core_attention);
  if (!fused && !core) bytes += 5 * double(m.heads) / t * double(c.training.sequence) * tokens;
  return Bytes(bytes);
}

Bytes weight_gradient_bytes(const LayerContext& c, LayerKind kind) {
  const Model& m = c.model;
  const double tokens = double(c.training.sequence) * double(c.plan.microbatch) / double(c.plan.cp);
  const double t = double(c.plan.tp), own = tokens / (c.plan.sp ? t : 1), h = double(m.hidden);
  const double gates = m.gated_mlp ? 2 : 1;
  // Query, key, value and output matmul: input and output gradient each.
  double bytes = element * (2 * own * h + tokens / t * m.value_width());
  if (m.latent) {
    const LatentAttention& l = *m.latent;
    bytes += element * (2 * own * double(l.query_rank + l.kv_rank + l.rope_dim) +
                        tokens / t * (m.query_width() + double(m.heads) * double(l.nope_dim + l.value_dim)));
  } else {
    bytes += element * tokens / t * (m.query_width() + 2 * double(m.kv_heads) * double(m.head_dim));
  }
  const double mlp = kind == LayerKind::dense ? double(m.ffn) : double(m.experts->shared_ffn);
  bytes += element * (2 * own * h + tokens / t * mlp * (gates + 1));
  if (kind == LayerKind::experts) {
    const Experts& e = *m.experts;
    const double rows = own * double(e.top_k) * (e.capacity > 0 ? e.capacity : e.skew);
    bytes += element * rows * (2 * h + (gates + 1) * double(e.ffn));
  }
  return Bytes(bytes);
}

namespace {

MemoryNeed need_of(const LayerContext& c, const std::vector<Chunk>& chunks, const std::vector<Slot>& slots,
                   std::int64_t stage) {
  const Stage s = stage_parts(c, chunks, stage);
  const double shard = double(c.plan.shard()), expert_shard = double(c.plan.expert_coupled());
  const double all = s.dense + s.experts;
  auto sharded = [&](bool on) { return on ? s.dense / shard + s.experts / expert_shard : all; };
  MemoryNeed need;
  need.stage = stage;
  const bool layerwise = c.plan.zero >= 3 && c.plan.pp == 1;
  // FSDP keeps a shard and two gathered layers; in a pipeline the gathered weights stay for the step.
  need.weights = Bytes(weight_bytes * (layerwise ? sharded(true) + 2 * s.largest_layer : all));
  const double gradient = bytes_per_element(c.stack.gradient_precision);
  // ZeRO-2 holds the chunk that accumulates and the one being reduced; the others whole buffers.
  const double held = layerwise ? 2 * s.largest_layer : c.plan.zero >= 2 ? std::min(all, 2 * s.largest) : all;
  if (!c.training.frozen) { // adapters are too small to count
    need.gradients = Bytes(gradient * (held + (c.plan.zero >= 2 ? sharded(true) : 0)));
    need.optimizer = Bytes(state_bytes(c.training.optimizer) * sharded(c.plan.zero >= 1));
  }
  // Without a flush microbatches in the pipeline still need the weights that they began with.
  if (c.plan.schedule == Schedule::async && c.plan.pp > 1) need.weights += Bytes(weight_bytes * all);
  need.activations = Bytes(peak_activations(c, slots, s));
  double workspace = c.stack.memory_reserve.value.count();
  const double tokens = double(c.training.sequence) * double(c.plan.microbatch) / double(c.plan.cp);
  if (s.head) // fp32 logits and their 16-bit gradient
    workspace += (4 + 2) * tokens * double(c.model.vocab) / double(c.plan.tp);
  if (c.recompute == Recompute::full) { // the layer being repeated
    LayerContext whole = c;
    whole.recompute = Recompute::none;
    const bool experts = c.model.expert_layers() > 0;
    workspace += activation_bytes(whole, experts ? LayerKind::experts : LayerKind::dense).count();
  }
  need.workspace = Bytes(workspace);
  return need;
}

double flops_of(const Work& work) {
  double out = 0;
  for (const WorkStep& step : work)
    if (!step.is_collective) out += step.kernel.executed.count();
  return out;
}

} // namespace

std::vector<std::vector<Slot>> scenario_slots(const LayerContext& c) {
  Pipeline p;
  p.pp = c.plan.pp;
  p.vpp = c.plan.vpp;
  p.microbatches = microbatches(c.plan, c.training);
  p.paired = c.plan.ep_overlap;
  const LayerKind kind = c.model.expert_layers() > 0 ? LayerKind::experts : LayerKind::dense;
  p.times.forward = 1;
  const double forward = flops_of(layer_forward(c, kind));
  p.times.input = flops_of(layer_backward(c, kind, BackwardPart::input)) / forward;
  p.times.weight = flops_of(layer_backward(c, kind, BackwardPart::weight)) / forward;
  // A layout that keeps more after the input gradient than before (recomputed layers) is not searched for.
  p.weight_share = std::min(1.0, weight_gradient_bytes(c, kind) / activation_bytes(c, kind));
  return pipeline_slots(c.plan.schedule, p);
}

std::vector<MemoryNeed> memory_of_stages(const LayerContext& c) {
  const auto slots = scenario_slots(c);
  const auto chunks = chunks_of(c.model, c.plan);
  std::vector<MemoryNeed> out;
  for (std::int64_t stage = 0; stage < c.plan.pp; ++stage)
    out.push_back(need_of(c, chunks, slots[std::size_t(stage)], stage));
  return out;
}

MemoryNeed worst_memory(const LayerContext& c) {
  return worst(memory_of_stages(c));
}

MemoryNeed worst(const std::vector<MemoryNeed>& stages) {
  return *std::max_element(stages.begin(), stages.end(),
                           [](const MemoryNeed& a, const MemoryNeed& b) { return a.total() < b.total(); });
}

} // namespace weft::workloads
