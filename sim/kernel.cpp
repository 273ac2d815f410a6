#include "sim/kernel.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace weft::sim {

using workloads::KernelKind;

double total(const Breakdown& breakdown) {
  return std::accumulate(breakdown.begin(), breakdown.end(), 0.0);
}

Result<KernelPricer> KernelPricer::make(const platforms::Accelerator& accelerator,
                                        const workloads::Scenario& scenario) {
  KernelPricer p;
  p.ranks_ = double(accelerator.ranks_per_accelerator);
  const double memory = accelerator.memory_bandwidth.value.count() / p.ranks_;
  p.streaming_ = accelerator.streaming_efficiency.value * memory;
  p.elementwise_ = scenario.stack.elementwise_efficiency.value_or(accelerator.elementwise_efficiency).value * memory;
  if (auto ok = p.set_matmuls(accelerator, scenario); !ok) return tl::unexpected(ok.error());
  if (auto ok = p.set_attention(accelerator, scenario); !ok) return tl::unexpected(ok.error());
  if (accelerator.host_link)
    p.host_link_ = accelerator.host_link->value.count() / p.ranks_;
  else if (scenario.plan.offload_layers > 0)
    return fail(scenario.plan.mark,
                fmt::format("offload_layers needs accelerator {}'s host_link, which the catalog does not know",
                            accelerator.name));
  return p;
}

Result<void> KernelPricer::set_matmuls(const platforms::Accelerator& accelerator, const workloads::Scenario& scenario) {
  const workloads::Training& training = scenario.training;
  auto peak = platforms::peak_of(accelerator, training.precision);
  if (!peak) return fail(training.mark, peak.error());
  peak_ = peak->value.count() / ranks_;
  const platforms::GemmTiming* timing = platforms::gemm_timing(accelerator, scenario.stack.matmuls, training.precision);
  if (!timing)
    return fail(training.mark,
                fmt::format("accelerator {} has no matmul timing for the training precision", accelerator.name));
  const platforms::GemmTiming& g = *timing;
  gemm_ = g.efficiency.value * peak_;
  weight_gradient_ = g.weight_gradient_efficiency.value_or(g.efficiency).value * peak_;
  gemm_launch_ = g.launch.value.count();
  if (g.cast_factor) {
    cast_factor_ = g.cast_factor->value;
    cast_bytes_ = 2 + bytes_per_element(training.precision);
  }
  if (!scenario.model.experts) return {};
  if (!accelerator.grouped_gemm)
    return fail(training.mark, fmt::format("accelerator {} has no grouped_gemm timing, which model {} needs for its "
                                           "experts",
                                           accelerator.name, scenario.model.name));
  const double factor = g.grouped_factor.value_or(accelerator.grouped_gemm->factor).value;
  grouped_ = gemm_ * factor;
  grouped_weight_gradient_ = weight_gradient_ * factor;
  grouped_ramp_ = accelerator.grouped_gemm->ramp_tokens.value;
  return {};
}

Result<void> KernelPricer::set_attention(const platforms::Accelerator& accelerator,
                                         const workloads::Scenario& scenario) {
  const workloads::Stack& stack = scenario.stack;
  const platforms::AttentionTiming* attention =
      platforms::attention_row(accelerator, stack.attention, scenario.model.head_dim);
  if (!attention) {
    std::string known;
    for (const auto& [name, rows] : accelerator.attention)
      known += (known.empty() ? "" : ", ") + name;
    return fail(stack.mark,
                fmt::format("stack {} runs attention `{}`, for which accelerator {} has no timing (known: {})",
                            stack.name, stack.attention, accelerator.name, known));
  }
  // Attention runs in 16 bits whatever the GEMMs do, so its efficiency is of the 16-bit peak.
  const Precision precision = scenario.training.precision;
  auto peak16 = platforms::peak_of(accelerator, precision == Precision::fp16 ? Precision::fp16 : Precision::bf16);
  const double peak = peak16 ? peak16->value.count() / ranks_ : peak_;
  const bool askew = attention->misaligned_efficiency && scenario.model.head_dim % 8 != 0;
  attention_ = (askew ? *attention->misaligned_efficiency : attention->efficiency).value * peak;
  attention_backward_ = attention_ * attention->backward_ratio.value;
  ramp_ = attention->ramp_tokens.value;
  attention_launch_ = attention->launch.value.count();
  return {};
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
  case KernelKind::grouped_gemm:
  case KernelKind::grouped_weight_gradient: {
    const bool forward = k.kind == KernelKind::grouped_gemm;
    const double rate = (forward ? grouped_ : grouped_weight_gradient_) / (1 + grouped_ramp_ / std::max(1.0, k.rows));
    time = gemm_launch_ + std::max(k.executed.count() / rate, k.bytes.count() / streaming_);
    if (forward) cast = cast_factor_ * cast_bytes_ * k.input_elements / streaming_;
    break;
  }
  case KernelKind::attention_matmul: // plain matmuls over short rows: as often bound by the scores' bytes
    time = k.launches * attention_launch_ + std::max(k.executed.count() / attention_, k.bytes.count() / streaming_);
    break;
  case KernelKind::attention: time = k.launches * attention_launch_ + k.executed.count() * ramp / attention_; break;
  case KernelKind::attention_backward:
    time = k.launches * attention_launch_ + k.executed.count() * ramp / attention_backward_;
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
    // (Work of uneven cp ranks is not: it stays below peak.)
    const double again = k.kind == KernelKind::attention_backward ? time / 5 : 0;
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
