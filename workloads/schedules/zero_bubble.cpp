// Zero-bubble pipelines (Qi et al., arXiv 2401.10241): the backward is split, input gradients run first and weight
// gradients fill the gaps. H1 keeps 1F1B's memory in a fixed pattern; 1p and 2p are laid out for the given durations
// by the paper's greedy search (section 3.1) within one and two times 1F1B's memory.
#include "workloads/schedules/schedules.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace weft::workloads {
namespace {

/// What the search varies.
struct Taste {
  bool full_warm_up = false; ///< no forward before the first input gradient that would delay it
  bool inputs_first = false; ///< hold a forward back where the next stage is behind
  bool eager = false;        ///< a weight gradient also where it makes a gap no worse than the worst stage's
};

/// Runs the pipeline microbatch by microbatch: a forward where it pays, an input gradient, weight gradients in the
/// gaps and where memory is short. Memory is counted in microbatches: a forward takes one, an input gradient gives
/// back what the weight gradient does not need.
class Search {
public:
  Search(const Pipeline& p, double limit, const Taste& taste)
      : p_(p), m_(p.microbatches), limit_(limit), taste_(taste), stages_(std::size_t(p.pp)) {
    for (Stage& s : stages_) {
      s.forward_end.reserve(std::size_t(m_));
      s.input_end.reserve(std::size_t(m_));
    }
  }

  /// Nothing when memory gets stuck.
  std::optional<Filled> run() {
    warm_up();
    for (std::int64_t i = 1; i < m_ && !stuck_; ++i) {
      forwards();
      inputs();
    }
    if (stuck_) return std::nullopt;
    Filled out;
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      while (stages_[s].weights < m_)
        place(s, Phase::weight);
      out.end = std::max(out.end, stages_[s].clock - stages_[s].begin);
      out.slots.push_back(std::move(stages_[s].slots));
    }
    return out;
  }

private:
  struct Stage {
    std::vector<Slot> slots;
    std::vector<double> forward_end, input_end;
    std::int64_t weights = 0;
    double begin = 0, clock = 0, held = 0, idle = 0;
    [[nodiscard]] std::int64_t forwards() const { return std::int64_t(forward_end.size()); }
    [[nodiscard]] std::int64_t inputs() const { return std::int64_t(input_end.size()); }
    [[nodiscard]] bool pending() const { return weights < inputs(); }
  };
  [[nodiscard]] std::size_t last() const { return stages_.size() - 1; }
  [[nodiscard]] double worst_idle() const {
    double out = 0;
    for (const Stage& s : stages_)
      out = std::max(out, s.idle);
    return out;
  }
  /// When the input of a stage's next forward or input gradient is there.
  [[nodiscard]] double arrival(std::size_t s, Phase phase) const {
    const Stage& st = stages_[s];
    if (phase == Phase::forward)
      return s == 0 ? 0 : stages_[s - 1].forward_end[std::size_t(st.forwards())] + p_.times.message;
    if (s == last()) return 0;
    return stages_[s + 1].input_end[std::size_t(st.inputs())] + p_.times.message;
  }

  void place(std::size_t s, Phase phase) {
    Stage& st = stages_[s];
    double start = st.clock;
    if (phase == Phase::weight) {
      st.slots.push_back({phase, 0, std::int32_t(st.weights++)});
      st.clock += p_.times.weight;
      st.held -= p_.weight_share;
      return;
    }
    start = std::max(start, arrival(s, phase));
    if (st.forwards() > 0)
      st.idle += start - st.clock;
    else
      st.begin = start;
    const bool forward = phase == Phase::forward;
    st.slots.push_back({phase, 0, std::int32_t(forward ? st.forwards() : st.inputs())});
    st.clock = start + (forward ? p_.times.forward : p_.times.input);
    st.held += forward ? 1 : p_.weight_share - 1;
    (forward ? st.forward_end : st.input_end).push_back(st.clock);
  }

  /// Weight gradients while the stage waits for `date`.
  void fill(std::size_t s, double date) {
    Stage& st = stages_[s];
    while (st.pending() && st.clock + p_.times.weight <= date)
      place(s, Phase::weight);
    if (!st.pending() || st.clock >= date) return; // else a gap too short for one
    if (date - st.clock > worst_idle() - st.idle || taste_.eager) place(s, Phase::weight);
  }
  void make_room(std::size_t s) {
    Stage& st = stages_[s];
    while (st.held + 1 > limit_ + 1e-9 && st.pending())
      place(s, Phase::weight);
    stuck_ = stuck_ || st.held + 1 > limit_ + 1e-9;
  }

