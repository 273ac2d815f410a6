#pragma once
// The step over several draws of what is random in it.

#include "analysis/load.hpp"
#include "analysis/summary.hpp"
#include "sim/simulate.hpp"

namespace weft::analysis {

/// Whether a run's seed changes anything in this scenario.
bool varies(const Loaded& loaded);

/// Simulates seeds options.seed .. options.seed + n - 1, options.jobs processes at a time. `ideal_network`: the step
/// without communication. Throws std::runtime_error when a process died.
Result<Seeds> run_seeds(const Loaded& loaded, sim::Options options, std::int64_t n, bool ideal_network);

/// Median and 5th to 95th percentile, between the two values next to it in proportion. `values` is not empty.
Band band_of(std::vector<double> values);

} // namespace weft::analysis
