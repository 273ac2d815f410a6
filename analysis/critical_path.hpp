#pragma once
// What the step waited for: a chain of ops, each begun when the one before it ended, from the step's begin to its end.
// Making anything else faster does not shorten the step; making this faster does, until another chain is as long.

#include "sim/result.hpp"

#include <vector>

namespace weft::analysis {

/// Where the path passed, in the ledger's entries: a communication entry is the whole time of messages that the step
/// waited for, beside compute or not. Sums to the step time.
struct CriticalPath {
  sim::Breakdown seconds{};
  std::vector<sim::Breakdown> by_stage; ///< sums to `seconds`; a message's time is its sender's, or its last member's
  std::size_t ops = 0;                  ///< that take time
};

/// Walks back from the op that ends last. Of several that an op waited for equally long the compute op is followed: the
/// path stays on its stage as long as it can. `costs` and `ideal` are those the run was made with. Where stages begin
/// the next step without waiting for each other it is cut off at the begin of the one that it ends on.
CriticalPath critical_path(const sim::StepResult& result, const sim::EngineRun& run,
                           const std::vector<sim::Costs>& costs, sim::DimSet ideal);

} // namespace weft::analysis
