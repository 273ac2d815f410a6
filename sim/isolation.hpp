#pragma once
// Which layers' collectives never meet anything else on their links.

#include "sim/placement.hpp"

namespace weft::sim {

/// See Placement::isolated.
RoleSet find_isolated(const workloads::Scenario& scenario, const platforms::Topology& topology,
                      const Placement& placement);

} // namespace weft::sim
