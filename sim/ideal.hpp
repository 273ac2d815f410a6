#pragma once
// What a simulation makes ideal, and which of them a step asks for.

#include "sim/ledger_entry.hpp"
#include "sim/tier.hpp"
#include "workloads/plan.hpp"

#include <vector>

namespace weft::sim {

struct Options;

/// Dimensions whose messages take no time, or tiers that make none wait.
struct Ideal {
  DimSet dims = 0;
  TierSet tiers = 0;
};

/// Dimensions that a plan's messages can have, but for wan.
DimSet dims_present(const workloads::Plan& plan, bool experts);

/// The step itself first, and the one without communication second where it is asked for.
std::vector<Ideal> ideal_sets(DimSet dims, TierSet tiers, const Options& options);

} // namespace weft::sim
