#pragma once
// The schedules, one file each. A new one: its .cpp here and a row in the table of schedule.cpp.

#include "workloads/chunk.hpp"
#include "workloads/schedule.hpp"

namespace weft::workloads {

using Slots = std::vector<std::vector<Slot>>; ///< by stage
using MakeSlots = Slots (*)(const Pipeline&);

Slots gpipe_slots(const Pipeline& pipeline);
Slots one_f_one_b_slots(const Pipeline& pipeline);
Slots interleaved_slots(const Pipeline& pipeline);
Slots zb_h1_slots(const Pipeline& pipeline);
Slots zb_1p_slots(const Pipeline& pipeline);
Slots zb_2p_slots(const Pipeline& pipeline);
Slots zb_v_slots(const Pipeline& pipeline);
Slots v_half_slots(const Pipeline& pipeline);
Slots v_min_slots(const Pipeline& pipeline);
Slots dualpipe_slots(const Pipeline& pipeline);
Slots async_slots(const Pipeline& pipeline);

/// Weight slots put into an order of forwards and input gradients: each stage runs its next slot as soon as it
/// can; while that waits for another stage, or `limit` chunk-microbatches are held, it does weight gradients.
/// `end`: what the longest stage takes from its first slot to its last.
struct Filled {
  Slots slots;
  double end = 0;
};
Filled fill_weights(const Slots& order, const Pipeline& pipeline, Shape shape, const std::vector<std::int64_t>& limit);

/// The longest that a stage takes from its first slot to its last, weight slots included; infinite when the order gets
/// stuck. What repeats when stages begin the next step without waiting for each other.
double longest_stage(const Slots& slots, const Pipeline& pipeline, Shape shape);

} // namespace weft::workloads
