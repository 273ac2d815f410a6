#include "workloads/schedule.hpp"

#include "workloads/schedules/schedules.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace weft::workloads {
namespace {

constexpr std::array schedules{std::pair<Schedule, MakeSlots>{Schedule::one_f_one_b, one_f_one_b_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::interleaved, interleaved_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::gpipe, gpipe_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::zb_h1, zb_h1_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::zb_1p, zb_1p_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::zb_2p, zb_2p_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::zb_v, zb_v_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::v_half, v_half_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::v_min, v_min_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::dualpipe, dualpipe_slots},
                               std::pair<Schedule, MakeSlots>{Schedule::async, async_slots}};

} // namespace

bool steps_apart(Schedule schedule) {
  switch (schedule) {
  case Schedule::zb_1p:
  case Schedule::zb_2p:
  case Schedule::zb_v:
  case Schedule::v_half:
  case Schedule::v_min:
  case Schedule::async: return true;
  default: return false;
  }
}

std::vector<std::vector<Slot>> pipeline_slots(Schedule schedule, const Pipeline& pipeline) {
  for (const auto& [kind, make] : schedules)
    if (kind == schedule) return make(pipeline);
  return {};
}

double peak_in_flight(const std::vector<Slot>& slots, double weight_share) {
  double now = double(left_open(slots).size()), peak = now;
  for (const Slot& slot : slots) {
    switch (slot.phase) {
    case Phase::forward: now += 1; break;
    case Phase::backward: now -= 1; break;
    case Phase::input: now += weight_share - 1; break;
    case Phase::weight: now -= weight_share; break;
    }
    peak = std::max(peak, now);
  }
  return peak;
}

std::vector<Slot> left_open(const std::vector<Slot>& slots) {
  std::vector<Slot> out;
  std::set<std::pair<std::int32_t, std::int32_t>> forwarded;
  for (const Slot& slot : slots) {
    if (slot.phase == Phase::forward) forwarded.insert({slot.chunk, slot.microbatch});
    if (writes_gradient(slot.phase) && !forwarded.contains({slot.chunk, slot.microbatch})) out.push_back(slot);
  }
  return out;
}

double closed_form_bubble(std::int64_t pp, std::int64_t vpp, std::int64_t microbatches) {
  const double idle = double(pp - 1);
  return idle / (double(vpp) * double(microbatches) + idle);
}

} // namespace weft::workloads
