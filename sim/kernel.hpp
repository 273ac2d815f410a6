#pragma once
// FLOP and bytes to seconds on one rank of an accelerator, inside training (not on a microbenchmark).

#include "platforms/base/diagnostic.hpp"
#include "platforms/cluster.hpp"
#include "sim/ledger_entry.hpp"
#include "workloads/layer.hpp"
#include "workloads/scenario.hpp"

namespace weft::sim {

/// Prices kernels. A rank has 1/ranks_per_accelerator of its package.
class KernelPricer {
public:
  /// Fails when the catalog lacks a peak, a timing, an attention family or a host link that the scenario needs.
  static Result<KernelPricer> make(const platforms::Accelerator& accelerator, const workloads::Scenario& scenario);

  /// Seconds by ledger entry; their sum is the kernel's time:
  /// matmul launch + max(F/(e·P), bytes/(eB·BW)) (+ cast), attention launch + F(1+ramp/s)/(e·P),
  /// the rest bytes/(e·BW).
  [[nodiscard]] Breakdown price(const workloads::Kernel& kernel) const;
  /// Seconds of regular memory traffic (optimizer).
  [[nodiscard]] double streaming(Bytes bytes) const { return bytes.count() / streaming_; }
  /// Seconds of transfer to or from the host's memory.
  [[nodiscard]] double host_transfer(Bytes bytes) const { return bytes.count() > 0 ? bytes.count() / host_link_ : 0; }
  [[nodiscard]] double gemm_rate() const { return gemm_; } ///< FLOP/s that large matmuls reach on a rank
  [[nodiscard]] double peak() const { return peak_; }      ///< FLOP/s of a rank

private:
  Result<void> set_matmuls(const platforms::Accelerator& accelerator, const workloads::Scenario& scenario);
  Result<void> set_attention(const platforms::Accelerator& accelerator, const workloads::Scenario& scenario);

  double ranks_ = 1;
  double peak_ = 0, streaming_ = 0, elementwise_ = 0;
  double gemm_ = 0, weight_gradient_ = 0, gemm_launch_ = 0, cast_factor_ = 0, cast_bytes_ = 0;
  double grouped_ = 0, grouped_weight_gradient_ = 0, grouped_ramp_ = 0, host_link_ = 0;
  double attention_ = 0, attention_backward_ = 0, ramp_ = 0, attention_launch_ = 0;
};

double total(const Breakdown& breakdown);

} // namespace weft::sim
