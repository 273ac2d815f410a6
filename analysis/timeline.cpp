#include "analysis/timeline.hpp"

#include <algorithm>
#include <set>

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
std::vector<Covered> cover(std::vector<Event> events) {
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  std::vector<Covered> out;
  std::set<Covered::InProgress> open;
  double since = 0;
  for (const Event& e : events) {
    if (!open.empty() && e.at > since) out.push_back({since, e.at, {open.begin(), open.end()}});
    since = e.at;
    if (e.begins)
      open.insert({e.op, e.dim});
    else
      open.erase({e.op, e.dim});
  }
  return out;
}

ClassTimeline timeline(const sim::StepResult& result, const sim::EngineRun& run, std::size_t rc, sim::DimSet ideal) {
  ClassTimeline t;
  const auto& program = result.program.stages[std::size_t(result.stage_of_class[rc])];
  t.program = &program;
  t.compute = &run.compute[rc];
  const std::size_t n = program.ops.size();
  t.begin.assign(n, 0);
  t.end.assign(n, 0);
  t.ready.assign(n, 0);
  t.before.resize(n);
  for (const auto& span : run.compute[rc]) {
    t.begin[std::size_t(span.op)] = span.begin;
    t.end[std::size_t(span.op)] = span.end;
  }
  std::vector<Event> events;
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
    for (std::int32_t s = 0; s < op.successor_count; ++s) {
      const auto next = std::size_t(program.successors[std::size_t(op.first_successor + s)]);
      t.before[next].push_back(std::int32_t(i));
    }
  }
  for (std::size_t i = 0; i < n; ++i)
    for (std::int32_t b : t.before[i])
      t.ready[i] = std::max(t.ready[i], t.end[std::size_t(b)]);
  t.covered = cover(std::move(events));
  return t;
}

} // namespace

std::vector<ClassTimeline> timelines(const sim::StepResult& result, const sim::EngineRun& run, sim::DimSet ideal) {
  std::vector<ClassTimeline> out(result.folded.ranks.size());
  for (std::size_t rc = 0; rc < out.size(); ++rc)
    if (run.first_like(rc) == rc) out[rc] = timeline(result, run, rc, ideal);
  return out;
}

} // namespace weft::analysis
