#pragma once
// One published run simulated: all that it could be, and the prediction that follows.

#include "analysis/published.hpp"
#include "sim/ledger_entry.hpp"

#include <string>
#include <vector>

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

/// A field of a run's scenarios and what it is set to, as `weft run --set path=value` does on them.
struct Assignment {
  std::string path;                ///< dotted, from the scenario: "stack.tp_hidden_share"
  std::string value;               ///< YAML text
  std::vector<std::string> stacks; ///< only where one of these runs, by its catalog name; empty = whatever runs
};
/// Whether `scenario` takes it: its stack is one of the asked, and it does not state the field itself. What a run is
/// known to have done differently from its stack (MC2 switched off) no assignment to the stack undoes.
bool takes(const Value& scenario, const Assignment& assignment);
/// Sets those that the scenario takes. The error's source is "--set path=value".
Result<void> assign(Value& scenario, const std::vector<Assignment>& assignments);

/// Simulates in this process. `accelerator`: what to use in place of the one that the run names, resolved. The error
/// says why no candidate can be simulated.
Result<RunPrediction> predict(const PublishedRun& run, const Value& unknown_fields, const Value* accelerator = nullptr,
                              const std::vector<Assignment>& assignments = {});

} // namespace weft::analysis
