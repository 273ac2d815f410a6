#include "workloads/layer.hpp"

#include <algorithm>

namespace weft::workloads {
namespace {

constexpr double activation_element = 2; // bytes of a bf16 or fp16 activation
// Memory traffic of norms, residuals, dropout, rotary embedding and the MLP activation per token: byte counts
// of the unfused-but-compiled kernels, forward and backward (× hidden, × ffn).
constexpr double hidden_bytes_forward = 22;
constexpr double hidden_bytes_backward = 24;
constexpr double softmax_bytes_forward = 9; // per score of unfused attention: softmax, mask, dropout
constexpr double softmax_bytes_backward = 11;
constexpr double cross_entropy_backward_share = 0.6;
constexpr double flash_backward_ratio = 2.5; // five matmuls backward, two forward

/// Builds the work of one rank; keeps the numbers that every kernel needs.
class Builder {
public:
  explicit Builder(const LayerContext& c)
      : c_(c), t_(double(c.plan.tp)), tokens_(double(c.training.sequence) * double(c.plan.microbatch)),
        hidden_(double(c.model.hidden)) {
    sequence_parallel_ = c.plan.sp && c.plan.tp > 1;
    norm_share_ = sequence_parallel_ ? t_ : 1.0;
    local_heads_ = double(c.model.heads) / t_;
    local_kv_heads_ = std::max(1.0, double(c.model.kv_heads) / t_);
  }

  void recomputation(bool on) { recomputation_ = on; }
  Work take() { return std::move(work_); }

  void gemm(double inner, double outer, KernelKind kind = KernelKind::gemm) {
    Kernel k;
    k.kind = kind;
    k.executed = Flops(2 * tokens_ * inner * outer);
    k.bytes = Bytes(activation_element * (tokens_ * inner + inner * outer + tokens_ * outer));
    k.input_elements = tokens_ * (kind == KernelKind::gemm ? inner : outer);
    add(k, k.executed);
  }
  /// Data gradient and weight gradient of a linear that maps inner → outer on this rank.
  void data_gradient(double inner, double outer) { gemm(outer, inner); }
  void weight_gradient(double inner, double outer) {
    gemm(inner, outer, KernelKind::weight_gradient);
    const double w = c_.stack.wgrad_accumulation_bytes.value;
    if (w > 0) streaming(w * inner * outer);
  }

  void elementwise(double bytes) { memory(KernelKind::elementwise, bytes); }
  void streaming(double bytes) { memory(KernelKind::streaming, bytes); }
  void norm(double bytes_per_hidden) { elementwise(bytes_per_hidden * hidden_ * tokens_ / norm_share_); }

  void attention_forward() {
    if (!c_.stack.fused_softmax_attention) {
      unfused(2, softmax_bytes_forward);
      return;
    }
    Kernel k = attention(KernelKind::attention);
    k.executed = causal_attention();
    k.full_attention = k.executed;
    add(k, k.executed);
  }
  void attention_backward() {
    if (!c_.stack.fused_softmax_attention) {
      unfused(4, softmax_bytes_backward);
      return;
    }
    Kernel k = attention(KernelKind::attention_backward);
    k.executed = causal_attention() * flash_backward_ratio;
    k.full_attention = causal_attention() * 2;
    add(k, causal_attention() * 2);
  }

