// V-shaped schedules with controllable memory (Qi et al., arXiv 2405.15362): each stage holds two chunks, the second
// in reverse order, and every microbatch repeats one building block six unit times later: two forwards, two input
// gradients, two weight gradients. How far the block's parts are spread over stages sets the memory: V-Min a third
// of 1F1B's activations, V-Half a half, ZB-V all of them and no bubble.
#include "workloads/schedules/schedules.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace weft::workloads {
namespace {

constexpr std::int64_t period = 6;

/// Stages between neighbours: of the first chunk's forward and second chunk's backward, and of the other two.
struct Spread {
  std::int64_t down = 1, up = 1;
};

/// Dates of a block at one stage: forward 0, forward 1, input gradient 1, input gradient 0.
using Block = std::array<std::int64_t, 4>;

Block block_at(const Spread& s, std::int64_t pp, std::int64_t stage, const std::array<std::int64_t, 3>& delay) {
  const std::int64_t mirrored = pp - 1 - stage;
  const std::int64_t turn = s.down * (pp - 1) + 1 + delay[0];        // second chunk's forward starts at the last stage
  const std::int64_t loss = turn + s.up * (pp - 1) + 1 + delay[1];   // its backward at the first stage
  const std::int64_t back = loss + s.down * (pp - 1) + 1 + delay[2]; // the first chunk's backward at the last
  return {s.down * stage, turn + s.up * mirrored, loss + s.down * stage, back + s.up * mirrored};
}

/// Blocks of all stages, delayed as little as keeps two parts of any two blocks from meeting on a stage.
std::vector<Block> blocks(const Spread& s, std::int64_t pp) {
  std::vector<Block> best;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (std::int64_t i = 0; i < period * period * period; ++i) {
    const std::array<std::int64_t, 3> delay{i % period, i / period % period, i / period / period};
    const std::int64_t total = delay[0] + delay[1] + delay[2];
    if (total >= least) continue;
    std::vector<Block> now;
    for (std::int64_t stage = 0; stage < pp; ++stage) {
      now.push_back(block_at(s, pp, stage, delay));
      const std::set<std::int64_t> places{now.back()[0] % period, now.back()[1] % period, now.back()[2] % period,
                                          now.back()[3] % period};
      if (places.size() < 4) break;
      if (stage + 1 == pp) {
        best = now;
        least = total;
      }
    }
  }
  return best;
}

Slots order_of(const std::vector<Block>& all, std::int64_t microbatches) {
  constexpr std::array<Slot, 4> parts{Slot{Phase::forward, 0, 0}, Slot{Phase::forward, 1, 0}, Slot{Phase::input, 1, 0},
                                      Slot{Phase::input, 0, 0}};
  Slots out;
  for (const Block& block : all) {
    std::vector<std::pair<std::int64_t, Slot>> dated;
    for (std::int64_t j = 0; j < microbatches; ++j)
      for (std::size_t part = 0; part < parts.size(); ++part) {
        Slot slot = parts[part];
        slot.microbatch = std::int32_t(j);
        dated.emplace_back(block[part] + period * j, slot);
      }
    std::sort(dated.begin(), dated.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Slot> slots;
    for (const auto& [date, slot] : dated)
      slots.push_back(slot);
    out.push_back(std::move(slots));
  }
  return out;
}

Slots vee(const Pipeline& p, std::initializer_list<Spread> spreads, std::int64_t limit) {
  const std::vector<std::int64_t> limits(std::size_t(p.pp), limit);
  Filled best;
  for (const Spread& spread : spreads) {
    const auto all = blocks(spread, p.pp);
    if (all.empty()) continue;
    Filled now = fill_weights(order_of(all, p.microbatches), p, Shape::vee, limits);
    if (best.slots.empty() || now.end < best.end) best = std::move(now);
  }
  return best.slots;
}

} // namespace

Slots zb_v_slots(const Pipeline& p) {
  return vee(p, {{3, 3}, {4, 2}, {2, 4}, {5, 1}, {1, 5}}, 2 * p.pp);
}
Slots v_half_slots(const Pipeline& p) {
  return vee(p, {{2, 1}, {1, 2}}, p.pp + 2);
}
Slots v_min_slots(const Pipeline& p) {
  return vee(p, {{1, 1}}, (2 * p.pp + 2) / 3 + 2);
}

} // namespace weft::workloads
