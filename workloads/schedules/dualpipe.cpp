// DualPipe (DeepSeek-V3, arXiv 2412.19437, section 3.2.1, and the order of its open implementation): two copies of
// the model run through the stages from both ends, half the microbatches each; in the middle a forward of one
// direction runs together with a backward of the other.
#include "workloads/schedules/schedules.hpp"

#include <deque>

namespace weft::workloads {
namespace {

/// One stage's slots. "Near" is the direction that starts at the stage's own end of the pipeline.
class Stage {
public:
  Stage(std::int64_t pp, std::int64_t stage) : near_(stage < pp / 2 ? 0 : 1) {}

  void forward(int far, bool paired = false) { add(Phase::forward, far, next_forward_[far]++, paired); }
  void backward(int far) { add(Phase::backward, far, next_backward_[far]++, false); }
  void input(int far) {
    add(Phase::input, far, next_backward_[far], false);
    pending_.push_back({far, next_backward_[far]++});
  }
  void weight() {
    add(Phase::weight, pending_.front().first, pending_.front().second, false);
    pending_.pop_front();
  }
  void both(int far_forward) { // forward of one direction, backward of the other
    forward(far_forward, true);
    backward(1 - far_forward);
  }
  std::vector<Slot> take() { return std::move(slots_); }

private:
  void add(Phase phase, int far, std::int32_t microbatch, bool paired) {
    slots_.push_back({phase, far == 0 ? near_ : 1 - near_, microbatch, paired});
  }
  std::int32_t near_;
  std::int32_t next_forward_[2] = {0, 0}, next_backward_[2] = {0, 0};
  std::deque<std::pair<int, std::int32_t>> pending_;
  std::vector<Slot> slots_;
};

} // namespace

Slots dualpipe_slots(const Pipeline& p) {
  Slots out;
  const std::int64_t half = p.pp / 2, each = p.microbatches / 2;
  for (std::int64_t stage = 0; stage < p.pp; ++stage) {
    const std::int64_t depth = std::min(stage, p.pp - 1 - stage); // distance from the stage's own end
    const std::int64_t inside = half - depth - 1;
    Stage s(p.pp, stage);
    for (std::int64_t i = 0; i < 2 * inside; ++i)
      s.forward(0);
    for (std::int64_t i = 0; i <= depth; ++i) {
      s.forward(0);
      s.forward(1);
    }
    for (std::int64_t i = 0; i < inside; ++i) {
      s.input(1);
      s.weight();
      s.forward(1);
    }
    for (std::int64_t i = 0; i < each - p.pp + depth + 1; ++i) {
      if (i == 0 && inside == 0) { // the two middle stages send before they can pair
        s.forward(0);
        s.backward(1);
      } else {
        s.both(0);
      }
      s.both(1);
    }
    for (std::int64_t i = 0; i < inside; ++i) {
      s.backward(1);
      s.both(1);
    }
    bool split = false;
    for (std::int64_t i = 0; i <= depth; ++i) {
      const bool middle = i == (depth + 1) / 2;
      if (middle && depth % 2 == 1) split = true;
      split ? s.input(1) : s.backward(1);
      if (middle && depth % 2 == 0) split = true;
      split ? s.input(0) : s.backward(0);
    }
    for (std::int64_t i = 0; i < inside; ++i) {
      s.weight();
      s.input(0);
    }
    for (std::int64_t i = 0; i <= depth; ++i)
      s.weight();
    out.push_back(s.take());
  }
  return out;
}

} // namespace weft::workloads
