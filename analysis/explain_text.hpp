#pragma once
// What `--explain` prints below the ledgers.

#include "analysis/summary.hpp"

#include <string>

namespace weft::analysis {

/// Critical path, links, memory, classes, checks and every figure's source.
std::string explanation(const Summary& summary);

} // namespace weft::analysis
