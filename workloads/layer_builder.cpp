#include "workloads/layer_builder.hpp"

namespace weft::workloads {

LayerBuilder::LayerBuilder(const LayerContext& context, BackwardPart part)
    : c_(context), part_(part),
      tokens_(double(context.training.sequence) * double(context.plan.microbatch) / double(context.plan.cp)) {
  if (sequence_parallel()) shared_ = tp();
}

void LayerBuilder::gemm(double rows, double inner, double outer) {
  if (!input_half()) return;
  Kernel k;
  k.kind = KernelKind::gemm;
  k.executed = Flops(2 * rows * inner * outer);
  k.bytes = Bytes(activation_element * (rows * inner + inner * outer + rows * outer));
  k.input_elements = rows * inner;
  kernel(k, k.executed);
}
void LayerBuilder::data_gradient(double rows, double inner, double outer) {
  gemm(rows, outer, inner);
}
void LayerBuilder::weight_gradient(double rows, double inner, double outer) {
  if (!weight_half() || c_.training.frozen) return;
  Kernel k;
  k.kind = KernelKind::weight_gradient;
  k.executed = Flops(2 * rows * inner * outer);
  k.bytes = Bytes(activation_element * (rows * inner + inner * outer + rows * outer));
  k.input_elements = rows * outer;
  kernel(k, k.executed);
  if (const double w = c_.stack.wgrad_accumulation_bytes.value; w > 0) {
    Kernel add;
    add.kind = KernelKind::streaming;
    add.bytes = Bytes(w * inner * outer);
    kernel(add, Flops(0));
  }
}

/// Copies that fill experts up to their capacity, or are dropped, are work that no token asked for.
double LayerBuilder::filled_up() const {
  return model().experts->capacity > 0 ? model().experts->capacity : 1;
}

void LayerBuilder::grouped_gemm(double rows, double experts, double inner, double outer) {
  if (!input_half()) return;
  Kernel k;
  k.kind = KernelKind::grouped_gemm;
  k.executed = Flops(2 * rows * inner * outer);
  k.bytes = Bytes(activation_element * (rows * inner + experts * inner * outer + rows * outer));
  k.input_elements = rows * inner;
  k.rows = rows / experts;
  kernel(k, k.executed * (1 / filled_up()));
}
void LayerBuilder::grouped_backward(double rows, double experts, double inner, double outer) {
  grouped_gemm(rows, experts, outer, inner);
  if (!weight_half() || c_.training.frozen) return;
  Kernel k;
  k.kind = KernelKind::grouped_weight_gradient;
  k.executed = Flops(2 * rows * inner * outer);
  k.bytes = Bytes(activation_element * (rows * inner + rows * outer));
  k.rows = rows / experts;
  kernel(k, k.executed * (1 / filled_up()));
  // The contraction over few tokens is short: the fp32 gradient is read and written at memory speed, not hidden.
  constexpr double gradient_bytes = 8;
  Kernel add;
  add.kind = KernelKind::streaming;
  add.bytes = Bytes(gradient_bytes * experts * inner * outer);
  kernel(add, Flops(0));
}

void LayerBuilder::elementwise(double bytes) {
  if (!input_half() || bytes <= 0) return;
  Kernel k;
  k.kind = KernelKind::elementwise;
  k.bytes = Bytes(bytes);
  kernel(k, Flops(0));
}
void LayerBuilder::streaming(double bytes) {
  if (!input_half()) return;
  Kernel k;
  k.kind = KernelKind::streaming;
  k.bytes = Bytes(bytes);
  kernel(k, Flops(0));
}
void LayerBuilder::norm(double bytes_per_hidden) {
  elementwise(bytes_per_hidden * hidden() * own_tokens());
}
void LayerBuilder::kernel(Kernel k, Flops useful) {
  k.recomputation = recomputation_;
  k.useful = recomputation_ ? Flops(0) : useful;
  if (recomputation_) k.full_attention = Flops(0);
  WorkStep step;
  step.kernel = k;
  work_.push_back(step);
}

void LayerBuilder::collective(LayerGroup group, CollectiveOp op, double bytes, bool beside_next, bool hideable) {
  const auto& plan = c_.plan;
  const std::int64_t ranks = group == LayerGroup::cp ? plan.cp : group == LayerGroup::ep ? plan.ep : plan.tp;
  if (ranks == 1) return;
  WorkStep step;
  step.is_collective = true;
  step.collective.op = op;
  step.collective.group = group;
  step.collective.bytes = Bytes(bytes);
  step.collective.beside_next = beside_next;
  step.collective.hideable = hideable;
  work_.push_back(step);
}
void LayerBuilder::gather_input(double width) {
  if (!input_half() || !sequence_parallel()) return;
  collective(LayerGroup::tp, CollectiveOp::all_gather, gathered_element() * tokens_ * width, false, true);
}
void LayerBuilder::reduce_output(double width) {
  if (!input_half()) return;
  collective(LayerGroup::tp, sequence_parallel() ? CollectiveOp::reduce_scatter : CollectiveOp::all_reduce,
             activation_element * tokens_ * width, false, true);
}
void LayerBuilder::column_backward(double inner, double outer, double gathered) {
  const double width = gathered > 0 ? gathered : inner;
  const Overlap& overlap = c_.stack.overlap;
  const bool whole = part_ == BackwardPart::both && trains();
  if (gathers_again()) {
    const bool beside = whole && overlap.tp_regather;
    collective(LayerGroup::tp, CollectiveOp::all_gather, gathered_element() * tokens_ * width, beside, !beside);
  }
  data_gradient(tokens_, inner, outer);
  if (input_half()) {
    const bool beside = whole && overlap.tp_input_gradient;
    collective(LayerGroup::tp, sequence_parallel() ? CollectiveOp::reduce_scatter : CollectiveOp::all_reduce,
               activation_element * tokens_ * width, beside, !beside);
  }
  weight_gradient(tokens_, inner, outer);
}
void LayerBuilder::row_backward(double inner, double outer) {
  gather_input(outer);
  data_gradient(tokens_, inner, outer);
  weight_gradient(tokens_, inner, outer);
}

} // namespace weft::workloads
