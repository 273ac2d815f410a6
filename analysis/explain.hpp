#pragma once
// What an explained step says in sentences: which tier and dimension take how much, what a better interconnect would
// give, and what the step waits for. Each is about this plan on this cluster; none says what another plan would do.

#include "analysis/summary.hpp"

#include <string>
#include <vector>

namespace weft::analysis {

/// Whole sentences. Those about what was not simulated (tiers, dimensions, the step without communication) are left
/// out.
std::vector<std::string> explained(const Summary& summary);

/// Entries that one talks about together.
struct Kind {
  std::string name; ///< "matmuls and attention", "tp"
  double seconds = 0;
};
/// Longest first; matmuls at peak and below it are one.
std::vector<Kind> kinds(const sim::Breakdown& seconds);

} // namespace weft::analysis
