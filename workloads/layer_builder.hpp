#pragma once
// Collects the kernels and collectives of one rank's layer in order. Used by the files that spell out attention,
// MLP and experts; everyone else sees layer.hpp.

#include "workloads/layer.hpp"

#include <algorithm>

namespace weft::workloads {

inline constexpr double activation_element = 2; // bytes of a bf16 or fp16 activation
// Memory traffic of norms, residuals, dropout, rotary embedding and the MLP activation per token: byte counts
// of the unfused-but-compiled kernels, forward and backward (× hidden, × ffn).
inline constexpr double hidden_bytes_forward = 22;
inline constexpr double hidden_bytes_backward = 24;

class LayerBuilder {
public:
  LayerBuilder(const LayerContext& context, BackwardPart part = BackwardPart::both);

  void recomputation(bool on) { recomputation_ = on; }
  void sixteen_bit() { sixteen_bit_ = true; } ///< embedding, head and projections beside them are not cast
  Work take() { return std::move(work_); }

  // --- kernels ---------------------------------------------------------------------------------------
  /// rows × inner times inner × outer.
  void gemm(double rows, double inner, double outer);
  void data_gradient(double rows, double inner, double outer); ///< of a linear that maps inner → outer
  void weight_gradient(double rows, double inner, double outer);
  /// The local experts' matmuls: `rows` tokens in all, over `experts` experts.
  void grouped_gemm(double rows, double experts, double inner, double outer);
  void grouped_backward(double rows, double experts, double inner, double outer);
  void elementwise(double bytes); ///< left out of the weight half, like everything that is no weight gradient
  void streaming(double bytes);
  void norm(double bytes_per_hidden);
  void kernel(Kernel kernel, Flops useful);

  // --- collectives -----------------------------------------------------------------------------------
  void collective(LayerGroup group, CollectiveOp op, double bytes, bool beside_next = false, bool hideable = false);
  /// Before a column-parallel linear: with sequence parallelism its input, `width` per token, is gathered.
  void gather_input(double width);
  /// After a row-parallel linear.
  void reduce_output(double width);
  /// Backward of a column-parallel linear: an input kept sharded is gathered once more for the weight gradient; the
  /// input gradient is reduced while the weight gradient runs.
  /// `gathered`: width of what is gathered and reduced, where it is not `inner`.
  void column_backward(double inner, double outer, double gathered = 0);
  /// Backward of a row-parallel linear: with sequence parallelism its output gradient is gathered first.
  void row_backward(double inner, double outer);

  // --- sizes on this rank ----------------------------------------------------------------------------
  [[nodiscard]] const LayerContext& context() const { return c_; }
  [[nodiscard]] const Model& model() const { return c_.model; }
  [[nodiscard]] double tp() const { return double(c_.plan.tp); }
  [[nodiscard]] double cp() const { return double(c_.plan.cp); }
  [[nodiscard]] double tokens() const { return tokens_; }               ///< of a microbatch, after cp
  [[nodiscard]] double own_tokens() const { return tokens_ / shared_; } ///< after sequence parallelism too
  [[nodiscard]] double hidden() const { return double(c_.model.hidden); }
  [[nodiscard]] double ffn() const { return double(c_.model.ffn) / tp(); }
  [[nodiscard]] double vocab() const { return double(c_.model.vocab) / tp(); }
  [[nodiscard]] double gates() const { return c_.model.gated_mlp ? 2 : 1; }
  [[nodiscard]] bool sequence_parallel() const { return c_.plan.sp && c_.plan.tp > 1; }
  [[nodiscard]] bool input_half() const { return part_ != BackwardPart::weight; }
  [[nodiscard]] bool weight_half() const { return part_ != BackwardPart::input; }
  /// Bytes of an element that tp gathers.
  [[nodiscard]] double gathered_element() const {
    const double cast = bytes_per_element(c_.training.precision);
    return c_.stack.tp_low_precision && !sixteen_bit_ ? std::min(cast, activation_element) : activation_element;
  }
  [[nodiscard]] bool trains() const { return !c_.training.frozen; }
  /// Whether the backward of a linear gathers its input once more.
  [[nodiscard]] bool gathers_again() const {
    return sequence_parallel() && weight_half() && trains() && !c_.stack.tp_keeps_gathered;
  }
  [[nodiscard]] bool repeats(RecomputePart part) const {
    return c_.recompute == Recompute::selective && c_.plan.recomputes(part);
  }

private:
  [[nodiscard]] double filled_up() const;
  const LayerContext& c_;
  BackwardPart part_;
  double tokens_ = 0, shared_ = 1;
  bool recomputation_ = false, sixteen_bit_ = false;
  Work work_;
};

// The blocks of a layer, forward and backward.
void attention_forward(LayerBuilder& b);
void attention_backward(LayerBuilder& b);
void mlp_forward(LayerBuilder& b);
void mlp_backward(LayerBuilder& b);
void experts_forward(LayerBuilder& b);
void experts_backward(LayerBuilder& b);

} // namespace weft::workloads