  void collective(CollectiveOp op, double bytes, bool beside_next, bool hideable, bool loss = false) {
    if (c_.plan.tp == 1) return;
    WorkStep step;
    step.is_collective = true;
    step.collective.op = op;
    step.collective.bytes = Bytes(bytes);
    step.collective.beside_next = beside_next;
    step.collective.hideable = hideable;
    step.collective.loss = loss;
    work_.push_back(step);
  }
  /// Before a column-parallel linear: with sequence parallelism its input is gathered.
  void gather_input() {
    if (sequence_parallel_) collective(CollectiveOp::all_gather, activation_buffer(), false, true);
  }
  /// After a row-parallel linear.
  void reduce_output() {
    collective(sequence_parallel_ ? CollectiveOp::reduce_scatter : CollectiveOp::all_reduce, activation_buffer(), false,
               true);
  }
  /// Backward of a column-parallel linear: the input was kept sharded, so it is gathered once more for the
  /// weight gradient; the input gradient is reduced while the weight gradient runs.
  void column_backward(double inner, double outer) {
    const Overlap& overlap = c_.stack.overlap;
    if (sequence_parallel_)
      collective(CollectiveOp::all_gather, activation_buffer(), overlap.tp_regather, !overlap.tp_regather);
    data_gradient(inner, outer);
    collective(sequence_parallel_ ? CollectiveOp::reduce_scatter : CollectiveOp::all_reduce, activation_buffer(),
               overlap.tp_input_gradient, !overlap.tp_input_gradient);
    weight_gradient(inner, outer);
  }
  /// Backward of a row-parallel linear: with sequence parallelism its output gradient is gathered first.
  void row_backward(double inner, double outer) {
    gather_input();
    data_gradient(inner, outer);
    weight_gradient(inner, outer);
  }

  [[nodiscard]] double activation_buffer() const { return activation_element * tokens_ * hidden_; }
  [[nodiscard]] double qkv_width() const { return (local_heads_ + 2 * local_kv_heads_) * double(c_.model.head_dim); }
  [[nodiscard]] double attention_width() const { return local_heads_ * double(c_.model.head_dim); }
  [[nodiscard]] double up_width() const { return (c_.model.gated_mlp ? 2.0 : 1.0) * ffn(); }
  [[nodiscard]] double ffn() const { return double(c_.model.ffn) / t_; }
  [[nodiscard]] double vocab() const { return double(c_.model.vocab) / t_; }
  [[nodiscard]] double hidden() const { return hidden_; }
  [[nodiscard]] double tokens() const { return tokens_; }
  [[nodiscard]] const LayerContext& context() const { return c_; }

private:
  [[nodiscard]] Flops causal_attention() const { // both matmuls over half of the s² scores
    const double s = double(c_.training.sequence);
    return Flops(2 * s * s * attention_width() * double(c_.plan.microbatch));
  }
  [[nodiscard]] Kernel attention(KernelKind kind) const {
    Kernel k;
    k.kind = kind;
    k.sequence = c_.training.sequence;
    k.head_dim = c_.model.head_dim;
    return k;
  }
  void unfused(double matmuls, double softmax_bytes) {
    const double s = double(c_.training.sequence);
    Kernel k = attention(KernelKind::attention_matmul);
    k.executed = causal_attention() * matmuls; // all of s², one matmul is s²·d·2
    k.full_attention = causal_attention() * (matmuls / 2);
    add(k, causal_attention() * (matmuls / 2));
    streaming(softmax_bytes * s * s * local_heads_ * double(c_.plan.microbatch));
  }
  void memory(KernelKind kind, double bytes) {
    Kernel k;
    k.kind = kind;
    k.bytes = Bytes(bytes);
    add(k, Flops(0));
  }
  void add(Kernel k, Flops useful) {
    k.recomputation = recomputation_;
    k.useful = recomputation_ ? Flops(0) : useful;
    if (recomputation_) k.full_attention = Flops(0);
    WorkStep step;
    step.kernel = k;
    work_.push_back(step);
  }

