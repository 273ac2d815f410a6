#pragma once
// Pipeline schedules as ordered slots of a stage. A schedule says order only; sim adds time and messages.

#include "workloads/plan.hpp"

#include <cstdint>
#include <vector>

namespace weft::workloads {

enum class Phase { forward, backward };

struct Slot {
  Phase phase{};
  std::int32_t chunk = 0;      ///< 0 .. vpp-1; virtual stage = chunk·pp + stage
  std::int32_t microbatch = 0; ///< 0 .. m-1
};

/// The order in which stage `stage` of `pp` runs its slots: every (phase, chunk, microbatch) exactly once.
std::vector<Slot> stage_slots(Schedule schedule, std::int64_t stage, std::int64_t pp, std::int64_t vpp,
                              std::int64_t microbatches);

/// Largest number of chunk-microbatches whose forward is done and backward is not, at this stage.
std::int64_t peak_in_flight(const std::vector<Slot>& slots);

/// Idle share of a stage with equal forward and backward slots and no communication:
/// (pp-1)/(vpp·m + pp-1) (Narayanan et al. 2021, section 2.2).
double closed_form_bubble(std::int64_t pp, std::int64_t vpp, std::int64_t microbatches);

} // namespace weft::workloads
