#pragma once
// Pipeline schedules as ordered slots of every stage. A schedule says order only; sim adds time and messages.

#include "workloads/plan.hpp"

#include <cstdint>
#include <vector>

namespace weft::workloads {

enum class Phase {
  forward,
  backward, ///< input and weight gradients together
  input,    ///< input gradients only
  weight    ///< weight gradients only
};
constexpr bool is_backward(Phase p) {
  return p == Phase::backward || p == Phase::input;
}
/// After this slot the microbatch's weight gradient is in the buffer and its activations are free.
constexpr bool writes_gradient(Phase p) {
  return p == Phase::backward || p == Phase::weight;
}

struct Slot {
  Phase phase{};
  std::int32_t chunk = 0;      ///< 0 .. vpp-1; which virtual stage that is, virtual_stage() says
  std::int32_t microbatch = 0; ///< 0 .. m-1 (bidirectional: 0 .. m/2-1 of its direction)
  bool paired = false;         ///< runs together with the next slot: the dispatch of each beside the other's compute
  bool carried = false;        ///< its input was sent in the step before (schedules without a flush)
  friend bool operator==(const Slot&, const Slot&) = default;
};

/// Relative durations that schedules with split backward are laid out for. Their order depends on the ratios only.
struct SlotTimes {
  double forward = 1, input = 1, weight = 1;
  double message = 0; ///< between stages
};

struct Pipeline {
  std::int64_t pp = 1, vpp = 1, microbatches = 1;
  /// Forward and backward slots of the steady state are paired (plan.ep_overlap). The last forward of the warm-up is
  /// not, even where it is the last of all: its pair would wait for a stage that waits for it.
  bool paired = false;
  SlotTimes times;
  double weight_share = 1; ///< of a microbatch's activations: what a split backward keeps for the weight gradient
};

/// Stages begin the next step without waiting for each other: without a flush (async-1f1b), or because the gradient
/// norm is checked after the update and undone where it was wrong (arXiv 2401.10241, section 4). What repeats is then
/// the longest stage's own time, not the time from the first slot of all to the last.
bool steps_apart(Schedule schedule);

/// The order in which each stage runs its slots: every (chunk, microbatch) has one forward and either one backward
/// or one input and one weight slot.
std::vector<std::vector<Slot>> pipeline_slots(Schedule schedule, const Pipeline& pipeline);

/// Most activations held at this stage, in chunk-microbatches: from the forward on, `weight_share` of one between its
/// input and its weight gradient; those that the step before left open included.
double peak_in_flight(const std::vector<Slot>& slots, double weight_share = 1);
/// Slots whose gradient comes before their forward: forwarded in the step before.
std::vector<Slot> left_open(const std::vector<Slot>& slots);

/// Idle share of a stage with equal forward and backward slots and no communication:
/// (pp-1)/(vpp·m + pp-1) (Narayanan et al. 2021, section 2.2).
double closed_form_bubble(std::int64_t pp, std::int64_t vpp, std::int64_t microbatches);

} // namespace weft::workloads
