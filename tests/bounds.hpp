#pragma once
// What no step can beat, whoever shares its links out: the work of its busiest link, and the longest chain of computes
// and messages, each as long as it takes alone. Neither engine nor solver is asked.

#include "analysis/load.hpp"
#include "platforms/topology.hpp"
#include "sim/collective.hpp"
#include "sim/result.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace weft::test {

class Bounds {
public:
  /// `step` was simulated without folding; both outlive this.
  Bounds(const analysis::Loaded& loaded, const sim::StepResult& step)
      : step_(step), topology_(loaded.cluster, loaded.cluster.ranks()),
        choice_(*sim::Choice::make(loaded.cluster, loaded.scenario.stack.collectives)),
        placement_(sim::place(loaded.scenario, topology_, choice_, step.calls,
                              sim::Symmetry::none(loaded.scenario.plan), std::uint64_t(step.seed))),
        prices_(loaded.cluster, choice_) {
    make_cells();
  }

  /// Seconds for which the link with the most to carry is busy at its full rate.
  [[nodiscard]] double busiest_link() const {
    std::vector<double> busy(step_.folded.links.size(), 0);
    for (std::size_t c = 0; c < step_.folded.communicators.size(); ++c) {
      const auto& paths = step_.folded.communicators[c].paths;
      std::vector<double> units(paths.size(), 0);
      for (const std::int32_t op : program(first_member(c)).by_tag[index(role(c))])
        if (op >= 0 && !paths.empty()) units[transfer(c, op).pattern] += transfer(c, op).units;
      for (std::size_t p = 0; p < paths.size(); ++p)
        for (const sim::LinkUse& use : paths[p].uses)
          busy[use.link] +=
              double(use.weight) / paths[p].parts * units[p] / step_.folded.links[use.link].bytes_per_second;
    }
    return busy.empty() ? 0 : *std::max_element(busy.begin(), busy.end());
  }

  /// Seconds of the longest chain; messages take no time where they are ideal.
  double longest_chain(const std::vector<sim::Costs>& costs, bool ideal) {
    costs_ = &costs;
    ideal_ = ideal;
    last_ = 0;
    state_.assign(step_.folded.ranks.size(), {});
    met_.assign(step_.folded.communicators.size(), {});
    cell_met_.assign(cells_.size(), {});
    host_.assign(state_.size(), 0);
    for (std::size_t r = 0; r < state_.size(); ++r)
      for (std::size_t op = 0; op < program(r).ops.size(); ++op) {
        state_[r].push_back({0, program(r).ops[op].waits});
        if (state_[r][op].awaited == 0) ready_.emplace_back(r, op);
      }
    std::size_t started = 0, all = 0;
    for (std::size_t r = 0; r < state_.size(); ++r)
      all += state_[r].size();
    for (; !ready_.empty(); ++started) {
      const auto [rank, op] = ready_.back();
      ready_.pop_back();
      start(rank, std::int32_t(op));
    }
    return started == all ? last_ : -1; // stuck
  }

private:
  struct Event {
    double date = 0;          ///< latest of what it waits for
    std::int32_t awaited = 0; ///< how much more, or for a meeting how many have come
  };
  [[nodiscard]] const sim::StageProgram& program(std::size_t rank) const {
    return step_.program.stages[std::size_t(step_.folded.ranks[rank].stage)];
  }
  [[nodiscard]] const sim::Placement::Communicator& real(std::size_t c) const {
    return placement_.communicators[std::size_t(step_.folded.communicators[c].representative)];
  }
  [[nodiscard]] sim::Role role(std::size_t c) const { return real(c).role; }
  [[nodiscard]] std::size_t class_of(std::int32_t cell) const {
    return std::size_t(step_.folded.rank_class[std::size_t(cell)]);
  }
  /// Of a channel the sender.
  [[nodiscard]] std::size_t first_member(std::size_t c) const {
    return class_of(placement_.members_of(real(c)).front());
  }
  [[nodiscard]] sim::Transfer transfer(std::size_t c, std::int32_t op) const {
    const auto& m = step_.program.messages[std::size_t(program(first_member(c)).ops[std::size_t(op)].message)];
    return prices_.price(m.op, m.size, real(c), m.rate) * m.share;
  }
  [[nodiscard]] double alone(std::size_t c, std::int32_t op) const {
    if (ideal_) return 0;
    const sim::Transfer t = transfer(c, op);
    const auto& paths = step_.folded.communicators[c].paths;
    if (paths.empty()) return t.latency;
    double unit = paths[t.pattern].unit_seconds;
    for (const sim::LinkUse& use : paths[t.pattern].uses)
      unit =
          std::max(unit, double(use.weight) / paths[t.pattern].parts / step_.folded.links[use.link].bytes_per_second);
    return t.latency + t.units * unit;
  }

