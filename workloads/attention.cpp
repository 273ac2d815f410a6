// The attention block of a layer: grouped-query or latent, fused or unfused, over sliding windows, with its
// sequence dealt over context-parallel ranks.
#include "workloads/layer_builder.hpp"

namespace weft::workloads {
namespace {

constexpr double softmax_bytes_forward = 9; // per score of unfused attention: softmax, mask, dropout
constexpr double softmax_bytes_backward = 11;
constexpr double flash_backward_ratio = 2.5; // five matmuls backward, two forward

struct Widths { // per token on this rank
  double query, key, value;
  explicit Widths(const LayerBuilder& b) {
    const Model& m = b.model();
    query = m.query_width() / b.tp();
    value = m.value_width() / b.tp();
    key = query;
    if (!m.latent) {
      const double kv = std::max(1.0, double(m.kv_heads) / b.tp()) * double(m.head_dim);
      key = kv;
      value = query;
    }
  }
};

/// FLOP of both forward matmuls of attention on this rank over the pairs that are computed.
double attended_flops(const LayerBuilder& b) {
  const auto& c = b.context();
  const double s = double(c.training.sequence);
  const double pairs = s * s * c.model.attended_share(s) * double(c.plan.microbatch) / b.cp();
  return 2 * pairs * (c.model.query_width() + c.model.value_width()) / b.tp();
}
/// Causal work over cp ranks: dealt evenly, or the last rank does almost twice the mean.
double cp_factor(const LayerBuilder& b) {
  const auto& c = b.context();
  if (c.plan.cp == 1 || c.stack.cp_balanced || c.plan.cp_algorithm == ContextAlgorithm::all_to_all) return 1;
  return (2 * b.cp() - 1) / b.cp();
}

Kernel attention_kernel(const LayerBuilder& b, KernelKind kind) {
  const auto& c = b.context();
  Kernel k;
  k.kind = kind;
  k.head_dim = c.model.head_dim;
  const bool ring = c.plan.cp > 1 && c.plan.cp_algorithm == ContextAlgorithm::ring;
  k.sequence = ring ? c.training.sequence / c.plan.cp : c.training.sequence;
  k.launches = ring ? b.cp() : 1;
  return k;
}

/// Unfused: every score of s² is computed, stored and read back, whatever the mask or the window.
void unfused(LayerBuilder& b, double matmuls, double softmax_bytes) {
  if (!b.input_half()) return;
  const auto& c = b.context();
  const double s = double(c.training.sequence);
  Kernel k = attention_kernel(b, KernelKind::attention_matmul);
  const double both = 2 * s * s * double(c.plan.microbatch) / b.cp() * (c.model.query_width() + c.model.value_width()) /
                      b.tp(); // both matmuls over all pairs
  k.executed = Flops(both * matmuls / 2);
  k.launches = matmuls;
  const double scores = s * s * double(c.model.heads) / b.tp() * double(c.plan.microbatch) / b.cp();
  k.bytes = Bytes(matmuls * activation_element * scores); // each writes or reads the scores; queries and values are few
  const double causal = attended_flops(b) * (matmuls / 2);
  k.full_attention = Flops(causal);
  b.kernel(k, Flops(causal));
  b.streaming(softmax_bytes * scores);
}

void core_forward(LayerBuilder& b) {
  if (!b.context().stack.fused_softmax_attention) {
    unfused(b, 2, softmax_bytes_forward);
    return;
  }
  Kernel k = attention_kernel(b, KernelKind::attention);
  const double flops = attended_flops(b);
  k.executed = Flops(flops * cp_factor(b));
  k.full_attention = Flops(flops);
  b.kernel(k, Flops(flops));
}
void core_backward(LayerBuilder& b) {
  if (!b.input_half()) return;
  if (!b.context().stack.fused_softmax_attention) {
    unfused(b, 4, softmax_bytes_backward);
    return;
  }
  Kernel k = attention_kernel(b, KernelKind::attention_backward);
  const double flops = attended_flops(b);
  k.executed = Flops(flops * flash_backward_ratio * cp_factor(b));
  k.full_attention = Flops(flops * 2);
  b.kernel(k, Flops(flops * 2));
}

/// Context parallelism around the core: what travels before (and for all-to-all after) it.
void context_before(LayerBuilder& b, bool backward) {
  const auto& c = b.context();
  if (c.plan.cp == 1 || !b.input_half()) return;
  const Widths w(b);
  const double tokens = b.tokens() * b.cp(); // of the whole sequence
  const double kv = activation_element * tokens * (w.key + (c.model.latent ? w.value : w.key));
  switch (c.plan.cp_algorithm) {
  case ContextAlgorithm::ring: // backward: the blocks' gradients travel with them
    b.collective(LayerGroup::cp, CollectiveOp::all_gather, backward ? 2 * kv : kv, c.stack.overlap.context);
    break;
  case ContextAlgorithm::all_gather: b.collective(LayerGroup::cp, CollectiveOp::all_gather, kv); break;
  case ContextAlgorithm::all_to_all: {
    const double in = activation_element * b.tokens() * (w.query + w.key + (c.model.latent ? w.value : w.key));
    const double out = activation_element * b.tokens() * w.value;
    b.collective(LayerGroup::cp, CollectiveOp::all_to_all, backward ? out : in);
    break;
  }
  }
}
void context_after(LayerBuilder& b, bool backward) {
  const auto& c = b.context();
  if (c.plan.cp == 1 || !b.input_half()) return;
  const Widths w(b);
  const double kv_width = w.key + (c.model.latent ? w.value : w.key);
  if (c.plan.cp_algorithm == ContextAlgorithm::all_gather && backward)
    b.collective(LayerGroup::cp, CollectiveOp::reduce_scatter, activation_element * b.tokens() * b.cp() * kv_width);
  if (c.plan.cp_algorithm == ContextAlgorithm::all_to_all)
    b.collective(LayerGroup::cp, CollectiveOp::all_to_all,
                 activation_element * b.tokens() * (backward ? w.query + kv_width : w.value));
}

double latent_width(const LatentAttention& l) {
  return double(l.query_rank + l.kv_rank + l.rope_dim);
}
/// Up-projections of the latents to this rank's heads.
void latent_up(LayerBuilder& b) {
  const LatentAttention& l = *b.model().latent;
  const double heads = double(b.model().heads) / b.tp(), query = b.model().query_width() / b.tp();
  b.gemm(b.tokens(), double(l.query_rank > 0 ? l.query_rank : b.model().hidden), query);
  b.gemm(b.tokens(), double(l.kv_rank), heads * double(l.nope_dim + l.value_dim));
  b.elementwise(2 * activation_element * b.tokens() * (query + heads * double(l.nope_dim))); // rotary, concatenation
}

/// Width of what tp gathers before the up-projections: the latents, and the hidden state where queries skip them.
double latent_gathered(const LayerBuilder& b) {
  const LatentAttention& l = *b.model().latent;
  return latent_width(l) + (l.query_rank > 0 ? 0 : b.hidden());
}

void latent_forward(LayerBuilder& b) {
  const LatentAttention& l = *b.model().latent;
  b.gemm(b.own_tokens(), b.hidden(), latent_width(l)); // replicated over tp: each rank its own tokens
  b.elementwise(2 * activation_element * b.own_tokens() * latent_width(l));
  b.gather_input(latent_gathered(b));
  latent_up(b);
}
void latent_backward(LayerBuilder& b) {
  const LatentAttention& l = *b.model().latent;
  const double heads = double(b.model().heads) / b.tp(), query = b.model().query_width() / b.tp();
  b.elementwise(2 * activation_element * b.tokens() * (query + heads * double(l.nope_dim)));
  const double from = double(l.query_rank > 0 ? l.query_rank : b.model().hidden);
  b.data_gradient(b.tokens(), from, query);
  b.weight_gradient(b.tokens(), from, query);
  const double up = heads * double(l.nope_dim + l.value_dim);
  b.column_backward(double(l.kv_rank), up, latent_gathered(b)); // one gather and one reduction for both
  b.elementwise(3 * activation_element * b.own_tokens() * latent_width(l));
  b.data_gradient(b.own_tokens(), b.hidden(), latent_width(l));
  b.weight_gradient(b.own_tokens(), b.hidden(), latent_width(l));
}

} // namespace

void attention_forward(LayerBuilder& b) {
  const Widths w(b);
  b.norm(hidden_bytes_forward / 2);
  if (b.model().latent) {
    latent_forward(b);
  } else {
    b.gather_input(b.hidden());
    b.gemm(b.tokens(), b.hidden(), w.query + 2 * w.key);
  }
  context_before(b, false);
  core_forward(b);
  context_after(b, false);
  b.gemm(b.tokens(), w.value, b.hidden());
  if (!b.model().parallel_block) b.reduce_output(b.hidden());
}

void attention_backward(LayerBuilder& b) {
  const Widths w(b);
  if (b.model().parallel_block) { // the output gradient was gathered for the MLP beside it
    b.data_gradient(b.tokens(), w.value, b.hidden());
    b.weight_gradient(b.tokens(), w.value, b.hidden());
  } else {
    b.row_backward(w.value, b.hidden());
  }
  b.recomputation(true);
  if (b.repeats(RecomputePart::latent_up) && b.model().latent) latent_up(b);
  if (b.repeats(RecomputePart::every_second_matmul) && !b.model().latent && b.input_half())
    b.gemm(b.tokens(), b.hidden(), w.query + 2 * w.key);
  if (b.repeats(RecomputePart::core_attention) && b.input_half()) {
    context_before(b, false);
    core_forward(b);
  }
  b.recomputation(false);
  context_before(b, true);
  core_backward(b);
  context_after(b, true);
  if (b.model().latent)
    latent_backward(b);
  else
    b.column_backward(b.hidden(), w.query + 2 * w.key);
  b.norm(hidden_bytes_backward / 2);
}

} // namespace weft::workloads
