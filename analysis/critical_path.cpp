#include "analysis/critical_path.hpp"

#include "analysis/timeline.hpp"

#include <algorithm>
#include <numeric>

namespace weft::analysis {
namespace {

using sim::Entry;
using sim::OpKind;

class Walk {
public:
  Walk(const sim::StepResult& result, const sim::EngineRun& run, const std::vector<sim::Costs>& costs,
       sim::DimSet ideal)
      : r_(result), run_(run), costs_(costs), timelines_(timelines(result, run, ideal)), lines_(timelines_.of_class),
        span_of_(lines_.size()) {
    out_.by_stage.resize(result.program.stages.size());
    join_lockstep();
  }

  CriticalPath back() {
    At at = last();
    from_ = run_.begin[at.rank];
    date_ = from_ + run_.step_time;
    while (at.op >= 0 && date_ > from_) {
      charge(at.rank, entry_only(Entry::bubble), lines_[at.rank].end[std::size_t(at.op)]); // no op begins later than
      at = before(pass(at));                                                               // it can: nothing
    }
    charge(at.rank, entry_only(Entry::bubble), from_);
    return std::move(out_);
  }

private:
  /// An op of a rank class; -1: none.
  struct At {
    std::size_t rank = 0;
    std::int32_t op = -1;
  };
  static sim::Breakdown entry_only(Entry e) {
    sim::Breakdown out{};
    out[std::size_t(e)] = 1;
    return out;
  }
  [[nodiscard]] std::size_t first_like(std::int32_t rank_class) const {
    return run_.first_like(std::size_t(rank_class));
  }
  [[nodiscard]] const sim::Op& op(At at) const { return lines_[at.rank].program->ops[std::size_t(at.op)]; }
  [[nodiscard]] double ready(At at) const { return lines_[at.rank].ready[std::size_t(at.op)]; }

  [[nodiscard]] At last() const {
    std::size_t rank = 0;
    for (std::size_t rc = 1; rc < lines_.size(); ++rc)
      if (run_.first_like(rc) == rc && lines_[rc].last - run_.begin[rc] > lines_[rank].last - run_.begin[rank])
        rank = rc;
    const auto& end = lines_[rank].end;
    return {rank, std::int32_t(std::max_element(end.rbegin(), end.rend()).base() - end.begin()) - 1};
  }

  void join_lockstep() {
    std::vector<std::size_t> root(lines_.size());
    std::iota(root.begin(), root.end(), std::size_t{0});
    auto find = [&root](std::size_t rc) {
      while (root[rc] != rc)
        rc = root[rc] = root[root[rc]];
      return rc;
    };
    for (std::size_t c = 0; c < r_.folded.communicators.size(); ++c) {
      if (!(r_.program.fused & sim::bit(r_.role_of_communicator[c]))) continue;
      const auto& members = r_.folded.communicators[c].members;
      for (const std::int32_t m : members)
        root[find(first_like(m))] = find(first_like(members.front()));
    }
    mates_.resize(lines_.size());
    for (std::size_t rc = 0; rc < lines_.size(); ++rc)
      if (run_.first_like(rc) == rc) mates_[find(rc)].push_back(rc);
    for (std::size_t rc = 0; rc < lines_.size(); ++rc)
      group_.push_back(find(first_like(std::int32_t(rc))));
  }

  const sim::ComputeSpan& span(At at) {
    auto& index = span_of_[at.rank];
    const auto& spans = run_.compute[at.rank];
    if (index.empty()) {
      index.assign(lines_[at.rank].program->ops.size(), 0);
      for (std::size_t i = 0; i < spans.size(); ++i)
        index[std::size_t(spans[i].op)] = i;
    }
    return spans[index[std::size_t(at.op)]];
  }

