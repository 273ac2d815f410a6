#pragma once
// One rank class's second-by-second state, rebuilt from a run: computing, in a message of its own, or waiting.

#include "sim/result.hpp"

#include <compare>
#include <cstdint>
#include <vector>

namespace weft::analysis {

/// A stretch in which messages of this rank are in progress, in program order.
struct Covered {
  struct InProgress {
    std::int32_t op = 0;
    sim::Dim dim{};
    friend auto operator<=>(const InProgress&, const InProgress&) = default;
  };
  double begin = 0, end = 0;
  std::vector<InProgress> ops;
};

struct ClassTimeline {
  const sim::StageProgram* program = nullptr;
  const std::vector<sim::ComputeSpan>* compute = nullptr;
  std::vector<Covered> covered;                  ///< disjoint, ascending
  std::vector<double> begin, end;                ///< by op: started, completed; receives: of their message
  std::vector<double> ready;                     ///< by op: everything it waits for locally had ended
  std::vector<std::vector<std::int32_t>> before; ///< by op: ops it waits for, ascending
  double last = 0;                               ///< end of the last op
};

/// By rank class; nothing for those that another one is like (EngineRun::like).
std::vector<ClassTimeline> timelines(const sim::StepResult& result, const sim::EngineRun& run, sim::DimSet ideal);

} // namespace weft::analysis
