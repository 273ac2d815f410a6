#pragma once
// One published run simulated: all that it could be, and the prediction that follows.

#include "analysis/published.hpp"
#include "sim/ledger_entry.hpp"

#include <string>

namespace weft::analysis {

/// One candidate of a run, simulated.
struct Outcome {
  double step = 0; ///< s, or of one layer
  std::string choices;
  double at_peak = 0; ///< s that the executed FLOP take at the chip's peak
  sim::Breakdown where{};
  bool fits = true;
  std::string check; ///< what the self-check finds wrong; empty = nothing
};

struct RunPrediction {
  double median = 0, low = 0, high = 0; ///< s, over the candidates
  std::size_t tried = 0;                ///< legal candidates
  Outcome middle;                       ///< at the median
  std::string check;                    ///< the first one's that found something
};

/// Simulates in this process. `accelerator`: what to use in place of the one that the run names, resolved. The error
/// says why no candidate can be simulated.
Result<RunPrediction> predict(const PublishedRun& run, const Value& unknown_fields, const Value* accelerator = nullptr);

} // namespace weft::analysis
