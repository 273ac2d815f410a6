#pragma once
// What a step would gain from more of each hardware number, and from each neighbouring plan: what to buy first.

#include "analysis/knobs.hpp"
#include "analysis/load.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// A step with one thing changed.
struct Change {
  double step_s = 0;
  double ratio = 1; ///< over the step without the change
  double tax = 0;   ///< interconnect tax of the changed step
  bool fits = true;
  workloads::Recompute recompute{}; ///< as run
};

struct KnobEffect {
  const Knob* knob = nullptr;
  /// d ln step / d ln x at the value as it is; of the √ term with respect to c². Absent of sizes. One-sided slopes
  /// differ at a tie: where two things end together, more of one helps nobody and less of it hurts.
  std::optional<double> elasticity;
  double below = 0, above = 0; ///< one-sided
  double over = 0;             ///< ln of the factor between which they were taken
  [[nodiscard]] bool tie() const;
  std::optional<Change> minus10, plus10, halved, doubled; ///< absent where that cannot be
  std::optional<Change> none;                             ///< of core theft: without any
  std::optional<Change> least; ///< of HBM capacity: as it is, with the least recomputation that fits
  /// Halved where less is better, else doubled.
  [[nodiscard]] const std::optional<Change>& better() const;
};

struct PlanChange {
  std::string change; ///< as `--set` takes it: "plan.tp=4 plan.dp=256"
  Change to;
};

struct Sensitivity {
  std::string scenario;
  Headline base;
  std::vector<KnobEffect> knobs; ///< what improves most first
  double rates = 0, times = 0;   ///< sums of elasticities; rates − times = −1 away from ties
  std::vector<PlanChange> plans; ///< legal neighbours, the fastest first
  std::string evidence;          ///< what stands behind the chip and its cluster
};

/// Simulates some two hundred steps, `jobs` at a time. The error is the scenario's own.
Result<Sensitivity> sensitivity(const Case& c, const sim::Options& options, int jobs);

/// Only the elasticities, in the order of the table; no changes.
Result<std::vector<KnobEffect>> elasticities(const Case& c, const sim::Options& options, int jobs);

/// Legal plans one choice away: degrees halved and doubled with dp keeping the ranks, chunks, microbatch, sharding,
/// recomputation, schedule, sequence parallelism, order of ranks. With what was changed, as `--set` takes it.
std::vector<std::pair<std::string, workloads::Plan>> neighbours(const Case& c);

/// What to buy first, and which plan costs nothing; of a plan that does not fit, what makes it fit. A sentence or two.
std::string first(const Sensitivity& sensitivity);

std::string sensitivity_text(const Sensitivity& sensitivity);
std::string sensitivity_json(const Sensitivity& sensitivity);
std::string sensitivity_csv(const Sensitivity& sensitivity);

} // namespace weft::analysis
