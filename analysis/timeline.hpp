#pragma once
// One rank class's second-by-second state, rebuilt from a run: computing, in a message of its own, or waiting.

#include "sim/result.hpp"

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace weft::analysis {

/// A stretch in which messages of this rank are in progress.
struct Covered {
  struct InProgress {
    std::int32_t op = 0;
    sim::Dim dim{};
    friend auto operator<=>(const InProgress&, const InProgress&) = default;
  };
  double begin = 0, end = 0;
  std::uint32_t first = 0, count = 0; ///< its messages in ClassTimeline::in_progress
};

/// What each op of a stage waits for.
class Predecessors {
public:
  explicit Predecessors(const sim::StageProgram& program);
  /// Ascending.
  [[nodiscard]] std::span<const std::int32_t> of(std::int32_t op) const {
    return {ops_.data() + first_[std::size_t(op)], first_[std::size_t(op) + 1] - first_[std::size_t(op)]};
  }

private:
  std::vector<std::int32_t> ops_;
  std::vector<std::size_t> first_; ///< by op, and one past the last
};

struct ClassTimeline {
  const sim::StageProgram* program = nullptr;
  const Predecessors* before = nullptr;
  const std::vector<sim::ComputeSpan>* compute = nullptr;
  std::vector<Covered> covered;                 ///< disjoint, ascending
  std::vector<Covered::InProgress> in_progress; ///< of each stretch, in program order
  std::vector<double> begin, end;               ///< by op: started, completed; receives: of their message
  std::vector<double> ready;                    ///< by op: everything it waits for locally had ended
  double last = 0;                              ///< end of the last op

  [[nodiscard]] std::span<const Covered::InProgress> messages(const Covered& c) const {
    return {in_progress.data() + c.first, c.count};
  }
};

/// Seconds in which a collective or message of the class is in progress, computing beside it or not. One inside a
/// compute op counts where no other is in progress beside that op.
double communicating(const ClassTimeline& line, const sim::Costs& costs);

/// All classes' timelines.
struct Timelines {
  std::vector<Predecessors> of_stage;
  std::vector<ClassTimeline> of_class; ///< nothing for those that another one is like (EngineRun::like)
};
Timelines timelines(const sim::StepResult& result, const sim::EngineRun& run, sim::DimSet ideal);

/// What a compute span's seconds went to; sums to its length.
sim::Breakdown seconds_of(const sim::StepResult& result, const std::vector<sim::Costs>& costs, std::size_t rank_class,
                          const sim::ComputeSpan& span);

} // namespace weft::analysis