  void warm_up() {
    for (std::size_t s = 0; s < stages_.size(); ++s)
      place(s, Phase::forward);
    std::vector<std::int64_t> more(stages_.size(), 0);
    double first = stages_.back().clock + p_.times.input; // when the stage after has done the first input gradient
    for (std::size_t s = last(); s-- > 0;) {
      first += p_.times.message;
      double clock = stages_[s].clock, held = stages_[s].held;
      while (1 + more[s] < m_ && held + 1 <= limit_ + 1e-9 &&
             (taste_.full_warm_up ? clock < first : clock + p_.times.forward <= first)) {
        held += 1;
        clock += p_.times.forward;
        ++more[s];
      }
      first = std::max(clock, first) + p_.times.input;
    }
    for (std::size_t s = 1; s < stages_.size(); ++s) // no more than the stage before has sent
      more[s] = std::min(more[s], std::max<std::int64_t>(0, more[s - 1] - (1 + more[s] < m_ ? 1 : 0)));
    for (std::size_t s = 0; s < stages_.size(); ++s)
      for (std::int64_t i = 0; i < more[s]; ++i)
        place(s, Phase::forward);
    for (std::size_t s = stages_.size(); s-- > 0;)
      place(s, Phase::input);
  }

  /// Whether a stage does one more forward in this round.
  [[nodiscard]] bool wants_forward(std::size_t s) const {
    const Stage& st = stages_[s];
    if (st.forwards() >= m_) return false;
    if (!taste_.inputs_first || s == last() || st.forwards() < stages_[s + 1].forwards() + 2) return true;
    const double next = stages_[s + 1].clock + p_.times.forward + p_.times.input + p_.times.message;
    if (st.clock >= next) return false;
    double room = 0, held = st.held + 1;
    for (std::int64_t w = st.weights; held > limit_ + 1e-9 && w < st.inputs(); ++w) {
      room += p_.times.weight;
      held -= p_.weight_share;
    }
    if (st.clock + p_.times.forward + room <= next) return true;
    return next - st.clock > worst_idle() - st.idle;
  }
  void forwards() {
    std::vector<bool> wanted;
    for (std::size_t s = 0; s < stages_.size(); ++s)
      wanted.push_back(wants_forward(s));
    for (std::size_t s = last(); s-- > 0;) // a forward that the next stage does not follow up only takes memory
      wanted[s] = wanted[s] && wanted[s + 1];
    for (std::size_t s = 0; s < stages_.size() && !stuck_; ++s) {
      if (!wanted[s]) continue;
      make_room(s);
      if (stuck_) return;
      if (s > 0) fill(s, arrival(s, Phase::forward));
      place(s, Phase::forward);
    }
  }
  void inputs() {
    for (std::size_t s = stages_.size(); s-- > 0;) {
      if (s < last()) fill(s, arrival(s, Phase::input));
      if (s == 0 && stages_[0].forwards() == m_) // the first stage has no one left to keep waiting
        while (stages_[0].pending())
          place(0, Phase::weight);
      place(s, Phase::input);
    }
  }

  const Pipeline& p_;
  std::int64_t m_;
  double limit_;
  Taste taste_;
  std::vector<Stage> stages_;
  bool stuck_ = false;
};

/// The fixed pattern: 1F1B with stage s deferring s weight gradients.
Slots pattern(const Pipeline& p) {
  Slots out;
  for (std::int64_t stage = 0; stage < p.pp; ++stage) {
    const std::int64_t warm_up = std::min(p.microbatches, p.pp - stage);
    std::vector<Slot> slots;
    for (std::int64_t j = 0; j < warm_up; ++j)
      slots.push_back({Phase::forward, 0, std::int32_t(j)});
    for (std::int64_t j = 0; j < p.microbatches; ++j) {
      slots.push_back({Phase::input, 0, std::int32_t(j)});
      if (j >= stage) slots.push_back({Phase::weight, 0, std::int32_t(j - stage)});
      if (warm_up + j < p.microbatches) slots.push_back({Phase::forward, 0, std::int32_t(warm_up + j)});
    }
    for (std::int64_t j = std::max<std::int64_t>(0, p.microbatches - stage); j < p.microbatches; ++j)
      slots.push_back({Phase::weight, 0, std::int32_t(j)});
    out.push_back(std::move(slots));
  }
  return out;
}

Slots best_of(const Pipeline& p, double limit) {
  Filled best{pattern(p), 0};
  best.end = longest_stage(best.slots, p, Shape::loop);
  for (int i = 0; i < 8; ++i)
    if (auto now = Search(p, limit, {(i & 1) != 0, (i & 2) != 0, (i & 4) != 0}).run())
      if (now->end < best.end - 1e-12) best = std::move(*now);
  return best.slots;
}

} // namespace

Slots zb_h1_slots(const Pipeline& p) {
  return pattern(p);
}
Slots zb_1p_slots(const Pipeline& p) {
  return best_of(p, double(p.pp));
}
Slots zb_2p_slots(const Pipeline& p) {
  return best_of(p, 2 * double(p.pp));
}

} // namespace weft::workloads
