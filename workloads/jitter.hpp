#pragma once
// How unevenly ranks compute: a speed that a rank keeps, and one that changes from step to step.

#include "platforms/base/document.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace weft::workloads {

/// Of a factor on the speed of a rank's compute; nominal is 1. Mean 1 but for `exponential`.
enum class Distribution {
  normal,     ///< cut off four spreads from 1
  lognormal,  ///< skewed to fast ranks, never at or below 0; cut off where the normal one behind it is
  uniform,    ///< between 1 - √3 · spread and 1 + √3 · spread
  exponential ///< only ever slower: a time that is longer by an exponential share of mean `spread`, at most eight times
              ///< it
};

/// A distribution and its standard deviation over its mean.
struct Variation {
  Distribution distribution = Distribution::normal;
  double spread = 0;
};

/// `rank` is a property of the machines: drawn once from `seed`, the same in every step and whatever seed a run has.
/// `step` is drawn from the run's seed. Both are one factor for all compute of a rank in the step, no kernel its own.
struct Jitter {
  std::optional<Variation> rank, step;
  std::int64_t seed = 0; ///< which machines
  [[nodiscard]] bool any() const { return (rank && rank->spread > 0) || (step && step->spread > 0); }
  /// Whether another run of the same machines may take another time.
  [[nodiscard]] bool varies() const { return step && step->spread > 0; }
};

/// A rank's compute speed in one step; 1 = nominal. A pure function of its arguments.
double speed_of(const Jitter& jitter, std::int64_t rank, std::int64_t run_seed);

/// "rank speed normal, spread 2 %"; empty without jitter.
std::string describe(const Jitter& jitter);

} // namespace weft::workloads

namespace weft {
Result<void> read_value(const Value& value, workloads::Jitter& out);
}
