#include "workloads/memory.hpp"

#include "workloads/chunk.hpp"
#include "workloads/schedule.hpp"

#include <algorithm>

namespace weft::workloads {
namespace {

constexpr double weight_bytes = 2; // 16-bit copy that the matmuls read
constexpr double element = 2;      // of a 16-bit activation

/// Bytes of an element of a matmul's input as kept for the weight gradient.
double input_element(const LayerContext& c) {
  return c.stack.quantized_inputs ? std::min(element, bytes_per_element(c.training.precision)) : element;
}

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
  double ends = 0; ///< parameters of embedding and head
  bool head = false, dense_layers = false, expert_layers = false;
};

double layer_parameters(const LayerContext& c, LayerKind kind) {
  const double own = c.model.rank_parameters(kind, double(c.plan.tp));
  return kind == LayerKind::dense ? own
                                  : own + c.model.expert_parameters() / (double(c.plan.ep) * double(c.plan.expert_tp));
}

Stage stage_parts(const LayerContext& c, const std::vector<Chunk>& chunks, std::int64_t stage) {
  Stage out;
  for (std::int64_t i = 0; i < c.plan.vpp; ++i) {
    const Chunk& here = chunk_at(chunks, c.plan, stage, i);
    out.chunks.push_back(&here);
    const double all = here.parameters + here.expert_parameters;
    out.largest = std::max(out.largest, all);
    const LayerKind last = c.model.kind(c.model.layers); // of multi-token prediction modules
    for (LayerKind kind : {LayerKind::dense, LayerKind::experts})
      if ((kind == LayerKind::dense ? here.dense_layers : here.expert_layers) + (kind == last ? here.mtp : 0) > 0)
        out.largest_layer = std::max(out.largest_layer, layer_parameters(c, kind));
    out.dense += here.parameters;
    out.experts += here.expert_parameters;
    out.head = out.head || here.head;
    out.dense_layers = out.dense_layers || here.dense_layers > 0;
    out.expert_layers = out.expert_layers || here.expert_layers > 0;
    out.ends += here.tables * c.model.embedding_parameters() / double(c.plan.tp);
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
  const RecomputedLayers repeated = recomputed_layers(c.plan, chunk, c.stack.last_stage_recomputes);
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
    if (slot.paired) continue; // the forward of a pair fills layer by layer what the backward frees
    peak = std::max(peak, now);
  }
  return peak;
}

/// Widths of what attention keeps per token, over tp.
double attention_kept(const LayerContext& c, bool selective) {
  const Model& m = c.model;
  // An all-to-all of heads leaves attention's own output beside the exchanged one.
  const double exchanged = c.plan.cp > 1 && c.plan.cp_algorithm == ContextAlgorithm::all_to_all ? m.value_width() : 0;
  if (!m.latent) {
    const double kv = 2 * double(m.kv_heads) * double(m.head_dim);
    // Every second matmul of query, key, value, output: query and value.
    if (selective && c.plan.recomputes(RecomputePart::every_second_matmul)) return 2 * m.query_width() + kv / 2;
    return 2 * m.query_width() + kv + exchanged; // query, attention output, key, value
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
  return rows * (input_element(c) * (h + (act ? 0 : inner)) + element * gates * inner);
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
  const bool norms = repeats(RecomputePart::norms), half = repeats(RecomputePart::every_second_matmul);
  const bool fused = c.stack.fused_softmax_attention;
  // Inputs of both norms and their outputs (inputs of the matmuls), with sp one shard of each unless the gathered ones
  // are kept; two dropout masks.
  const double inputs = c.stack.tp_keeps_gathered ? tokens : own;
  const double in = input_element(c); // of a norm's output; a quantized copy of attention's output is kept beside it
  double bytes = h * (half ? element * own : 2 * element * own + (norms ? 0 : 2 * in * inputs) + (fused ? 0 : 2 * own));
  bytes += tokens / t * (element * attention_kept(c, selective) + (in < element ? in * m.value_width() : 0));
  if (m.latent) bytes += 2 * element * own * double(m.latent->query_rank + m.latent->kv_rank + m.latent->rope_dim);
  const double gates = m.gated_mlp ? 2 : 1;
  const double mlp = kind == LayerKind::dense ? double(m.ffn) : double(m.experts->shared_ffn);
  const bool again = repeats(RecomputePart::mlp) || (kind == LayerKind::experts && repeats(RecomputePart::experts));
  if (!again) // every second matmul: the first of the MLP
    bytes += tokens / t * mlp * (element * (half ? 1 : gates) + (repeats(RecomputePart::activation) || half ? 0 : in));
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
  const double inputs = c.stack.tp_keeps_gathered ? tokens : own, in = input_element(c);
  const double mlp = kind == LayerKind::dense ? double(m.ffn) : double(m.experts->shared_ffn);
  // Inputs of the four matmuls (query-key-value, output, up, down), then their output gradients.
  double bytes = in * (2 * inputs * h + tokens / t * (m.value_width() + mlp));
  bytes += element * (2 * own * h + tokens / t * (m.query_width() + gates * mlp));
  if (m.latent) {
    const LatentAttention& l = *m.latent;
    bytes += element * (2 * own * double(l.query_rank + l.kv_rank + l.rope_dim) +
                        tokens / t * double(m.heads) * double(l.nope_dim + l.value_dim));
  } else {
    bytes += element * tokens / t * 2 * double(m.kv_heads) * double(m.head_dim);
  }
  if (kind == LayerKind::experts) {
    const Experts& e = *m.experts;
    const double rows = own * double(e.top_k) * (e.capacity > 0 ? e.capacity : e.skew);
    bytes += rows * (in * (h + double(e.ffn)) + element * (h + gates * double(e.ffn)));
  }
  return Bytes(bytes);
}

namespace {

/// Bytes of the gradients that a layer's backward pass allocates: of the MLP's inner widths and two of the hidden
/// state; of all scores where attention is not fused.
double backward_bytes(const LayerContext& c, LayerKind kind) {
  const Model& m = c.model;
  const double tokens = double(c.training.sequence) * double(c.plan.microbatch) / double(c.plan.cp);
  const double t = double(c.plan.tp), h = double(m.hidden), gates = m.gated_mlp ? 2 : 1;
  double widths = 2 * h / (c.plan.sp ? t : 1);
  widths += gates * (kind == LayerKind::dense ? double(m.ffn) : double(m.experts->shared_ffn)) / t;
  if (kind == LayerKind::experts) {
    const double rows = double(m.experts->top_k) * (m.experts->capacity > 0 ? m.experts->capacity : m.experts->skew);
    widths += rows / (c.plan.sp ? t : 1) * (3 * h + gates * double(m.experts->ffn));
  }
  if (!c.stack.fused_softmax_attention) widths += 2 * double(m.heads) / t * double(c.training.sequence);
  return element * tokens * widths;
}

/// 16-bit weight gradients that live outside the buffer in which gradients accumulate.
double gradient_copies(const LayerContext& c, const Stage& s) {
  if (c.stack.gradient_copies == GradientCopies::none) return 0;
  if (c.stack.gradient_copies == GradientCopies::all) return weight_bytes * (s.dense + s.experts);
  // One placeholder per shape of weight.
  const Model& m = c.model;
  double shapes = m.attention_parameters();
  if (s.dense_layers) shapes += m.mlp_parameters();
  if (s.expert_layers) shapes += m.router_parameters() - double(m.hidden) * double(m.experts->count);
  double bytes = shapes / double(c.plan.tp);
  if (s.expert_layers) bytes += m.expert_parameters() / double(m.experts->count) / double(c.plan.expert_tp);
  if (s.head) bytes += m.embedding_parameters() / double(c.plan.tp);
  return weight_bytes * bytes;
}

/// The most that is allocated beside weights, states and kept activations: at the loss, in a layer's backward pass,
/// or where sharded weights' last gradients are reduced.
double transient_bytes(const LayerContext& c, const Stage& s, double activations, bool sharded) {
  const double tokens = double(c.training.sequence) * double(c.plan.microbatch) / double(c.plan.cp);
  const double t = double(c.plan.tp), h = double(c.model.hidden);
  const double gradient = bytes_per_element(c.stack.gradient_precision);
  // Megatron's own loss: 16-bit logits and their fp32 copy, which becomes softmax and gradient in place.
  const double logit = c.stack.loss_memory_bytes ? c.stack.loss_memory_bytes->value : 6;
  double loss = 0;
  if (s.head) // logits; input and output of the last norm; the head's gathered input and its gradient
    loss = tokens * (logit * double(c.model.vocab) / t + element * h * (2 + 2 / (c.plan.sp ? t : 1)));
  const LayerKind kind = s.expert_layers ? LayerKind::experts : LayerKind::dense;
  double layer = backward_bytes(c, kind);
  const bool keeps = s.head && c.plan.pp > 1 && !c.stack.last_stage_recomputes; // its activations are counted already
  if (c.recompute == Recompute::full && !keeps) {
    LayerContext whole = c;
    whole.recompute = Recompute::none;
    layer += activation_bytes(whole, kind).count();
  }
  if (!sharded || c.training.frozen) return std::max(loss, layer);
  // FSDP: a layer's whole gradient and its copy for the reduction; the ends' stay until the pass is over.
  const double head = s.head && !c.model.tied_embeddings ? c.model.embedding_parameters() / t : 0;
  layer += (weight_bytes + gradient) * s.largest_layer + weight_bytes * head;
  return std::max({loss, layer, (weight_bytes + gradient) * s.ends - activations});
}

MemoryNeed need_of(const LayerContext& c, const std::vector<Chunk>& chunks, const std::vector<Slot>& slots,
                   std::int64_t stage) {
  const Stage s = stage_parts(c, chunks, stage);
  const double shard = double(c.plan.shard()), expert_shard = double(c.plan.expert_coupled());
  const double all = s.dense + s.experts;
  auto sharded = [&](bool on) { return on ? s.dense / shard + s.experts / expert_shard : all; };
  MemoryNeed need;
  need.stage = stage;
  const bool layerwise = c.plan.zero >= 3 && c.plan.pp == 1;
  // FSDP gathers two layers, and the ends for the whole pass; in a pipeline all gathered weights stay for the step.
  double gathered = all;
  if (layerwise) gathered = 2 * s.largest_layer + s.ends + (c.stack.low_precision_shard ? sharded(true) : 0);
  need.weights = Bytes(weight_bytes * gathered);
  const double gradient = bytes_per_element(c.stack.gradient_precision);
  // ZeRO-2 holds the chunk that accumulates and the one being reduced; the others whole buffers.
  const double held = layerwise ? 0 : c.plan.zero >= 2 ? std::min(all, 2 * s.largest) : all;
  if (!c.training.frozen) { // adapters are too small to count
    need.gradients =
        Bytes(gradient * (held + (c.plan.zero >= 2 ? sharded(true) : 0)) + (layerwise ? 0 : gradient_copies(c, s)));
    need.optimizer = Bytes(state_bytes(c.training.optimizer) * sharded(c.plan.zero >= 1));
  }
  // Without a flush microbatches in the pipeline still need the weights that they began with.
  if (c.plan.schedule == Schedule::async && c.plan.pp > 1) need.weights += Bytes(weight_bytes * all);
  const double activations = peak_activations(c, slots, s);
  need.activations = Bytes(activations);
  need.workspace = Bytes(c.stack.memory_reserve.value.count() + transient_bytes(c, s, activations, layerwise));
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
