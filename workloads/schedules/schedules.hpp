#pragma once
// The schedules, one file each. A new one: its .cpp here and a row in the table of schedule.cpp.

#include "workloads/schedule.hpp"

namespace weft::workloads {

struct Pipeline {
  std::int64_t stage = 0, pp = 1, vpp = 1, microbatches = 1;
};
using MakeSlots = std::vector<Slot> (*)(const Pipeline&);

std::vector<Slot> one_f_one_b_slots(const Pipeline& pipeline);
std::vector<Slot> interleaved_slots(const Pipeline& pipeline);

} // namespace weft::workloads
