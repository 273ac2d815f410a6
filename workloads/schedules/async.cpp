// Asynchronous 1F1B (PipeDream, arXiv 1806.03377; with gradient accumulation and two weight versions 2BW, arXiv
// 2006.09503): no flush, so microbatches of the step before are in the pipeline when a step begins and as many are
// left in it at the end. One step is one period of that: every stage alternates forward and backward from its first
// second to its last, each stage one microbatch behind the one before. A message has one slot's time to arrive.
#include "workloads/schedules/schedules.hpp"

namespace weft::workloads {

Slots async_slots(const Pipeline& p) {
  Slots out;
  const std::int64_t m = p.microbatches, last = p.pp - 1;
  auto microbatch = [m](std::int64_t position, std::int64_t lag) {
    return std::int32_t(((position - lag) % m + m) % m);
  };
  for (std::int64_t stage = 0; stage < p.pp; ++stage) {
    const std::int64_t forward = stage, backward = 2 * last - stage; // positions behind the first forward
    std::vector<Slot> slots;
    for (std::int64_t i = 0; i < m; ++i) {
      // What the neighbour does at the last position of its step arrives at the first of ours.
      slots.push_back({Phase::forward, 0, microbatch(i, forward), false, stage > 0 && i == 0});
      slots.push_back({Phase::backward, 0, microbatch(i, backward), false, stage < last && i == 0});
    }
    out.push_back(std::move(slots));
  }
  return out;
}

} // namespace weft::workloads
