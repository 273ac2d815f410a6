#pragma once
// Which rank classes compute in lockstep.

#include "sim/fold.hpp"
#include "sim/program.hpp"

#include <cstdint>
#include <vector>

namespace weft::sim {

/// Rank classes joined by a group whose collectives are inside the compute ops (Program::fused), each class in one
/// group, groups in order of their first one.
std::vector<std::vector<std::int32_t>> lockstep_groups(const Program& program, const Folded& folded,
                                                       const Placement& placement);

} // namespace weft::sim
