#pragma once
// Start colours, capacities and hardware groups of a placement: what fold() is given.

#include "platforms/topology.hpp"
#include "sim/collective.hpp"
#include "sim/fold.hpp"

namespace weft::sim {

/// `speed` by cell. Communicators of `fused` roles load no link of the solver.
FoldInput fold_input(const Placement& placement, const platforms::Topology& topology,
                     const CollectivePricer& collectives, const std::vector<double>& speed, RoleSet fused);

} // namespace weft::sim
