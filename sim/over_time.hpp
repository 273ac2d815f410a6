#pragma once
// What every kind of link carries in each part of the step.

#include "sim/lower.hpp"
#include "sim/placement.hpp"
#include "sim/result.hpp"

namespace weft::sim {

/// Fills LinkBytes::over_time of a result that has its run and its bytes, in `bins` equal parts: they sum to
/// LinkBytes::bytes.
void count_over_time(const Lowered& lowered, const Placement& placement, const CollectivePricer& collectives,
                     std::size_t bins, StepResult& result);

} // namespace weft::sim
