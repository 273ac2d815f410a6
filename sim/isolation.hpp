#pragma once
// Which layers' collectives never meet anything else on their links.

#include "sim/placement.hpp"

namespace weft::sim {

/// Before anything is placed: the roles among which those that are will be.
RoleSet may_be_isolated(const workloads::Scenario& scenario);

/// See Placement::isolated.
RoleSet find_isolated(const workloads::Scenario& scenario, const platforms::Topology& topology,
                      const Placement& placement);

} // namespace weft::sim
