// The other half of a layer: a plain MLP, or a router with experts.
#include "workloads/layer_builder.hpp"

namespace weft::workloads {
namespace {

// Traffic of the activation between the matmuls, bytes per inner element: gated (SwiGLU) and plain (GELU).
double activation_bytes_forward(const LayerBuilder& b) {
  return b.model().gated_mlp ? 6 : 4;
}
double activation_bytes_backward(const LayerBuilder& b) {
  return b.model().gated_mlp ? 10 : 6;
}

void matmuls_forward(LayerBuilder& b, double inner) {
  b.gemm(b.tokens(), b.hidden(), b.gates() * inner);
  b.elementwise(activation_bytes_forward(b) * inner * b.tokens());
  b.gemm(b.tokens(), inner, b.hidden());
}

/// What one rank's experts see of a microbatch.
struct Load {
  double own = 0;     ///< token copies that this rank sends out, at balanced routing
  double rows = 0;    ///< rows that its experts multiply
  double experts = 0; ///< of this rank
  double inner = 0;   ///< expert width on this rank
  explicit Load(const LayerBuilder& b) {
    const Experts& e = *b.model().experts;
    const auto& plan = b.context().plan;
    const double uneven = e.capacity > 0 ? e.capacity : b.context().expert_load;
    // Without ep every rank of a tp group works on all of the group's tokens with its slice of every expert,
    // unless sequence parallelism gives it its own.
    own = b.own_tokens() * double(e.top_k);
    rows = own * uneven * double(plan.expert_tp);
    experts = double(e.count) / double(plan.ep);
    inner = double(e.ffn) / double(plan.expert_tp);
  }
};

double dispatch_bytes(const LayerBuilder& b, const Load& load, Precision precision) {
  const Experts& e = *b.model().experts;
  return load.own * (e.capacity > 0 ? e.capacity : 1) * b.hidden() * bytes_per_element(precision);
}

/// To the experts, and back from them.
void dispatch(LayerBuilder& b, const Load& load) {
  if (!b.input_half()) return;
  const double bytes = dispatch_bytes(b, load, b.context().stack.dispatch_precision);
  b.collective(LayerGroup::ep, CollectiveOp::all_to_all, bytes);
}
void combine(LayerBuilder& b, const Load& load) {
  if (!b.input_half()) return;
  b.collective(LayerGroup::ep, CollectiveOp::all_to_all_back, dispatch_bytes(b, load, Precision::bf16));
}
/// Copies of tokens written expert by expert and read back: (1 + k)·T·h twice over; a plain dispatcher does it
/// in two passes.
void permute(LayerBuilder& b, const Load& load) {
  const double passes = b.context().stack.dispatcher == Dispatcher::plain ? 2 : 1;
  b.elementwise(passes * activation_element * (b.own_tokens() + load.own) * b.hidden());
}
/// Experts split over tp see the tokens of all tp ranks; priced as the busiest ones'.
void expert_tp(LayerBuilder& b, const Load& load, CollectiveOp op) {
  const Experts& e = *b.model().experts;
  const double rows = load.own * (e.capacity > 0 ? e.capacity : e.skew) * double(b.context().plan.expert_tp);
  if (b.context().plan.expert_tp > 1 && b.input_half())
    b.collective(LayerGroup::tp, op, activation_element * rows * b.hidden());
}

/// Biases of experts weighed by the router's fp32 probabilities, as Megatron-Core's TEGroupedMLP adds them: product
/// (written 4), sum (read 6, written 4), joined (read 4, written 4), cast (read 4, written 2); backward the cast (6),
/// the sum (6), and for the gradients of bias and of probability a product and a sum each (12).
void expert_bias(LayerBuilder& b, const Load& load, bool backward) {
  constexpr double bytes_forward = 28, bytes_backward = 36;
  if (!b.model().experts->bias || b.context().stack.fused_expert_bias) return;
  b.elementwise((backward ? bytes_backward : bytes_forward) * b.hidden() * load.rows);
}

void routed_forward(LayerBuilder& b, const Load& load) {
  permute(b, load);
  dispatch(b, load);
  expert_tp(b, load, CollectiveOp::all_gather);
  b.grouped_gemm(load.rows, load.experts, b.hidden(), b.gates() * load.inner);
  b.elementwise(activation_bytes_forward(b) * load.inner * load.rows);
  b.grouped_gemm(load.rows, load.experts, load.inner, b.hidden());
  expert_bias(b, load, false);
  expert_tp(b, load, CollectiveOp::reduce_scatter);
  combine(b, load);
  permute(b, load);
}

void shared_forward(LayerBuilder& b) {
  const Experts& e = *b.model().experts;
  if (e.shared_ffn == 0) return;
  b.gather_input(b.hidden());
  matmuls_forward(b, double(e.shared_ffn) / b.tp());
  b.reduce_output(b.hidden());
}

} // namespace

std::vector<double> expert_loads(const Model& model, const Plan& plan) {
  if (!model.experts || model.experts->capacity > 0 || model.experts->skew == 1 || plan.ep == 1) return {1};
  const auto n = double(plan.ep);
  return {(n - model.experts->skew) / (n - 1), model.experts->skew};
}

void mlp_forward(LayerBuilder& b) {
  if (!b.model().parallel_block) { // else the input is attention's, gathered already
    b.norm(hidden_bytes_forward / 2);
    b.gather_input(b.hidden());
  }
  matmuls_forward(b, b.ffn());
  b.reduce_output(b.hidden());
}

void mlp_backward(LayerBuilder& b) {
  b.recomputation(true);
  const double inner = b.ffn();
  if (b.repeats(RecomputePart::mlp)) {          // a checkpoint repeats its whole module
    const bool own = !b.model().parallel_block; // else input and output are attention's too
    if (own) b.gather_input(b.hidden());
    matmuls_forward(b, inner);
    if (own) b.reduce_output(b.hidden());
  }
  if (b.input_half() && b.repeats(RecomputePart::every_second_matmul))
    b.gemm(b.tokens(), b.hidden(), b.gates() * inner);
  if (b.repeats(RecomputePart::activation) || b.repeats(RecomputePart::every_second_matmul))
    b.elementwise(activation_bytes_forward(b) * inner * b.tokens());
  if (b.repeats(RecomputePart::norms) || b.repeats(RecomputePart::every_second_matmul)) b.norm(hidden_bytes_forward);
  b.recomputation(false);
  b.row_backward(inner, b.hidden());
  b.elementwise(activation_bytes_backward(b) * inner * b.tokens());
  if (b.model().parallel_block) { // one reduction of the input gradient, attention's
    b.data_gradient(b.tokens(), b.hidden(), b.gates() * inner);
    b.weight_gradient(b.tokens(), b.hidden(), b.gates() * inner);
    return;
  }
  b.column_backward(b.hidden(), b.gates() * inner);
  b.norm(hidden_bytes_backward / 2);
}

void experts_forward(LayerBuilder& b) {
  const Load load(b);
  const Experts& e = *b.model().experts;
  b.norm(hidden_bytes_forward / 2);
  b.gemm(b.own_tokens(), b.hidden(), double(e.count));
  routed_forward(b, load);
  shared_forward(b);
}

void experts_backward(LayerBuilder& b) {
  const Load load(b);
  const Experts& e = *b.model().experts;
  b.recomputation(true);
  if (b.repeats(RecomputePart::norms)) b.norm(hidden_bytes_forward);
  const double shared = double(e.shared_ffn) / b.tp();
  if (b.repeats(RecomputePart::experts) && b.input_half()) { // router, dispatch, experts, combine, shared experts
    b.gemm(b.own_tokens(), b.hidden(), double(e.count));
    routed_forward(b, load);
    shared_forward(b);
  } else if (b.repeats(RecomputePart::activation))
    b.elementwise(activation_bytes_forward(b) * load.inner * load.rows);
  if (b.repeats(RecomputePart::mlp) && !b.repeats(RecomputePart::experts)) shared_forward(b);
  b.recomputation(false);
  if (shared > 0) {
    b.row_backward(shared, b.hidden());
    b.elementwise(activation_bytes_backward(b) * shared * b.tokens());
    b.column_backward(b.hidden(), b.gates() * shared);
  }
  permute(b, load);
  dispatch(b, load); // backward of combine: gradients
  expert_tp(b, load, CollectiveOp::all_gather);
  expert_bias(b, load, true);
  b.grouped_backward(load.rows, load.experts, load.inner, b.hidden());
  b.elementwise(activation_bytes_backward(b) * load.inner * load.rows);
  b.grouped_backward(load.rows, load.experts, b.hidden(), b.gates() * load.inner);
  expert_tp(b, load, CollectiveOp::reduce_scatter);
  combine(b, load); // backward of dispatch
  permute(b, load);
  b.data_gradient(b.own_tokens(), b.hidden(), double(e.count));
  b.weight_gradient(b.own_tokens(), b.hidden(), double(e.count));
  b.norm(hidden_bytes_backward / 2);
}

} // namespace weft::workloads
