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

std::vector<Slot> interleaved_slots(const Pipeline& p) {
  std::vector<Slot> out;
  const std::int64_t total = p.microbatches * p.vpp;
  const std::int64_t warm_up = std::min(total, 2 * (p.pp - p.stage - 1) + (p.vpp - 1) * p.pp);
  for (std::int64_t k = 0; k < warm_up; ++k)
    out.push_back(slot_at(p, k, Phase::forward));
  for (std::int64_t k = 0; k < total; ++k) {
    if (warm_up + k < total) out.push_back(slot_at(p, warm_up + k, Phase::forward));
    out.push_back(slot_at(p, k, Phase::backward));
  }
  return out;
}

} // namespace weft::workloads
