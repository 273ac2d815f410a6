#include "sim/kernel.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace weft::sim {

using workloads::KernelKind;

double total(const Breakdown& breakdown) {
  return std::accumulate(breakdown.begin(), breakdown.end(), 0.0);
}

Result<KernelPricer> KernelPricer::make(const platforms::Accelerator& accelerator, const workloads::Training& training,
                                        const workloads::Stack& stack, std::int64_t head_dim) {
  KernelPricer p;
  const Precision precision = training.precision;
  const double ranks = double(accelerator.ranks_per_accelerator);
  auto peak = platforms::peak_of(accelerator, precision);
  if (!peak) return fail(training.mark, peak.error());
  p.peak_ = peak->value.count() / ranks;
  const double memory = accelerator.memory_bandwidth.value.count() / ranks;
  p.streaming_ = accelerator.streaming_efficiency.value * memory;
  p.elementwise_ = accelerator.elementwise_efficiency.value * memory;

  auto gemm = accelerator.gemm.find(precision);
  if (gemm == accelerator.gemm.end())
    return fail(training.mark,
                fmt::format("accelerator {} has no matmul timing for the training precision", accelerator.name));
  const platforms::GemmTiming& g = gemm->second;
  p.gemm_ = g.efficiency.value * p.peak_;
  p.weight_gradient_ = g.weight_gradient_efficiency.value_or(g.efficiency).value * p.peak_;
  p.gemm_launch_ = g.launch.value.count();
  if (g.cast_factor) {
    p.cast_factor_ = g.cast_factor->value;
    p.cast_bytes_ = 2 + bytes_per_element(precision);
  }

  const platforms::AttentionTiming* attention = platforms::attention_row(accelerator, stack.attention, head_dim);
  if (!attention) {
    std::string known;
    for (const auto& [name, rows] : accelerator.attention)
      known += (known.empty() ? "" : ", ") + name;
    return fail(stack.mark,
                fmt::format("stack {} runs attention `{}`, for which accelerator {} has no timing (known: {})",
                            stack.name, stack.attention, accelerator.name, known));
  }
  const platforms::AttentionTiming& row = *attention;
  // Attention runs in 16 bits whatever the GEMMs do, so its efficiency is of the 16-bit peak.
  auto peak16 = platforms::peak_of(accelerator, precision == Precision::fp16 ? Precision::fp16 : Precision::bf16);
  if (!peak16) peak16 = peak;
  p.attention_ = row.efficiency.value * peak16->value.count() / ranks;
  p.attention_backward_ = p.attention_ * row.backward_ratio.value;
  p.ramp_ = row.ramp_tokens.value;
  p.attention_launch_ = row.launch.value.count();
  return p;
}

Breakdown KernelPricer::price(const workloads::Kernel& k) const {
  Breakdown out{};
  double time = 0, cast = 0;
  const double ramp = k.sequence > 0 ? 1 + ramp_ / double(k.sequence) : 1;
  switch (k.kind) {
  case KernelKind::gemm:
  case KernelKind::weight_gradient: {
    const double rate = k.kind == KernelKind::gemm ? gemm_ : weight_gradient_;
    time = gemm_launch_ + std::max(k.executed.count() / rate, k.bytes.count() / streaming_);
    // A weight gradient finds its operands already cast by the forward and the data gradient.
    if (k.kind == KernelKind::gemm) cast = cast_factor_ * cast_bytes_ * k.input_elements / streaming_;
    break;
  }
  case KernelKind::attention:
  case KernelKind::attention_matmul: time = attention_launch_ + k.executed.count() * ramp / attention_; break;
  case KernelKind::attention_backward:
    time = attention_launch_ + k.executed.count() * ramp / attention_backward_;
    break;
  case KernelKind::elementwise: time = k.bytes.count() / elementwise_; break;
  case KernelKind::streaming: time = k.bytes.count() / streaming_; break;
  }
  auto entry = [&out](Entry e) -> double& { return out[std::size_t(e)]; };
  if (k.recomputation) {
    entry(Entry::recompute) = time + cast;
  } else if (k.executed.count() > 0) {
    const double useful = k.useful.count() / peak_;
    // Flash attention's backward recomputes the scores: its fifth matmul is recomputation.
    const double again = k.kind == KernelKind::attention_backward ? time * (1 - k.useful / k.executed) : 0;
    entry(Entry::useful) = useful;
    entry(Entry::recompute) = again;
    entry(Entry::below_peak) = time - useful - again;
    entry(Entry::memory_bound) = cast;
  } else {
    entry(Entry::memory_bound) = time;
  }
  return out;
}

} // namespace weft::sim