  /// Ranks whose collectives are inside their computes go in lockstep.
  void make_cells() {
    std::vector<std::size_t> root(step_.folded.ranks.size());
    std::iota(root.begin(), root.end(), 0);
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t c = 0; c < step_.folded.communicators.size(); ++c) {
        if ((step_.program.fused & bit(role(c))) == 0) continue;
        std::size_t least = root.size();
        for (const std::int32_t m : step_.folded.communicators[c].members)
          least = std::min(least, root[std::size_t(m)]);
        for (const std::int32_t m : step_.folded.communicators[c].members) {
          moved = moved || root[std::size_t(m)] != least;
          root[std::size_t(m)] = least;
        }
      }
    }
    cells_.assign(root.size(), {});
    for (std::size_t r = 0; r < root.size(); ++r)
      cells_[root[r]].push_back(r);
    cell_of_ = root;
  }

  void start(std::size_t rank, std::int32_t id) {
    const sim::Op& op = program(rank).ops[std::size_t(id)];
    const double now = state_[rank][std::size_t(id)].date;
    if (op.kind == sim::OpKind::receive) {
      end(rank, id, now);
    } else if (op.kind == sim::OpKind::compute) {
      const auto& members = cells_[cell_of_[rank]];
      if (!meet(cell_met_[cell_of_[rank]], std::size_t(id), now, members.size())) return;
      double seconds = 0, issued = 0;
      for (const std::size_t m : members) {
        const sim::Cost& cost = (*costs_)[std::size_t(step_.folded.ranks[m].kind)][std::size_t(op.cost)];
        issued = std::max(issued, host_[m] += op.share * cost.host);
        seconds = std::max(seconds, op.share * ((cost.elastic + cost.scalable) / step_.speed_of_class[m] + cost.rigid -
                                                cost.scalable));
      }
      const double computed = cell_met_[cell_of_[rank]][std::size_t(id)].date + seconds;
      for (const std::size_t m : members)
        end(m, id, seconds > 0 ? std::max(computed, issued) : computed);
    } else {
      const auto c = std::size_t(step_.folded.ranks[rank].communicator[index(op.role)]);
      if (op.kind == sim::OpKind::send) {
        const double date = now + alone(c, id);
        const std::size_t to = class_of(placement_.members_of(real(c)).back());
        const auto& receives = program(to).by_tag[index(sim::receiver_of(op.role))];
        end(rank, id, date);
        if (std::size_t(op.tag) < receives.size()) arrive(to, receives[std::size_t(op.tag)], date);
        return;
      }
      const auto& members = step_.folded.communicators[c].members;
      if (!meet(met_[c], std::size_t(op.tag), now, members.size())) return;
      const std::int32_t first = program(first_member(c)).by_tag[index(op.role)][std::size_t(op.tag)];
      const double date = met_[c][std::size_t(op.tag)].date + alone(c, first);
      for (const std::int32_t m : members)
        end(std::size_t(m), program(std::size_t(m)).by_tag[index(op.role)][std::size_t(op.tag)], date);
    }
  }
  /// Whether everybody is there.
  static bool meet(std::vector<Event>& at, std::size_t which, double now, std::size_t members) {
    if (at.size() <= which) at.resize(which + 1);
    at[which].date = std::max(at[which].date, now);
    return std::size_t(++at[which].awaited) == members;
  }
  void end(std::size_t rank, std::int32_t id, double date) {
    last_ = std::max(last_, date);
    const sim::Op& op = program(rank).ops[std::size_t(id)];
    for (std::int32_t i = 0; i < op.successor_count; ++i)
      arrive(rank, program(rank).successors[std::size_t(op.first_successor + i)], date);
  }
  void arrive(std::size_t rank, std::int32_t id, double date) {
    if (id < 0) return; // for the step after this one
    Event& event = state_[rank][std::size_t(id)];
    event.date = std::max(event.date, date);
    if (--event.awaited == 0) ready_.emplace_back(rank, std::size_t(id));
  }

  const sim::StepResult& step_;
  platforms::Topology topology_;
  sim::Choice choice_;
  sim::Placement placement_;
  sim::CollectivePricer prices_;
  std::vector<std::vector<std::size_t>> cells_; ///< by its lowest rank; empty for the others
  std::vector<std::size_t> cell_of_;
  const std::vector<sim::Costs>* costs_ = nullptr;
  bool ideal_ = false;
  double last_ = 0;
  std::vector<std::vector<Event>> state_;          ///< by rank and op
  std::vector<double> host_;                       ///< by rank: date at which its host has issued all that it began
  std::vector<std::vector<Event>> met_, cell_met_; ///< by communicator and tag, by cell and op
  std::vector<std::pair<std::size_t, std::size_t>> ready_;
};

} // namespace weft::test
