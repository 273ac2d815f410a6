#pragma once
// What-ifs: many steps simulated side by side, and the numbers of each that decisions are made of. Sensitivities,
// bands, swaps, parity and claims are all differences between such steps.

#include "analysis/load.hpp"
#include "analysis/summary.hpp"
#include "sim/simulate.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weft::analysis {

/// The headline numbers of one simulated step, flat: what a simulation process hands back.
struct Headline {
  double step_s = 0;
  double ideal_step_s = 0; ///< without communication; step_s where that was not simulated
  double tokens_per_s = 0; ///< of the whole cluster
  double tokens_per_s_per_accelerator = 0;
  double mfu_causal = 0, mfu_full = 0, mfu_bf16_peak = 0, hfu = 0; ///< as in Summary
  double effective_flops = 0;                                      ///< causal model FLOP/s of the whole cluster
  std::int64_t accelerators = 0, ranks = 0;
  double memory_bytes = 0, memory_capacity_bytes = 0; ///< of the rank that it leaves least of its capacity
  workloads::Recompute recompute{};                   ///< as run
  sim::Breakdown where{};                             ///< s; sums to step_s
  double communicating_s = 0;                         ///< mean over ranks: a message is in progress, hidden or not

  [[nodiscard]] double tax() const { return (step_s - ideal_step_s) / step_s; } ///< interconnect tax, of the step
  [[nodiscard]] double communicating() const { return communicating_s / step_s; }
  [[nodiscard]] bool fits() const { return memory_bytes <= memory_capacity_bytes; }
};
Headline headline(const Summary& summary);

/// One step that is asked about.
struct Case {
  std::string name; ///< for messages and tables
  workloads::Scenario scenario;
  platforms::Cluster cluster;
};
Case case_of(const Loaded& loaded, std::string name = {}); ///< without a name: the scenario's

/// Every case simulated, `jobs` processes at a time, in the order asked; an illegal case has its error and keeps nobody
/// else from running. Throws std::runtime_error when a process died.
std::vector<Result<Headline>> simulate_all(const std::vector<Case>& cases, sim::Options options, int jobs);

/// The same where every case has to succeed: the first error ends it.
Result<std::vector<Headline>> simulate_each(const std::vector<Case>& cases, sim::Options options, int jobs);

} // namespace weft::analysis
