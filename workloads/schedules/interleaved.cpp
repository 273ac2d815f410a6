// Interleaved 1F1B (Narayanan et al. 2021, section 2.2): each stage holds vpp chunks and runs them in rounds of pp
// microbatches; the warm-up is 2·(pp − stage − 1) + (vpp − 1)·pp forwards.
#include "workloads/schedules/schedules.hpp"

#include <algorithm>

namespace weft::workloads {
namespace {

Slot slot_at(const Pipeline& p, std::int64_t k, Phase phase) {
  const std::int64_t round = p.pp * p.vpp;
  const std::int64_t chunk = k % round / p.pp;
  const std::int64_t microbatch = k / round * p.pp + k % p.pp;
  return {phase, std::int32_t(phase == Phase::forward ? chunk : p.vpp - 1 - chunk), std::int32_t(microbatch)};
}

} // namespace

Slots interleaved_slots(const Pipeline& p) {
  Slots out;
  const std::int64_t total = p.microbatches * p.vpp;
  for (std::int64_t stage = 0; stage < p.pp; ++stage) {
    std::vector<Slot> slots;
    const std::int64_t first = 2 * (p.pp - stage - 1) + (p.vpp - 1) * p.pp + (p.paired ? 1 : 0);
    const std::int64_t warm_up = std::min(total, first);
    for (std::int64_t k = 0; k < warm_up; ++k)
      slots.push_back(slot_at(p, k, Phase::forward));
    for (std::int64_t k = 0; k < total; ++k) {
      if (warm_up + k < total) {
        slots.push_back(slot_at(p, warm_up + k, Phase::forward));
        slots.back().paired = p.paired;
      }
      slots.push_back(slot_at(p, k, Phase::backward));
    }
    out.push_back(std::move(slots));
  }
  return out;
}

} // namespace weft::workloads
