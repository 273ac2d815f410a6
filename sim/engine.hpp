#pragma once
// The folded program in SimGrid: timers for compute and latency, activities on links for bytes. No actors.
// A process can hold one engine only, so runs happen in forked children (see run_engines).

#include "sim/fold.hpp"
#include "sim/network.hpp"
#include "sim/program.hpp"

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace weft::sim {

/// A compute op's span on a rank class.
struct ComputeSpan {
  std::int32_t op = 0;
  double begin = 0, end = 0;
  double slowed = 0;   ///< s lost to communication beside it
  double lockstep = 0; ///< s lost waiting for slower members of its tp group
  double host = 0;     ///< s lost at the end because the host had not issued all of it
  double issued = 0;   ///< date at which it had; 0: the host is not modelled apart from the op
};
/// A message's span on a communicator class; begin < 0: it never started.
struct MessageSpan {
  double begin = -1, end = -1;
};

struct EngineRun {
  double step_time = 0;
  std::vector<double> begin; ///< by rank class: date at which its step begins; it ends step_time later
  std::vector<double> lead;  ///< of it, s from there in which gathers run that were over before its first arrival
  std::vector<std::vector<ComputeSpan>> compute;  ///< by rank class, in time order
  std::vector<std::vector<MessageSpan>> messages; ///< by communicator class, by tag
  std::vector<std::int32_t>
      like;                    ///< by rank class: the first one that does the same at all times; empty: none is alike
  std::int64_t activities = 0; ///< timers and flows started

  [[nodiscard]] std::size_t first_like(std::size_t rank_class) const {
    return like.empty() ? rank_class : std::size_t(like[rank_class]);
  }
};

/// What the engine needs to know of one simulation.
struct EngineInput {
  const Program& program;
  const Folded& folded;
  const Placement& placement;
  const CollectivePricer& collectives;
  std::vector<double> speed;            ///< by rank class; 1 = nominal, 0.5 = half as fast
  std::vector<double> overlap_slowdown; ///< σ, by part of the cluster
  Prices prices;
  Solver solver = Solver::fluid;
};

/// Runs in this process. At most once per process.
EngineRun run_engine(const EngineInput& input);

/// Each input in a child of its own, `jobs` at a time; results in input order. An error is a child that died.
tl::expected<std::vector<EngineRun>, std::string> run_engines(const std::vector<EngineInput>& inputs, int jobs);

} // namespace weft::sim