  const LayerContext& c_;
  double t_, tokens_, hidden_, norm_share_ = 1, local_heads_ = 0, local_kv_heads_ = 0;
  bool sequence_parallel_ = false, recomputation_ = false;
  Work work_;
};

void forward(Builder& b) {
  const bool gated = b.context().model.gated_mlp;
  b.norm(hidden_bytes_forward / 2);
  b.gather_input();
  b.gemm(b.hidden(), b.qkv_width());
  b.attention_forward();
  b.gemm(b.attention_width(), b.hidden());
  b.reduce_output();
  b.norm(hidden_bytes_forward / 2);
  b.gather_input();
  b.gemm(b.hidden(), b.up_width());
  b.elementwise((gated ? 6 : 4) * b.ffn() * b.tokens());
  b.gemm(b.ffn(), b.hidden());
  b.reduce_output();
}

} // namespace

namespace {

bool is_matmul(const Work& work, std::size_t at) {
  if (at >= work.size() || work[at].is_collective) return false;
  return work[at].kernel.kind == KernelKind::gemm || work[at].kernel.kind == KernelKind::weight_gradient;
}

} // namespace

Work split_hidden(const Work& work, double hidden_share) {
  if (hidden_share <= 0) return work;
  Work out;
  for (std::size_t i = 0; i < work.size(); ++i) {
    const TpCollective& c = work[i].collective;
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

Work layer_forward(const LayerContext& context) {
  Builder b(context);
  forward(b);
  return b.take();
}

Work layer_backward(const LayerContext& context) {
  Builder b(context);
  const bool gated = context.model.gated_mlp;
  if (context.recompute == Recompute::full) {
    b.recomputation(true);
    forward(b);
    b.recomputation(false);
  }
  b.row_backward(b.ffn(), b.hidden());
  b.elementwise((gated ? 10 : 6) * b.ffn() * b.tokens());
  b.column_backward(b.hidden(), b.up_width());
  b.norm(hidden_bytes_backward / 2);
  b.row_backward(b.attention_width(), b.hidden());
  if (context.recompute == Recompute::selective) {
    b.recomputation(true);
    b.attention_forward();
    b.recomputation(false);
  }
  b.attention_backward();
  b.column_backward(b.hidden(), b.qkv_width());
  b.norm(hidden_bytes_backward / 2);
  return b.take();
}

Work embedding_forward(const LayerContext& context) {
  Builder b(context);
  b.elementwise(2 * b.activation_buffer()); // read the rows, write the activations
  b.reduce_output();
  return b.take();
}

Work embedding_backward(const LayerContext& context) {
  Builder b(context);
  b.gather_input();
  b.streaming(3 * b.activation_buffer()); // read the gradient, read and write the rows it is added to
  return b.take();
}

Work head_forward(const LayerContext& context) {
  Builder b(context);
  b.norm(4);
  b.gather_input();
  b.gemm(b.hidden(), b.vocab());
  b.streaming(context.stack.cross_entropy_bytes.value * b.vocab() * b.tokens());
  for (int i = 0; i < 3; ++i) // maximum, sum and the label's logit over the vocabulary shards, fp32
    b.collective(CollectiveOp::all_reduce, 4 * b.tokens(), false, false, true);
  return b.take();
}

Work head_backward(const LayerContext& context) {
  Builder b(context);
  b.streaming(cross_entropy_backward_share * context.stack.cross_entropy_bytes.value * b.vocab() * b.tokens());
  b.column_backward(b.hidden(), b.vocab());
  b.norm(6);
  return b.take();
}

ModelFlops model_flops(const Model& model, const Training& training) {
  const double layers = double(model.layers);
  const double tokens = training.tokens();
  const double matmul =
      layers * (model.attention_parameters() + model.mlp_parameters()) + double(model.vocab) * double(model.hidden);
  // Both attention matmuls over s² scores of every head, forward and twice that backward.
  const double square =
      3 * 4 * layers * tokens * double(training.sequence) * double(model.heads) * double(model.head_dim);
  const double head = double(model.vocab) * double(model.hidden);
  const double non_embedding = model.parameters() - (model.tied_embeddings ? head : 2 * head);
  return {Flops(6 * matmul * tokens + square / 2), Flops(6 * matmul * tokens + square),
          Flops(6 * (non_embedding + head) * tokens + square / 2)};
}

} // namespace weft::workloads
