#pragma once
// How much of what links can carry they do carry while a message is under way on them: latency-bound or slowed by
// another link, or at their limit.

#include "platforms/topology.hpp"
#include "sim/placement.hpp"
#include "sim/result.hpp"

#include <vector>

namespace weft::sim {

/// Fills LinkBytes::while_busy of a result that has its run and its bytes. `capacity`: by link of the placement.
void count_busy(const Placement& placement, const platforms::Topology& topology, const CollectivePricer& collectives,
                const std::vector<double>& capacity, StepResult& result);

} // namespace weft::sim
