#pragma once
// The price of a slot: one or more layers, the embedding or the head, with the tp collectives inside it.

#include "sim/kernel.hpp"
#include "sim/program.hpp"
#include "workloads/layer.hpp"

#include <functional>
#include <vector>

namespace weft::sim {

/// What a Cost is made of, before any dimension is made ideal.
struct Recipe {
  struct Part {
    workloads::Work work;
    double times = 1;
    double host_floor = 0;  ///< s: the host needs at least this for one `work`
    bool only_host = false; ///< charge just what the host adds to `work` (its kernels are ops of their own)
  };
  std::vector<Part> parts;
  double optimizer_bytes = 0;
  double step_overhead = 0; ///< s of host work
};

/// Isolated time of a tp collective and whether its kernels slow compute beside them.
struct TpTime {
  double seconds = 0;
  bool slows = true;
};
using TpTimer = std::function<TpTime(const workloads::TpCollective&)>;

/// Prices recipes with tp in closed form: a serial collective is exposed; one beside a matmul slows it by σ and is
/// exposed where it outlasts it; a stack's hidden share runs inside its matmul.
class SlotPricer {
public:
  SlotPricer(const KernelPricer& kernels, TpTimer tp, double overlap_slowdown, double hidden_share, DimSet ideal)
      : kernels_(kernels), tp_(std::move(tp)), sigma_(overlap_slowdown), hidden_(hidden_share), ideal_(ideal) {}
  [[nodiscard]] Cost price(const Recipe& recipe) const;

private:
  [[nodiscard]] Cost price(const workloads::Work& work) const;
  void serial(const workloads::TpCollective& collective, Cost& cost) const;
  void beside(const workloads::TpCollective& collective, const workloads::Kernel& kernel, Cost& cost) const;
  [[nodiscard]] TpTime time_of(const workloads::TpCollective& collective) const;

  const KernelPricer& kernels_;
  TpTimer tp_;
  double sigma_, hidden_;
  DimSet ideal_;
};

} // namespace weft::sim
