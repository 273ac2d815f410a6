#pragma once
// Bytes that the step puts on every kind of link, checked against the collectives' closed forms, and the tiers that it
// waits for.

#include "platforms/topology.hpp"
#include "sim/fold.hpp"
#include "sim/lower.hpp"
#include "sim/result.hpp"

namespace weft::sim {

/// Fills result.links, result.bytes and result.tiers from the program (and, where tp is fused, from the recipes), the
/// folded classes and their links.
void count_traffic(const Lowered& lowered, const Placement& placement, const CollectivePricer& collectives,
                   const platforms::Topology& topology, StepResult& result);

} // namespace weft::sim
