#pragma once
// Scenario to program: what every stage's ranks do in one step, in order.

#include "sim/program.hpp"
#include "sim/slot.hpp"
#include "workloads/scenario.hpp"

#include <vector>

namespace weft::sim {

struct Lowered {
  Program program;
  std::vector<Recipe> recipes; ///< by cost index
};

/// `recompute` is resolved (never automatic). Layer collectives of the roles in `fused` become part of the compute
/// ops, every other one is an op of its own.
/// `expert_load` (workloads::LayerContext) changes what recipes hold, never the program.
Lowered lower(const workloads::Scenario& scenario, workloads::Recompute recompute, RoleSet fused,
              double expert_load = 1);

} // namespace weft::sim
