#pragma once
// The search behind parity: one plan, grown and shrunk by its replicas.

#include "analysis/parity.hpp"

#include <map>

namespace weft::analysis {

/// One plan's throughput by number of replicas, simulated where it is asked for. Sizes that do not fit into memory are
/// none.
class PlanSizes {
public:
  PlanSizes(Case one, const ParityOptions& options);

  /// The smallest size that makes `target` tokens/s, and the interpolated one.
  Result<ParityPlan> reach(double target);
  /// What so many accelerators make; `why_not` where no two sizes of the plan have them between.
  Result<ParityPlan> at(std::int64_t accelerators);

private:
  using Points = std::map<std::int64_t, SizePoint>; ///< by replicas

  [[nodiscard]] bool fixed() const { return options_.scaling == Scaling::fixed_batch; }
  Result<void> simulate(const std::vector<std::int64_t>& counts);
  /// Simulates until no size is left between one that makes less than `target` and one that makes as much; throughput
  /// is taken to grow with size.
  Result<void> close_in(double target);
  /// Replicas to simulate next on the way to `target`; 0: nothing is left to try.
  [[nodiscard]] std::int64_t next(double target) const;
  /// The legal number nearest to `wish` between two others, both excluded; 0: there is none.
  [[nodiscard]] std::int64_t nearest(std::int64_t wish, std::int64_t above, std::int64_t below) const;
  /// The largest legal number that is at most `dp`, the least that is at least `dp`; 0: there is none.
  [[nodiscard]] std::int64_t down(std::int64_t dp) const;
  [[nodiscard]] std::int64_t up(std::int64_t dp) const;
  [[nodiscard]] ParityPlan described(const SizePoint& point) const;

  Case case_;
  const ParityOptions& options_;
  std::vector<std::int64_t> dealt_; ///< legal numbers of replicas of a fixed batch, ascending
  Points points_;                   ///< that fit
  std::int64_t too_small_ = 0;      ///< replicas that do not fit: nor do fewer, which shard less
};

} // namespace weft::analysis
