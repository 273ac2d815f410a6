// Zero-bubble pipelines (Qi et al., arXiv 2401.10241): the backward is split, input gradients run first and weight
// gradients fill the gaps. H1 keeps 1F1B's memory in a fixed pattern; 1p and 2p lay the weight gradients out for
// the given durations within one and two times 1F1B's memory, trying several warm-ups as the paper's search does.
#include "workloads/schedules/schedules.hpp"

#include <algorithm>

namespace weft::workloads {
namespace {

/// Warm-up of `depth`·(pp − stage) − (depth − 1) forwards and `more` times the stage, then input gradients and
/// forwards alternate.
Slots alternate(const Pipeline& p, std::int64_t depth, double more) {
  Slots out;
  for (std::int64_t stage = 0; stage < p.pp; ++stage) {
    std::vector<Slot> slots;
    const std::int64_t wanted = depth * (p.pp - stage) - (depth - 1) + std::int64_t(more * double(stage));
    const std::int64_t warm_up = std::min(p.microbatches, wanted);
    for (std::int64_t j = 0; j < warm_up; ++j)
      slots.push_back({Phase::forward, 0, std::int32_t(j)});
    for (std::int64_t j = 0; j < p.microbatches; ++j) {
      slots.push_back({Phase::input, 0, std::int32_t(j)});
      if (warm_up + j < p.microbatches) slots.push_back({Phase::forward, 0, std::int32_t(warm_up + j)});
    }
    out.push_back(std::move(slots));
  }
  return out;
}

/// The fixed pattern: stage s defers depth·s weight gradients.
Slots pattern(const Pipeline& p, std::int64_t depth) {
  Slots out = alternate(p, depth, 0);
  for (std::int64_t stage = 0; stage < p.pp; ++stage) {
    const std::int64_t deferred = depth * stage;
    std::vector<Slot> with;
    std::int64_t inputs = 0;
    for (const Slot& slot : out[std::size_t(stage)]) {
      with.push_back(slot);
      if (slot.phase != Phase::input) continue;
      ++inputs;
      if (inputs > deferred) with.push_back({Phase::weight, 0, std::int32_t(inputs - deferred - 1)});
    }
    for (std::int64_t j = std::max<std::int64_t>(0, inputs - deferred); j < inputs; ++j)
      with.push_back({Phase::weight, 0, std::int32_t(j)});
    out[std::size_t(stage)] = std::move(with);
  }
  return out;
}

Slots best_of(const Pipeline& p, std::int64_t depth, std::int64_t limit) {
  const std::vector<std::int64_t> limits(std::size_t(p.pp), limit);
  Filled best{pattern(p, depth), 0};
  best.end = duration(best.slots, p, Shape::loop);
  for (double more : {0.0, 0.5, 1.0}) {
    Filled now = fill_weights(alternate(p, depth, more * double(depth)), p, Shape::loop, limits);
    if (now.end < best.end) best = std::move(now);
  }
  return best.slots;
}

} // namespace

Slots zb_h1_slots(const Pipeline& p) {
  return pattern(p, 1);
}
Slots zb_1p_slots(const Pipeline& p) {
  return best_of(p, 1, p.pp);
}
Slots zb_2p_slots(const Pipeline& p) {
  return best_of(p, 2, 2 * p.pp - 1);
}

} // namespace weft::workloads
