#pragma once
// How much there is to simulate, known before it is.

#include "sim/fold.hpp"
#include "sim/program.hpp"

#include <array>
#include <cstdint>

namespace weft::sim {

/// Timers and flows of one simulation, as the engine counts them: a compute op is one timer of the ranks that compute
/// in lockstep, a message is one for its latency and one for its bytes.
struct Estimate {
  std::int64_t compute = 0;
  std::array<std::int64_t, dim_count> messages{}; ///< by dimension
  /// With some dimensions ideal: their messages take no time. Never too low but for compute of zero length.
  [[nodiscard]] std::int64_t activities(DimSet ideal) const;
};
Estimate estimate(const Program& program, const Folded& folded, const Placement& placement);

} // namespace weft::sim
