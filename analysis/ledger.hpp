#pragma once
// The two ledgers of a step. "Where time went" is accounting: what every rank did in every second, averaged over
// ranks. "What took it away" is causal: what the step would save without a dimension's communication.

#include "sim/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// Where one step's time went; entries sum to the step time and none is negative. A rank's seconds count by its peak:
/// where chips differ, "useful" over the step is MFU all the same.
struct Where {
  sim::Breakdown seconds{};
  std::vector<sim::Breakdown> by_class; ///< each rank class on its own
  /// s in which a collective or message that the rank is in is in progress, whether it computes beside it or not. A
  /// collective inside a compute op counts where no other is in progress beside that op.
  double communicating = 0;
};

/// `costs` are those the run was made with.
Where where_time_went(const sim::StepResult& result, const sim::EngineRun& run, const std::vector<sim::Costs>& costs,
                      sim::DimSet ideal);

/// Interconnect tax: Δ/T with Δ = T − T(no communication), split by Shapley values over the dimensions present, and
/// over the tiers of the interconnect that messages wait for, where all subsets were simulated. Parts may be negative;
/// they sum to Δ.
struct Tax {
  struct Part {
    sim::Dim dim{};
    double seconds = 0;
  };
  struct OfTier {
    std::size_t tier = 0; ///< sim/tier.hpp
    std::string name;
    double seconds = 0;
  };
  double seconds = 0;        ///< Δ
  double total = 0;          ///< Δ / T
  std::vector<Part> parts;   ///< empty unless all subsets ran
  std::vector<OfTier> tiers; ///< from the rank outwards; empty unless all subsets of tiers ran
  std::string method;
  std::size_t runs = 0;
  std::size_t tier_runs = 0;
};
/// Nothing where the step without communication was not simulated.
std::optional<Tax> interconnect_tax(const sim::StepResult& result);

/// Shapley values of v over n players; v is indexed by subsets as bits, v[0] = 0 by convention.
std::vector<double> shapley(const std::vector<double>& v, std::size_t players);

} // namespace weft::analysis
