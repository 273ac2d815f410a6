#pragma once
// Are two simulations of one step the same to the last bit, rank by rank, whatever classes their ranks are in?

#include "sim/result.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace weft::test {

/// One rank's compute spans in a run.
inline const std::vector<sim::ComputeSpan>& spans(const sim::StepResult& r, const sim::EngineRun& run,
                                                  std::int64_t rank) {
  return run.compute[std::size_t(r.folded.class_of(rank))];
}

/// `run_a` and `run_b` are the step, or the ideal step, of `a` and `b`.
inline bool same_bits(const sim::StepResult& a, const sim::StepResult& b, const sim::EngineRun& run_a,
                      const sim::EngineRun& run_b) {
  if (run_a.step_time != run_b.step_time) return false;
  auto same = [](const sim::ComputeSpan& x, const sim::ComputeSpan& y) {
    return x.op == y.op && x.begin == y.begin && x.end == y.end && x.slowed == y.slowed && x.lockstep == y.lockstep;
  };
  for (std::int64_t rank = 0; rank < a.cluster.ranks(); ++rank) {
    const auto &sa = spans(a, run_a, rank), &sb = spans(b, run_b, rank);
    if (!std::equal(sa.begin(), sa.end(), sb.begin(), sb.end(), same)) return false;
  }
  return true;
}

} // namespace weft::test
