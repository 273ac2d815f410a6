#include "workloads/schedule.hpp"

#include "workloads/schedules/schedules.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weft::workloads {
namespace {

constexpr std::array schedules{std::pair<Schedule, MakeSlots>{Schedule::one_f_one_b, one_f_one_b_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::interleaved, interleaved_slots}};

} // namespace

std::vector<Slot> stage_slots(Schedule schedule, std::int64_t stage, std::int64_t pp, std::int64_t vpp,
                              std::int64_t microbatches) {
  for (const auto& [kind, make] : schedules)
    if (kind == schedule) return make({stage, pp, vpp, microbatches});
  return {};
}

std::int64_t peak_in_flight(const std::vector<Slot>& slots) {
  std::int64_t now = 0, peak = 0;
  for (const Slot& slot : slots) {
    now += slot.phase == Phase::forward ? 1 : -1;
    peak = std::max(peak, now);
  }
  return peak;
}

double closed_form_bubble(std::int64_t pp, std::int64_t vpp, std::int64_t microbatches) {
  const double idle = double(pp - 1);
  return idle / (double(vpp) * double(microbatches) + idle);
}

} // namespace weft::workloads
