#include "sim/over_time.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace weft::sim {
namespace {

class OverTime {
public:
  OverTime(const Lowered& lowered, const Placement& placement, const CollectivePricer& collectives, std::size_t bins,
           StepResult& result)
      : lowered_(lowered), placement_(placement), collectives_(collectives), r_(result), begin_(result.first_begin()),
        width_((result.last_end() - begin_) / double(bins)) {
    for (const auto& load : r_.folded.loads)
      loads_[{load.communicator, load.pattern}].emplace_back(load.group, load.weight);
    for (LinkBytes& link : r_.links)
      link.over_time.assign(bins, 0);
  }

  void rank_class(std::size_t rc) {
    const std::size_t like = r_.run.first_like(rc);
    const auto& rank = r_.folded.ranks[rc];
    const auto& ops = r_.program.stages[std::size_t(rank.stage)].ops;
    for (const Op& op : ops) {
      if (op.kind != OpKind::collective && op.kind != OpKind::send) continue;
      const std::int32_t c = rank.communicator[index(op.role)];
      // Classes that do the same at all times have one timeline: what it says of their messages is said once.
      const auto& said = r_.run.messages[std::size_t(c)];
      const MessageSpan span =
          said[std::size_t(op.tag)].begin >= 0
              ? said[std::size_t(op.tag)]
              : r_.run.messages[std::size_t(r_.folded.ranks[like].communicator[index(op.role)])][std::size_t(op.tag)];
      carry(flow(r_.program.messages[std::size_t(op.message)], c, double(rank.count)), span.begin, span.end, 1);
    }
    if (!r_.program.fused) return;
    for (const ComputeSpan& span : r_.run.compute[like]) {
      const Op& op = ops[std::size_t(span.op)];
      for (const auto& [flow, times] : inside(rc, op.cost))
        carry(flow, span.begin, span.end, op.share * times);
    }
  }

private:
  struct Flow {
    std::pair<std::int32_t, std::int32_t> path; ///< communicator class, pattern
    double bytes = 0;                           ///< per unit of weight
  };

  Flow flow(const Message& m, std::int32_t c, double ranks) const {
    const auto& folded = r_.folded.communicators[std::size_t(c)];
    const auto& real = placement_.communicators[std::size_t(folded.representative)];
    if (real.patterns.empty()) return {};
    const Transfer t = collectives_.price(m.op, m.size, real, m.rate) * m.share;
    const double members = m.op == workloads::CollectiveOp::send ? 1 : double(real.span.ranks);
    return {{c, std::int32_t(t.pattern)}, t.payload * ranks / (members * double(folded.count))};
  }

  const std::vector<std::pair<Flow, double>>& inside(std::size_t rc, std::int32_t cost) {
    const auto [at, fresh] = inside_.try_emplace({rc, cost});
    if (!fresh) return at->second;
    const auto& rank = r_.folded.ranks[rc];
    for (const auto& part : lowered_.recipes[std::size_t(cost)].parts) {
      if (part.only_host) continue;
      for (const auto& step : part.work) {
        if (!step.is_collective) continue;
        const auto& c = step.collective;
        at->second.emplace_back(flow({c.op, c.bytes, dim_of(c), true, c.share},
                                     rank.communicator[index(role_of(c.group))], double(rank.count)),
                                part.times);
      }
    }
    return at->second;
  }

  /// Evenly over the span; all at its begin where it has no length.
  void carry(const Flow& flow, double begin, double end, double times) {
    if (flow.bytes == 0 || width_ <= 0) return;
    const auto loads = loads_.find(flow.path);
    if (loads == loads_.end()) return;
    const std::size_t bins = r_.links.front().over_time.size();
    auto bin_of = [&](double at) { return std::min(std::size_t(std::max(0.0, (at - begin_) / width_)), bins - 1); };
    const std::size_t first = bin_of(begin), last = std::max(first, bin_of(end));
    for (std::size_t b = first; b <= last; ++b) {
      const double from = b == first ? begin : begin_ + double(b) * width_;
      const double to = b == last ? end : begin_ + double(b + 1) * width_;
      const double share = end > begin ? std::max(0.0, to - from) / (end - begin) : 1.0;
      for (const auto& [group, weight] : loads->second)
        r_.links[std::size_t(group)].over_time[b] += times * flow.bytes * weight * share;
    }
  }

  const Lowered& lowered_;
  const Placement& placement_;
  const CollectivePricer& collectives_;
  StepResult& r_;
  double begin_ = 0, width_ = 0;
  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<std::pair<std::int32_t, double>>> loads_;
  std::map<std::pair<std::size_t, std::int32_t>, std::vector<std::pair<Flow, double>>> inside_;
};

} // namespace

double StepResult::first_begin() const {
  return run.begin.empty() ? 0 : *std::min_element(run.begin.begin(), run.begin.end());
}
double StepResult::last_end() const {
  return run.begin.empty() ? run.step_time : *std::max_element(run.begin.begin(), run.begin.end()) + run.step_time;
}

void count_over_time(const Lowered& lowered, const Placement& placement, const CollectivePricer& collectives,
                     std::size_t bins, StepResult& result) {
  if (result.links.empty() || bins == 0) return;
  OverTime over(lowered, placement, collectives, bins, result);
  for (std::size_t rc = 0; rc < result.folded.ranks.size(); ++rc)
    over.rank_class(rc);
}

} // namespace weft::sim
