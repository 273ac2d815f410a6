#include "workloads/layer.hpp"

#include "workloads/layer_builder.hpp"

#include <algorithm>
#include <cmath>

namespace weft::workloads {
namespace {

constexpr double cross_entropy_backward_share = 0.6;

bool is_matmul(const Work& work, std::size_t at) {
  if (at >= work.size() || work[at].is_collective) return false;
  return work[at].kernel.kind == KernelKind::gemm || work[at].kernel.kind == KernelKind::weight_gradient;
}

void forward(LayerBuilder& b, LayerKind kind) {
  attention_forward(b);
  if (kind == LayerKind::dense)
    mlp_forward(b);
  else
    experts_forward(b);
}

/// What full recomputation repeats: all of it, or (early stop) up to the inputs of the last matmul.
Work repeated(const LayerContext& context, LayerKind kind) {
  LayerBuilder b(context);
  b.recomputation(true);
  forward(b, kind);
  Work work = b.take();
  if (context.stack.recompute_early_stop) {
    while (!work.empty() && (work.back().is_collective || work.back().kernel.executed.count() == 0))
      work.pop_back();
    if (!work.empty()) work.pop_back();
  }
  return work;
}

} // namespace

Work split_hidden(const Work& work, double hidden_share) {
  if (hidden_share <= 0) return work;
  Work out;
  for (std::size_t i = 0; i < work.size(); ++i) {
    const LayerCollective& c = work[i].collective;
    // A gather feeds the next matmul, a reduction drains the one before it.
    const bool feeds = c.op == CollectiveOp::all_gather;
    const bool partner = feeds ? is_matmul(work, i + 1) : i > 0 && is_matmul(work, i - 1);
    if (!work[i].is_collective || !c.hideable || !partner) {
      out.push_back(work[i]);
      continue;
    }
    WorkStep rest = work[i], inside = work[i];
    rest.collective.share = 1 - hidden_share;
    inside.collective.share = hidden_share;
    inside.collective.beside_next = inside.collective.hidden = true;
    if (feeds) {
      out.push_back(rest);
      out.push_back(inside);
    } else {
      out.insert(out.end() - 1, inside);
      out.push_back(rest);
    }
  }
  return out;
}

Work layer_forward(const LayerContext& context, LayerKind kind) {
  LayerBuilder b(context);
  forward(b, kind);
  return b.take();
}

Work layer_backward(const LayerContext& context, LayerKind kind, BackwardPart part) {
  Work out;
  if (context.recompute == Recompute::full && part != BackwardPart::weight) out = repeated(context, kind);
  LayerBuilder b(context, part);
  if (kind == LayerKind::dense)
    mlp_backward(b);
  else
    experts_backward(b);
  attention_backward(b);
  const Work rest = b.take();
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

Work embedding_forward(const LayerContext& context) {
  LayerBuilder b(context);
  b.sixteen_bit();
  const double buffer = activation_element * b.tokens() * b.hidden();
  b.elementwise(2 * buffer); // read the rows, write the activations
  b.reduce_output(b.hidden());
  return b.take();
}

Work embedding_backward(const LayerContext& context) {
  LayerBuilder b(context);
  b.sixteen_bit();
  const double buffer = activation_element * b.tokens() * b.hidden();
  b.gather_input(b.hidden());
  b.streaming(3 * buffer); // read the gradient, read and write the rows it is added to
  return b.take();
}

Work head_forward(const LayerContext& context) {
  LayerBuilder b(context);
  b.sixteen_bit();
  b.norm(4);
  b.gather_input(b.hidden());
  b.gemm(b.tokens(), b.hidden(), b.vocab());
  b.streaming(context.stack.cross_entropy_bytes.value * b.vocab() * b.tokens());
  for (int i = 0; i < 3; ++i) // maximum, sum and the label's logit over the vocabulary shards, fp32
    b.collective(LayerGroup::loss, CollectiveOp::all_reduce, 4 * b.tokens());
  return b.take();
}

Work head_backward(const LayerContext& context, BackwardPart part) {
  LayerBuilder b(context, part);
  b.sixteen_bit();
  b.streaming(cross_entropy_backward_share * context.stack.cross_entropy_bytes.value * b.vocab() * b.tokens());
  b.column_backward(b.hidden(), b.vocab());
  b.norm(6);
  return b.take();
}

Work boundary_gather(const LayerContext& context) {
  LayerBuilder b(context);
  b.collective(LayerGroup::tp, CollectiveOp::all_gather, activation_element * b.tokens() * b.hidden());
  return b.take();
}

Work mtp_forward(const LayerContext& context) {
  LayerBuilder b(context);
  b.sixteen_bit();
  b.norm(hidden_bytes_forward);
  b.gather_input(2 * b.hidden());
  b.gemm(b.tokens(), 2 * b.hidden(), b.hidden() / b.tp());
  return b.take();
}

Work mtp_backward(const LayerContext& context, BackwardPart part) {
  LayerBuilder b(context, part);
  b.sixteen_bit();
  b.column_backward(2 * b.hidden(), b.hidden() / b.tp());
  b.norm(hidden_bytes_backward);
  return b.take();
}

double dispatch_share(const Model& model, const Stack& stack, std::int64_t domains) {
  if (!model.experts || stack.dispatcher == Dispatcher::plain || domains <= 1) return 1;
  const double d = double(domains), k = double(model.experts->top_k);
  // Expected number of distinct domains, its own left out, that k random experts lie in; node-limited routing
  // caps the domains that a token visits.
  double distinct = (d - 1) * (1 - std::pow(1 - 1 / d, k));
  if (model.experts->groups > 1) distinct = std::min(distinct, double(model.experts->limited_groups) * (d - 1) / d);
  return distinct / (k * (d - 1) / d);
}

ModelFlops model_flops(const Model& model, const Training& training) {
  const double tokens = training.tokens(), s = double(training.sequence);
  const double head = model.embedding_parameters();
  double matmul = head * double(1 + model.mtp_depth);
  for (std::int64_t i = 0; i < model.layers + model.mtp_depth; ++i)
    matmul += model.active_parameters(model.kind(i));
  matmul += double(model.mtp_depth) * model.mtp_projection_parameters();
  // Both attention matmuls over the attended pairs of every head, forward and twice that backward.
  const double layers = double(model.layers + model.mtp_depth);
  const double attention =
      3 * 2 * layers * tokens * s * model.attended_share(s) * (model.query_width() + model.value_width());
  // The other way: from the parameter count, routed experts that a token does not visit taken out.
  double idle = 0;
  if (model.experts)
    idle = double(model.expert_layers()) * model.expert_parameters() *
           (1 - double(model.experts->top_k) / double(model.experts->count));
  const double look_up = (model.tied_embeddings ? 0 : head) + double(model.positions) * double(model.hidden);
  const double n = model.parameters() - look_up - idle;
  double mtp = double(model.mtp_depth) * (head + model.mtp_projection_parameters());
  for (std::int64_t i = 0; i < model.mtp_depth; ++i)
    mtp += model.active_parameters(model.kind(model.layers + i));
  const double per_weight = training.frozen ? 4 : 6; // forward and data gradient only
  return {Flops(per_weight * matmul * tokens + attention), Flops(per_weight * matmul * tokens + 2 * attention),
          Flops(per_weight * (n + mtp) * tokens + attention)};
}

double muon_flops(const Model& model, LayerKind kind) {
  // Five Newton-Schulz steps (the iteration count of the reference implementation), each 4·m·n² + 2·n³ FLOP for a
  // matrix of m × n, n the shorter side.
  auto steps = [](double a, double b) {
    const double m = std::max(a, b), n = std::min(a, b);
    return 5 * (4 * m * n * n + 2 * n * n * n);
  };
  const double h = double(model.hidden), gates = model.gated_mlp ? 2 : 1;
  double out = steps(h, model.value_width());
  if (const auto& l = model.latent) {
    const double q = double(l->query_rank), kv = double(l->kv_rank);
    out += steps(h, q + kv + double(l->rope_dim)) + steps(q > 0 ? q : h, model.query_width()) +
           steps(kv, double(model.heads) * double(l->nope_dim + l->value_dim));
  } else {
    out += steps(h, model.query_width()) + 2 * steps(h, double(model.kv_heads) * double(model.head_dim));
  }
  if (kind == LayerKind::dense) return out + (gates + 1) * steps(h, double(model.ffn));
  const Experts& e = *model.experts;
  return out + double(e.count) * (gates + 1) * steps(h, double(e.ffn)) +
         (e.shared_ffn > 0 ? (gates + 1) * steps(h, double(e.shared_ffn)) : 0);
}

} // namespace weft::workloads
