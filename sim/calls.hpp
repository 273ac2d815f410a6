#pragma once
// What a step asks of its communicators, and whether what a stack forces is done anywhere.

#include "sim/lower.hpp"
#include "sim/placement.hpp"

namespace weft::sim {

/// What the lowered step asks of the communicators of every role, each once.
Calls calls_of(const Lowered& lowered);

/// Fails where an algorithm is forced on an operation of the step and no communicator can run it.
Result<void> check_forced(const Choice& choice, const Calls& calls, const Placement& placement);

} // namespace weft::sim
