// Lays weight gradients into the gaps of an order of forwards and input gradients, by running the pipeline once
// with relative times.
#include "workloads/schedules/schedules.hpp"

#include <algorithm>
#include <deque>
#include <limits>

namespace weft::workloads {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

class Filler {
public:
  Filler(const Slots& order, const Pipeline& p, Shape shape, const std::vector<std::int64_t>& limit)
      : order_(order), p_(p), shape_(shape), limit_(limit), stages_(order.size()) {
    const std::size_t kinds = std::size_t(2 * p.pp * p.vpp * p.microbatches);
    done_.assign(kinds, never);
    out_.slots.resize(order.size());
  }

  Filled run() {
    for (;;) { // the stage that can act first acts
      std::size_t best = order_.size();
      double start = never;
      for (std::size_t s = 0; s < order_.size(); ++s)
        if (const double at = next_start(s); at < start) {
          start = at;
          best = s;
        }
      if (best == order_.size()) return std::move(out_);
      act(best);
    }
  }

private:
  struct Stage {
    std::size_t next = 0;
    std::deque<Slot> pending; ///< weight gradients not done
    double held = 0, begin = -1, free = 0;
  };

  [[nodiscard]] std::int64_t v_of(std::size_t stage, std::int32_t chunk) const {
    return virtual_stage(shape_, p_.pp, std::int64_t(stage), chunk);
  }
  [[nodiscard]] std::size_t key(bool backward, std::int64_t v, std::int32_t microbatch) const {
    return std::size_t((v * p_.microbatches + microbatch) * 2 + (backward ? 1 : 0));
  }
  /// When the slot's input is there; never: not known yet.
  [[nodiscard]] double arrival(std::size_t stage, const Slot& slot) const {
    const std::int64_t v = v_of(stage, slot.chunk), last = p_.pp * p_.vpp - 1;
    const bool forward = slot.phase == Phase::forward;
    if (forward && v == 0) return 0;
    if (!forward && v == last) return done_[key(false, v, slot.microbatch)];
    const std::int64_t from = forward ? v - 1 : v + 1;
    const bool turns = stage_of(shape_, p_.pp, from, slot.chunk) == std::int64_t(stage); // stays on its stage
    return done_[key(!forward, from, slot.microbatch)] + (turns ? 0 : p_.times.message);
  }
  /// Whether the stage does a weight gradient next although slots remain.
  [[nodiscard]] bool weight_first(std::size_t s) const {
    const Stage& st = stages_[s];
    if (st.pending.empty()) return false;
    if (st.next == order_[s].size()) return true;
    const Slot& slot = order_[s][st.next];
    if (slot.phase == Phase::forward && st.held + 1 > double(limit_[s]) + 1e-9) return true;
    return arrival(s, slot) > st.free + 1e-9;
  }
  [[nodiscard]] double next_start(std::size_t s) const {
    const Stage& st = stages_[s];
    if (weight_first(s)) {
      // A gap that is only known to exist once the neighbour has acted: wait for it to act first.
      return st.free;
    }
    if (st.next == order_[s].size()) return never;
    return std::max(st.free, arrival(s, order_[s][st.next]));
  }
  void act(std::size_t s) {
    Stage& st = stages_[s];
    if (weight_first(s)) {
      out_.slots[s].push_back(st.pending.front());
      st.pending.pop_front();
      st.held -= p_.weight_share;
      st.free += p_.times.weight;
    } else {
      const Slot slot = order_[s][st.next++];
      const bool backward = slot.phase != Phase::forward;
      st.free = std::max(st.free, arrival(s, slot));
      if (st.begin < 0) st.begin = st.free;
      st.free += backward ? p_.times.input : p_.times.forward;
      done_[key(backward, v_of(s, slot.chunk), slot.microbatch)] = st.free;
      out_.slots[s].push_back({backward ? Phase::input : Phase::forward, slot.chunk, slot.microbatch});
      if (backward) st.pending.push_back({Phase::weight, slot.chunk, slot.microbatch});
      st.held += backward ? p_.weight_share - 1 : 1;
    }
    out_.end = std::max(out_.end, st.free - st.begin);
  }

  const Slots& order_;
  const Pipeline& p_;
  Shape shape_;
  const std::vector<std::int64_t>& limit_;
  std::vector<Stage> stages_;
  std::vector<double> done_;
  Filled out_;
};

} // namespace

Filled fill_weights(const Slots& order, const Pipeline& pipeline, Shape shape, const std::vector<std::int64_t>& limit) {
  return Filler(order, pipeline, shape, limit).run();
}

double longest_stage(const Slots& slots, const Pipeline& p, Shape shape) {
  const std::int64_t last = p.pp * p.vpp - 1;
  auto key = [&](bool backward, std::int64_t v, std::int32_t j) {
    return std::size_t((v * p.microbatches + j) * 2 + (backward ? 1 : 0));
  };
  struct Stage {
    std::size_t at = 0;
    double begin = -1, free = 0;
  };
  std::vector<double> done(std::size_t(2 * p.pp * p.vpp * p.microbatches), never);
  std::vector<Stage> stages(slots.size());
  double longest = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t s = 0; s < slots.size(); ++s) {
      Stage& st = stages[s];
      for (; st.at < slots[s].size(); ++st.at) {
        const Slot& slot = slots[s][st.at];
        const std::int64_t v = virtual_stage(shape, p.pp, std::int64_t(s), slot.chunk);
        const bool forward = slot.phase == Phase::forward, input = is_backward(slot.phase);
        double ready = 0;
        if (input && v == last) ready = done[key(false, v, slot.microbatch)];
        if ((forward && v > 0) || (input && v != last)) {
          const std::int64_t from = forward ? v - 1 : v + 1;
          ready = done[key(input, from, slot.microbatch)];
          if (stage_of(shape, p.pp, from, slot.chunk) != std::int64_t(s)) ready += p.times.message;
        }
        if (ready == never) break;
        const double time = forward                         ? p.times.forward
                            : slot.phase == Phase::backward ? p.times.input + p.times.weight
                            : slot.phase == Phase::input    ? p.times.input
                                                            : p.times.weight;
        const double start = std::max(st.free, ready);
        if (st.begin < 0) st.begin = start;
        st.free = start + time;
        if (forward || input) done[key(input, v, slot.microbatch)] = st.free;
        longest = std::max(longest, st.free - st.begin);
        moved = true;
      }
    }
  }
  for (std::size_t s = 0; s < slots.size(); ++s)
    if (stages[s].at < slots[s].size()) return never;
  return longest;
}

} // namespace weft::workloads
