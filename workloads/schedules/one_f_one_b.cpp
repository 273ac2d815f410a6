// One forward, one backward (PipeDream-Flush): as many forwards first as stages follow, then they alternate.
#include "workloads/schedules/schedules.hpp"

#include <algorithm>

namespace weft::workloads {

Slots one_f_one_b_slots(const Pipeline& p) {
  Slots out;
  for (std::int64_t stage = 0; stage < p.pp; ++stage) {
    std::vector<Slot> slots;
    // A pair needs two microbatches: one more forward first.
    const std::int64_t warm_up = std::min(p.microbatches, p.pp - stage - 1 + (p.paired ? 1 : 0));
    for (std::int64_t j = 0; j < warm_up; ++j)
      slots.push_back({Phase::forward, 0, std::int32_t(j)});
    for (std::int64_t j = 0; j < p.microbatches; ++j) {
      if (warm_up + j < p.microbatches) slots.push_back({Phase::forward, 0, std::int32_t(warm_up + j), p.paired});
      slots.push_back({Phase::backward, 0, std::int32_t(j)});
    }
    out.push_back(std::move(slots));
  }
  return out;
}

} // namespace weft::workloads
