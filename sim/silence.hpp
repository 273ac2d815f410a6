#pragma once
// A simulation in which no message takes time: links tell no ranks apart there, so fewer classes are enough. Of a step
// whose stages are outermost they are as many as stages, whatever the number of ranks.

#include "sim/engine.hpp"

#include <optional>
#include <vector>

namespace weft::sim {

/// Whether all messages of the program are of dimensions in `ideal`.
bool is_silent(const Program& program, const Folded& folded, DimSet ideal);

/// The classes of such a simulation. Nothing where they are no fewer, which stages, kinds and speeds of the rank
/// classes at hand tell without folding; `speed` by rank class.
std::optional<Folded> fold_silent(const Placement& placement, FoldInput input, const Folded& folded,
                                  const std::vector<double>& speed);

/// Its run, class by class of the finer partition; EngineRun::like says which are one.
EngineRun spread(const EngineRun& run, const Folded& silent, const Folded& folded, const Placement& placement);

} // namespace weft::sim
