// One forward, one backward (PipeDream-Flush): as many forwards first as stages follow, then they alternate.
#include "workloads/schedules/schedules.hpp"

#include <algorithm>

namespace weft::workloads {

std::vector<Slot> one_f_one_b_slots(const Pipeline& p) {
  std::vector<Slot> out;
  const std::int64_t warm_up = std::min(p.microbatches, p.pp - p.stage - 1);
  for (std::int64_t j = 0; j < warm_up; ++j)
    out.push_back({Phase::forward, 0, std::int32_t(j)});
  for (std::int64_t j = 0; j < p.microbatches; ++j) {
    if (warm_up + j < p.microbatches) out.push_back({Phase::forward, 0, std::int32_t(warm_up + j)});
    out.push_back({Phase::backward, 0, std::int32_t(j)});
  }
  return out;
}

} // namespace weft::workloads
