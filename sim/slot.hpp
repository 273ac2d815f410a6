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
    double host_floor = 0;      ///< s: the host needs at least this for one `work`
    double host_loop = 0;       ///< s that the host needs to launch experts one by one, after it waited for their sizes
    bool host_in_turn = false;  ///< host and device do not run at the same time
    double host_link_bytes = 0; ///< moved to or from the host's memory beside one `work`
    /// The host issues on without ever waiting for the device: its time is no part of the op's, the engine lets an op
    /// end no earlier than it was issued (Cost::host).
    bool host_ahead = false;
    bool only_host = false; ///< charge just what the host adds to `work` (its kernels are ops of their own)
  };
  std::vector<Part> parts;
  double optimizer_bytes = 0;
  double optimizer_flops = 0; ///< Muon's orthogonalisation, matmuls
  double step_overhead = 0;   ///< s of host work
};

/// Isolated time of a layer's collective and whether its kernels slow compute beside them.
struct LayerTime {
  double seconds = 0;
  bool slows = true;
};
using LayerTimer = std::function<LayerTime(const workloads::LayerCollective&)>;

/// Dimension whose communication a layer's collective is.
Dim dim_of(const workloads::LayerCollective& collective);

/// Prices recipes with the layers' collectives in closed form: a serial one is exposed; one beside a kernel slows it
/// by σ and is exposed where it outlasts it; a stack's hidden share runs inside its matmul.
class SlotPricer {
public:
  SlotPricer(const KernelPricer& kernels, LayerTimer timer, double overlap_slowdown, double hidden_share, DimSet ideal)
      : kernels_(kernels), timer_(std::move(timer)), sigma_(overlap_slowdown), hidden_(hidden_share), ideal_(ideal) {}
  [[nodiscard]] Cost price(const Recipe& recipe) const;

private:
  [[nodiscard]] Cost price(const workloads::Work& work) const;
  [[nodiscard]] double experts(const workloads::Work& work) const;
  void serial(const workloads::LayerCollective& collective, Cost& cost) const;
  void beside(const workloads::LayerCollective& collective, const workloads::Kernel& kernel, Cost& cost) const;
  [[nodiscard]] LayerTime time_of(const workloads::LayerCollective& collective) const;

  const KernelPricer& kernels_;
  LayerTimer timer_;
  double sigma_, hidden_;
  DimSet ideal_;
};

} // namespace weft::sim
