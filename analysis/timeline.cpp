#include "analysis/timeline.hpp"

#include <algorithm>
#include <numeric>

namespace weft::analysis {
namespace {

using sim::OpKind;

/// The message an op sends, receives or takes part in.
const sim::MessageSpan& span_of(const sim::StepResult& result, const sim::EngineRun& run, std::size_t rank_class,
                                const sim::Op& op) {
  const std::int32_t c = result.folded.ranks[rank_class].communicator[std::size_t(op.role)];
  return run.messages[std::size_t(c)][std::size_t(op.tag)];
}

struct Event {
  double at = 0;
  bool begins = false;
  std::int32_t op = 0;
  sim::Dim dim{};
};

/// Sweeps the messages' begins and ends.
void cover(std::vector<Event>& events, ClassTimeline& out) {
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  std::vector<Covered::InProgress> open; // ascending, and short
  double since = 0;
  for (const Event& e : events) {
    if (!open.empty() && e.at > since) {
      out.covered.push_back({since, e.at, std::uint32_t(out.in_progress.size()), std::uint32_t(open.size())});
      out.in_progress.insert(out.in_progress.end(), open.begin(), open.end());
    }
    since = e.at;
    const Covered::InProgress message{e.op, e.dim};
    const auto place = std::lower_bound(open.begin(), open.end(), message);
    if (e.begins)
      open.insert(place, message);
    else
      open.erase(place);
  }
}

ClassTimeline timeline(const sim::StepResult& result, const sim::EngineRun& run, std::size_t rc, sim::DimSet ideal,
                       const Predecessors& before, std::vector<Event>& events) {
  ClassTimeline t;
  const auto& program = result.program.stages[std::size_t(result.stage_of_class[rc])];
  t.program = &program;
  t.before = &before;
  t.compute = &run.compute[rc];
  const std::size_t n = program.ops.size();
  t.begin.assign(n, 0);
  t.end.assign(n, 0);
  t.ready.assign(n, 0);
  for (const auto& span : run.compute[rc]) {
    t.begin[std::size_t(span.op)] = span.begin;
    t.end[std::size_t(span.op)] = span.end;
  }
  events.clear();
  for (std::size_t i = 0; i < n; ++i) {
    const sim::Op& op = program.ops[i];
    if (op.kind != OpKind::compute) {
      const auto& span = span_of(result, run, rc, op);
      t.begin[i] = span.begin;
      t.end[i] = span.end;
      const auto& c =
          result.folded.communicators[std::size_t(result.folded.ranks[rc].communicator[std::size_t(op.role)])];
      const sim::Dim dim =
          c.dim(op.kind == OpKind::receive ? sim::Dim::pp : result.program.messages[std::size_t(op.message)].dim);
      if (!(ideal & sim::bit(dim)) && span.end > span.begin) {
        events.push_back({span.begin, true, std::int32_t(i), dim});
        events.push_back({span.end, false, std::int32_t(i), dim});
      }
    }
    t.last = std::max(t.last, t.end[i]);
  }
  for (std::size_t i = 0; i < n; ++i)
    for (std::int32_t b : before.of(std::int32_t(i)))
      t.ready[i] = std::max(t.ready[i], t.end[std::size_t(b)]);
  cover(events, t);
  return t;
}

} // namespace

Predecessors::Predecessors(const sim::StageProgram& program) : first_(program.ops.size() + 1, 0) {
  auto each = [&](auto visit) {
    for (std::size_t i = 0; i < program.ops.size(); ++i)
      for (std::int32_t s = 0; s < program.ops[i].successor_count; ++s)
        visit(i, std::size_t(program.successors[std::size_t(program.ops[i].first_successor + s)]));
  };
  each([&](std::size_t, std::size_t next) { ++first_[next + 1]; });
  std::partial_sum(first_.begin(), first_.end(), first_.begin());
  ops_.resize(first_.back());
  std::vector<std::size_t> at(first_.begin(), first_.end() - 1);
  each([&](std::size_t op, std::size_t next) { ops_[at[next]++] = std::int32_t(op); });
}

double communicating(const ClassTimeline& line, const sim::Costs& costs) {
  double out = 0;
  for (const Covered& c : line.covered)
    out += c.end - c.begin;
  auto it = line.covered.begin();
  for (const auto& span : *line.compute) {
    const sim::Op& op = line.program->ops[std::size_t(span.op)];
    const double inside = op.share * costs[std::size_t(op.cost)].communicating();
    if (inside <= 0 || span.end <= span.begin) continue;
    while (it != line.covered.end() && it->end <= span.begin)
      ++it;
    double alone = span.end - span.begin;
    for (auto c = it; c != line.covered.end() && c->begin < span.end; ++c)
      alone -= std::min(c->end, span.end) - std::max(c->begin, span.begin);
    out += std::min(inside * alone / (span.end - span.begin), alone);
  }
  return out;
}

sim::Breakdown seconds_of(const sim::StepResult& result, const std::vector<sim::Costs>& costs, std::size_t rank_class,
                          const sim::ComputeSpan& span) {
  const auto& rank = result.folded.ranks[rank_class];
  const sim::Op& op = result.program.stages[std::size_t(rank.stage)].ops[std::size_t(span.op)];
  const sim::Cost& cost = costs[std::size_t(rank.kind)][std::size_t(op.cost)];
  sim::Breakdown out{};
  for (std::size_t e = 0; e < sim::entry_count; ++e)
    out[e] = op.share * cost.parts[e];
  const double slow = op.share * (cost.elastic + cost.scalable) * (1 / result.speed_of_class[rank_class] - 1);
  out[std::size_t(sim::Entry::below_peak)] += slow; // a slow rank's own extra seconds
  out[std::size_t(sim::Entry::overlap_slowdown)] += span.slowed;
  out[std::size_t(sim::Entry::imbalance)] += span.lockstep;
  out[std::size_t(sim::Entry::host)] += span.host;
  return out;
}

Timelines timelines(const sim::StepResult& result, const sim::EngineRun& run, sim::DimSet ideal) {
  Timelines out;
  for (const auto& stage : result.program.stages)
    out.of_stage.emplace_back(stage);
  out.of_class.resize(result.folded.ranks.size());
  std::vector<Event> events;
  for (std::size_t rc = 0; rc < out.of_class.size(); ++rc)
    if (run.first_like(rc) == rc)
      out.of_class[rc] = timeline(result, run, rc, ideal, out.of_stage[std::size_t(result.stage_of_class[rc])], events);
  return out;
}

} // namespace weft::analysis
