#pragma once
// Scenario in, Result out: the only door that analysis uses.

#include "platforms/base/diagnostic.hpp"
#include "sim/network.hpp"
#include "sim/result.hpp"

namespace weft::sim {

struct Options {
  bool fold = true;
  bool structural = true;         ///< fold what is alike by construction before visiting ranks (a cross-check when off)
  bool all_subsets = false;       ///< also the step with every subset of dimensions ideal (for Shapley values)
  bool tier_subsets = false;      ///< also the step with every subset of the interconnect's tiers ideal
  bool ideal_run = true;          ///< also the step with all of them ideal (for the tax)
  bool closed_form_layers = true; ///< false: tp, cp, ep as flows even where nothing shares their links (a cross-check)
  bool capacity_response = false; ///< also the step after a last-place change of one link capacity
  std::size_t link_bins = 0;      ///< also what links carry in each of so many parts of the step (over_time)
  std::int64_t seed = 0;          ///< of this run's draw, where something is random
  std::int64_t max_activities = 10'000'000; ///< refuse what is predicted to take more, all runs and draws together
  std::int64_t draws = 1;                   ///< how often the caller will simulate this, for that prediction
  int jobs = 2;                             ///< simulation processes at a time
  Solver solver = Solver::fluid;            ///< who shares links out; the same step but for rounding
};

/// Fails on what the user got wrong (illegal plan, figure unknown); throws std::runtime_error when a simulation
/// process died.
Result<StepResult> simulate(const workloads::Scenario& scenario, const platforms::Cluster& cluster,
                            const Options& options = {});

/// What simulate() says of memory, without simulating.
struct Held {
  workloads::Recompute recompute{}; ///< the plan's own, or the least that fits where it leaves that open
  bool fits = true;
};
Result<Held> hold(const workloads::Scenario& scenario, const platforms::Cluster& cluster);

} // namespace weft::sim