  /// Charges an op and returns who kept it from beginning earlier: itself, or another member of its group.
  At pass(At at) {
    const sim::Op& o = op(at);
    switch (o.kind) {
    case OpKind::compute: return compute(at);
    case OpKind::receive: {
      const std::int32_t c = r_.folded.ranks[at.rank].communicator[std::size_t(o.role)];
      const std::size_t sender = first_like(r_.channel_ends[std::size_t(c)].first);
      const auto& sends = lines_[sender].program->by_tag[sim::index(r_.role_of_communicator[std::size_t(c)])];
      return message({sender, sends[std::size_t(o.tag)]});
    }
    case OpKind::send: return message(at);
    case OpKind::collective: {
      const std::int32_t c = r_.folded.ranks[at.rank].communicator[std::size_t(o.role)];
      for (const std::int32_t m : r_.folded.communicators[std::size_t(c)].members) {
        const std::size_t rank = first_like(m);
        const At other{rank, lines_[rank].program->by_tag[sim::index(o.role)][std::size_t(o.tag)]};
        if (ready(other) > ready(at)) at = other;
      }
      return message(at);
    }
    }
    return {};
  }
  At message(At at) {
    const sim::Op& o = op(at);
    const std::int32_t c = r_.folded.ranks[at.rank].communicator[std::size_t(o.role)];
    const sim::Dim dim = r_.folded.communicators[std::size_t(c)].dim(r_.program.messages[std::size_t(o.message)].dim);
    charge(at.rank, entry_only(sim::entry_of(dim)), lines_[at.rank].begin[std::size_t(at.op)]);
    return at;
  }
  At compute(At at) {
    At slowest = at, latest = at;
    for (const std::size_t rc : mates_[group_[at.rank]]) {
      const At other{rc, at.op};
      if (span(other).lockstep < span(slowest).lockstep) slowest = other;
      if (ready(other) > ready(latest)) latest = other;
    }
    charge(slowest.rank, seconds_of(r_, costs_, slowest.rank, span(slowest)), span(slowest).begin);
    return latest;
  }
  /// The time from `begin` to where the walk is, in the proportions of `parts`.
  void charge(std::size_t rank, sim::Breakdown parts, double begin) {
    const double seconds = date_ - std::max(begin, from_);
    if (!(seconds > 0)) return;
    date_ = std::max(begin, from_);
    ++out_.ops;
    const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
    if (!(sum > 0)) parts = entry_only(Entry::bubble);
    const auto stage = std::size_t(r_.stage_of_class[rank]);
    for (std::size_t e = 0; e < sim::entry_count; ++e) {
      const double part = seconds * parts[e] / (sum > 0 ? sum : 1);
      out_.seconds[e] += part;
      out_.by_stage[stage][e] += part;
    }
  }

  /// What ended when this became ready.
  [[nodiscard]] At before(At at) const {
    const ClassTimeline& line = lines_[at.rank];
    auto compute = [&](std::int32_t o) { return line.program->ops[std::size_t(o)].kind == OpKind::compute; };
    std::int32_t found = -1;
    for (const std::int32_t b : line.before->of(at.op)) {
      const double end = line.end[std::size_t(b)], best = found < 0 ? -1 : line.end[std::size_t(found)];
      if (end > best || (end == best && compute(b) >= compute(found))) found = b;
    }
    return {at.rank, found};
  }

  const sim::StepResult& r_;
  const sim::EngineRun& run_;
  const std::vector<sim::Costs>& costs_;
  Timelines timelines_;
  const std::vector<ClassTimeline>& lines_;
  std::vector<std::vector<std::size_t>> span_of_; ///< by class, by compute op: its span; filled where the walk comes by
  std::vector<std::size_t> group_;                ///< by class
  std::vector<std::vector<std::size_t>> mates_;   ///< by group: classes that compute in lockstep
  CriticalPath out_;
  double from_ = 0, date_ = 0; ///< the walk's end, and where it is
};

} // namespace

CriticalPath critical_path(const sim::StepResult& result, const sim::EngineRun& run,
                           const std::vector<sim::Costs>& costs, sim::DimSet ideal) {
  return Walk(result, run, costs, ideal).back();
}

} // namespace weft::analysis
