#include "sim/busy.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace weft::sim {
namespace {

class Busy {
public:
  Busy(const Placement& placement, const platforms::Topology& topology, const CollectivePricer& collectives,
       const std::vector<double>& capacity, const StepResult& result)
      : placement_(placement), topology_(topology), collectives_(collectives), capacity_(capacity), r_(result),
        under_way_(result.folded.links.size()), could_(result.links.size(), 0) {}

  /// Bytes that a group's links could have carried while something was under way on them.
  std::vector<double> could_carry() {
    for (std::size_t c = 0; c < r_.folded.communicators.size(); ++c)
      if (r_.program.fused & bit(r_.role_of_communicator[c]))
        inside(c);
      else
        messages(c);
    for (std::size_t l = 0; l < under_way_.size(); ++l) {
      const auto& link = r_.folded.links[l];
      if (under_way_[l].empty()) continue;
      const double of_one = link.bytes_per_second * seconds(l);
      for (const auto& [group, links] : link.groups)
        could_[std::size_t(group)] += double(links) * of_one;
    }
    return std::move(could_);
  }

private:
  using Span = std::pair<double, double>;

  /// All links of a class are crossed by the same messages at the same dates.
  void messages(std::size_t c) {
    const auto& folded = r_.folded.communicators[c];
    const auto& real = placement_.communicators[std::size_t(folded.representative)];
    if (real.patterns.empty()) return;
    const auto& rank = r_.folded.ranks[std::size_t(
        r_.folded.rank_class[std::size_t(placement_.members_of(real).front())])]; // of a channel the sender
    const StageProgram& program = r_.program.stages[std::size_t(rank.stage)];
    const auto& ops = program.by_tag[index(real.role)];
    for (std::size_t tag = 0; tag < r_.run.messages[c].size() && tag < ops.size(); ++tag) {
      const MessageSpan& span = r_.run.messages[c][tag];
      if (ops[tag] < 0 || !(span.end > span.begin)) continue;
      const Message& m = r_.program.messages[std::size_t(program.ops[std::size_t(ops[tag])].message)];
      const std::size_t pattern = collectives_.pattern_of({m.op, m.size.count(), m.rate}, real);
      for (const LinkUse& use : folded.paths[pattern].uses)
        under_way_[use.link].emplace_back(span.begin, span.end);
    }
  }
  /// Of any of them: the spans' union.
  [[nodiscard]] double seconds(std::size_t link) {
    auto& spans = under_way_[link];
    std::sort(spans.begin(), spans.end());
    double out = 0, until = spans.front().first;
    for (const auto& [begin, end] : spans) {
      out += std::max(0.0, end - std::max(begin, until));
      until = std::max(until, end);
    }
    return out;
  }

  /// Collectives inside compute ops: a rank runs them one after the other, and nobody else is on their links.
  void inside(std::size_t c) {
    const auto& folded = r_.folded.communicators[c];
    const auto& real = placement_.communicators[std::size_t(folded.representative)];
    const auto& rank = r_.folded.ranks[std::size_t(folded.members.front())];
    const Costs& costs = r_.costs[std::size_t(rank.kind)];
    double seconds = 0;
    for (const Op& op : r_.program.stages[std::size_t(rank.stage)].ops)
      if (op.kind == OpKind::compute) seconds += op.share * of_role(costs[std::size_t(op.cost)], real.role);
    std::set<std::uint32_t> links; // of whichever pattern
    for (const Placement::Pattern& pattern : real.patterns)
      for (const LinkUse& use : placement_.uses_of(pattern))
        if (links.insert(use.link).second)
          could_[topology_.group_of(placement_.links[use.link].id)] +=
              double(folded.count) * capacity_[use.link] * seconds;
  }
  static double of_role(const Cost& cost, Role role) {
    auto of = [&](Dim d) { return cost.collectives[std::size_t(d)]; };
    return role == Role::cp ? of(Dim::cp) : role == Role::ep ? of(Dim::ep) : of(Dim::tp) + of(Dim::other);
  }

  const Placement& placement_;
  const platforms::Topology& topology_;
  const CollectivePricer& collectives_;
  const std::vector<double>& capacity_;
  const StepResult& r_;
  std::vector<std::vector<Span>> under_way_; ///< by link class
  std::vector<double> could_;                ///< by group of links
};

} // namespace

void count_busy(const Placement& placement, const platforms::Topology& topology, const CollectivePricer& collectives,
                const std::vector<double>& capacity, StepResult& r) {
  const std::vector<double> could = Busy(placement, topology, collectives, capacity, r).could_carry();
  for (std::size_t g = 0; g < could.size(); ++g)
    if (topology.groups()[g].binding && could[g] > 0) r.links[g].while_busy = r.links[g].bytes / could[g];
}

} // namespace weft::sim
