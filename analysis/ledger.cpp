#include "analysis/ledger.hpp"

#include "analysis/timeline.hpp"

#include <algorithm>
#include <functional>
#include <map>

namespace weft::analysis {
namespace {

using sim::Breakdown;
using sim::Entry;
using sim::OpKind;

double& entry(Breakdown& b, Entry e) {
  return b[std::size_t(e)];
}

class Accountant {
public:
  Accountant(const sim::StepResult& result, const sim::EngineRun& run, const std::vector<sim::Costs>& costs,
             sim::DimSet ideal)
      : result_(result), run_(run), costs_(costs), timelines_(timelines(result, run, ideal)),
        lines_(timelines_.of_class) {
    mean_slots();
    last_ = 0;
    for (std::size_t rc = 1; rc < lines_.size(); ++rc)
      if (run.first_like(rc) == rc && lines_[rc].last - run.begin[rc] > lines_[last_].last - run.begin[last_])
        last_ = rc;
    depth_limit_ = 2 * lines_.size() + 8;
  }

  Where account() {
    Where where;
    double ranks = 0;
    std::vector<double> communicating;
    for (std::size_t rc = 0; rc < lines_.size(); ++rc) {
      const std::size_t like = run_.first_like(rc);
      where.by_class.push_back(like == rc ? of_class(rc) : where.by_class[like]);
      communicating.push_back(
          like == rc ? std::min(run_.lead[rc] + analysis::communicating(lines_[rc], costs(rc)), run_.step_time)
                     : communicating[like]);
      const double count = double(result_.folded.ranks[rc].count) * result_.weight_of_class[rc];
      ranks += count;
      for (std::size_t e = 0; e < sim::entry_count; ++e)
        where.seconds[e] += count * where.by_class.back()[e];
      where.communicating += count * communicating.back();
    }
    for (double& s : where.seconds)
      s /= ranks;
    where.communicating /= ranks;
    return where;
  }

private:
  /// For every stage and kind of slot: the mean over ranks over this stage's own price, at nominal speed. An op
  /// times this is what a balanced stage would take for it. A stage on two kinds of ranks counts as two.
  void mean_slots() {
    const auto kinds = std::size_t(result_.program.slot_kinds);
    std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> ranks;
    for (const auto& rank : result_.folded.ranks)
      ranks[{rank.stage, rank.kind}] += rank.count;
    std::vector<double> sum(kinds, 0);
    double all = 0;
    for (const auto& [at, count] : ranks) {
      std::vector<double>& own = balance_.try_emplace(at, kinds, 0.0).first->second;
      for (const auto& op : result_.program.stages[std::size_t(at.first)].ops)
        if (op.kind == OpKind::compute && op.slot >= 0)
          own[std::size_t(op.slot)] += nominal(op, costs_[std::size_t(at.second)]);
      for (std::size_t k = 0; k < kinds; ++k)
        sum[k] += double(count) * own[k];
      all += double(count);
    }
    for (auto& [at, own] : balance_)
      for (std::size_t k = 0; k < kinds; ++k)
        own[k] = own[k] > 0 ? sum[k] / all / own[k] : 1;
  }
  [[nodiscard]] static double nominal(const sim::Op& op, const sim::Costs& costs) {
    const sim::Cost& c = costs[std::size_t(op.cost)];
    return op.share * std::max(c.elastic + c.rigid, c.host);
  }
  [[nodiscard]] const sim::Costs& costs(std::size_t rc) const {
    return costs_[std::size_t(result_.folded.ranks[rc].kind)];
  }

  Breakdown of_class(std::size_t rc) {
    Breakdown out{};
    double at = run_.begin[rc] + run_.lead[rc];
    entry(out, Entry::dp) += run_.lead[rc];
    for (const auto& span : run_.compute[rc]) {
      last_compute_end_ = at;
      // Whatever else it waited for: while the host had not yet issued enough, it could not have computed.
      const double held = std::min(span.begin, span.issued - (span.end - span.begin - span.host));
      if (held > at) {
        entry(out, Entry::host) += held - at;
        at = held;
      }
      if (span.begin > at) idle(rc, at, span.begin, span.op, out);
      const Breakdown seconds = seconds_of(result_, costs_, rc, span);
      for (std::size_t e = 0; e < sim::entry_count; ++e)
        out[e] += seconds[e];
      at = span.end;
    }
    const double end = run_.begin[rc] + run_.step_time;
    if (end > at) idle(rc, at, end, -1, out);
    return out;
  }

  /// A stretch in which the rank computes nothing: in a message of its own, or waiting for somebody. Of several
  /// messages in progress the one that keeps the next compute op waiting is charged, else the first in program order.
  void idle(std::size_t rc, double from, double to, std::int32_t next, Breakdown& out) {
    messages_before(rc, next);
    split_covered(rc, from, to, [&](double a, double b, const Covered* c) {
      const double apart = run_.begin[last_] - run_.begin[rc];
      if (!c && next < 0 && rc != last_ && apart != 0) { // done: it waits for the longest stage, in that one's time
        at_member(last_, a + apart, b + apart, {1, same_stage(rc, last_)}, out);
        return;
      }
      if (!c) {
        waiting(rc, a, b, {}, out);
        return;
      }
      const auto messages = lines_[rc].messages(*c);
      auto charged = std::find_if(messages.begin(), messages.end(), [&](const Covered::InProgress& m) {
        return std::binary_search(needed_.begin(), needed_.end(), m.op);
      });
      if (charged == messages.end()) charged = messages.begin();
      entry(out, sim::entry_of(charged->dim)) += b - a;
    });
  }
  /// Messages that an op needs, directly or through other messages; ascending.
  void messages_before(std::size_t rc, std::int32_t op) {
    needed_.clear();
    open_.clear();
    if (op >= 0) open_.push_back(op);
    while (!open_.empty()) {
      const std::int32_t at = open_.back();
      open_.pop_back();
      for (std::int32_t b : lines_[rc].before->of(at)) {
        if (lines_[rc].program->ops[std::size_t(b)].kind == OpKind::compute) continue;
        if (lines_[rc].end[std::size_t(b)] <= last_compute_end_) continue; // over before the gap began
        needed_.push_back(b);
        open_.push_back(b);
      }
    }
    std::sort(needed_.begin(), needed_.end());
    needed_.erase(std::unique(needed_.begin(), needed_.end()), needed_.end());
  }

  template <class F> void split_covered(std::size_t rc, double from, double to, F piece) {
    const auto& covered = lines_[rc].covered;
    auto it =
        std::upper_bound(covered.begin(), covered.end(), from, [](double at, const Covered& c) { return at < c.end; });
    while (from < to) {
      if (it == covered.end() || it->begin >= to) {
        piece(from, to, nullptr);
        return;
      }
      if (it->begin > from) {
        piece(from, it->begin, nullptr);
        from = it->begin;
      }
      const double end = std::min(to, it->end);
      if (end > from) piece(from, end, &*it);
      from = end;
      ++it;
    }
  }

  /// How a rank that waits got to the one it waits for.
  struct Chase {
    std::size_t hops = 0;
    bool peers = false; ///< by way of a rank of its own stage: both run the same program, no pipeline sets them apart
  };
  /// Follows the late member while it waits too.
  void waiting(std::size_t rc, double from, double to, Chase chase, Breakdown& out) {
    while (from < to) {
      double until = to;
      const std::int64_t late = chase.hops < depth_limit_ ? late_member(rc, from, until) : -1;
      until = std::min(until, to);
      if (!(until > from)) until = to;
      if (late < 0 || std::size_t(late) == rc)
        entry(out, Entry::bubble) += until - from;
      else
        at_member(std::size_t(late), from, until, {chase.hops + 1, chase.peers || same_stage(rc, std::size_t(late))},
                  out);
      from = until;
    }
  }

  /// What the member that others wait for does between two dates.
  void at_member(std::size_t rc, double from, double to, Chase chase, Breakdown& out) {
    const auto& spans = run_.compute[rc];
    auto it = std::upper_bound(spans.begin(), spans.end(), from,
                               [](double at, const sim::ComputeSpan& s) { return at < s.end; });
    while (from < to) {
      if (it == spans.end() || it->begin >= to) {
        member_idle(rc, from, to, chase, out);
        return;
      }
      if (it->begin > from) {
        member_idle(rc, from, it->begin, chase, out);
        from = it->begin;
      }
      const double end = std::min(to, it->end);
      if (end > from) member_busy(rc, *it, from, end, chase, out);
      from = end;
      ++it;
    }
  }
  [[nodiscard]] bool same_stage(std::size_t a, std::size_t b) const {
    return result_.folded.ranks[a].stage == result_.folded.ranks[b].stage;
  }
  void member_idle(std::size_t rc, double from, double to, Chase chase, Breakdown& out) {
    split_covered(rc, from, to, [&](double a, double b, const Covered* c) {
      if (c)
        entry(out, Entry::bubble) += b - a; // in a message that the waiting rank has no part in
      else
        waiting(rc, a, b, chase, out);
    });
  }
  /// Up to the mean of its kind of slot a wait is the pipeline's; past it, or among peers, it is imbalance.
  void member_busy(std::size_t rc, const sim::ComputeSpan& span, double from, double to, Chase chase, Breakdown& out) {
    if (chase.peers) {
      entry(out, Entry::imbalance) += to - from;
      return;
    }
    const sim::Op& op = lines_[rc].program->ops[std::size_t(span.op)];
    const auto& rank = result_.folded.ranks[rc];
    const double mean = op.slot >= 0
                            ? nominal(op, costs(rc)) * balance_.at({rank.stage, rank.kind})[std::size_t(op.slot)]
                            : span.end - span.begin;
    if (span.host > 0) { // its host keeps both waiting
      const double computed = std::clamp(span.end - span.host, from, to);
      entry(out, Entry::host) += to - computed;
      to = computed;
    }
    const double past = std::clamp(span.begin + mean, from, to);
    entry(out, Entry::bubble) += past - from;
    entry(out, Entry::imbalance) += to - past;
  }

  /// The rank class that `rc` waits for at a date, or one like it; `until` is lowered to the date when that may change.
  /// -1 = nobody.
  std::int64_t late_member(std::size_t rc, double at, double& until) const {
    const ClassTimeline& line = lines_[rc];
    const auto& spans = *line.compute;
    auto next = std::upper_bound(spans.begin(), spans.end(), at,
                                 [](double t, const sim::ComputeSpan& s) { return t < s.begin; });
    if (next == spans.end()) // done: it waits for whoever ends last
      return std::int64_t(last_);
    std::int32_t op = next->op;
    for (std::size_t hops = 0; hops <= line.begin.size(); ++hops) {
      std::int32_t open = -1; // the earliest thing it still waits for
      for (std::int32_t b : line.before->of(op))
        if (line.end[std::size_t(b)] > at) {
          open = b;
          break;
        }
      if (open < 0) return partner(rc, op, at, until);
      op = open;
    }
    return -1;
  }

  /// Who keeps an op of `rc` from starting that has all it needs locally.
  std::int64_t partner(std::size_t rc, std::int32_t op_id, double at, double& until) const {
    const ClassTimeline& line = lines_[rc];
    const sim::Op& op = line.program->ops[std::size_t(op_id)];
    if (line.begin[std::size_t(op_id)] > at) until = std::min(until, line.begin[std::size_t(op_id)]);
    const auto& communicators = result_.folded.ranks[rc].communicator;
    if (op.kind == OpKind::receive)
      return first_like(result_.channel_ends[std::size_t(communicators[std::size_t(op.role)])].first);
    if (op.kind == OpKind::compute) return lockstep_partner(rc, op_id, at, until);
    if (op.kind != OpKind::collective) return -1;
    const std::int32_t c = communicators[std::size_t(op.role)];
    return latest(result_.folded.communicators[std::size_t(c)].members, op.role, op.tag, at, until);
  }
  std::int64_t lockstep_partner(std::size_t rc, std::int32_t op_id, double at, double& until) const {
    for (sim::Role role : {sim::Role::tp, sim::Role::cp, sim::Role::ep}) {
      const std::int32_t c = result_.folded.ranks[rc].communicator[sim::index(role)];
      if (!(result_.program.fused & sim::bit(role)) || c < 0) continue;
      for (std::int32_t member : result_.folded.communicators[std::size_t(c)].members) {
        const std::int64_t m = first_like(member);
        const double ready = lines_[std::size_t(m)].ready[std::size_t(op_id)];
        if (ready <= at) continue;
        until = std::min(until, ready);
        return m;
      }
    }
    return -1;
  }
  /// The late member with the lowest program position.
  std::int64_t latest(const std::vector<std::int32_t>& members, sim::Role role, std::int32_t tag, double at,
                      double& until) const {
    std::int64_t found = -1;
    std::size_t lowest = 0;
    for (std::int32_t member : members) {
      const std::int64_t m = first_like(member);
      const ClassTimeline& line = lines_[std::size_t(m)];
      const std::int32_t op = line.program->by_tag[std::size_t(role)][std::size_t(tag)];
      if (line.ready[std::size_t(op)] <= at) continue;
      const std::size_t position = position_at(line, at);
      if (found < 0 || position < lowest) {
        found = m;
        lowest = position;
        until = std::min(until, line.ready[std::size_t(op)]);
      }
    }
    return found;
  }
  [[nodiscard]] std::int64_t first_like(std::int32_t rc) const {
    return std::int64_t(run_.first_like(std::size_t(rc)));
  }
  static std::size_t position_at(const ClassTimeline& line, double at) {
    auto it = std::upper_bound(line.compute->begin(), line.compute->end(), at,
                               [](double t, const sim::ComputeSpan& s) { return t < s.end; });
    return it == line.compute->end() ? line.program->ops.size() : std::size_t(it->op);
  }

  const sim::StepResult& result_;
  const sim::EngineRun& run_;
  const std::vector<sim::Costs>& costs_;
  Timelines timelines_;
  const std::vector<ClassTimeline>& lines_;
  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<double>>
      balance_; ///< by stage and kind of rank; kind of slot
  std::size_t last_ = 0, depth_limit_ = 0;
  double last_compute_end_ = 0;             ///< of the class being accounted
  std::vector<std::int32_t> needed_, open_; ///< of the gap at hand: messages_before()
};

} // namespace

Where where_time_went(const sim::StepResult& result, const sim::EngineRun& run, const std::vector<sim::Costs>& costs,
                      sim::DimSet ideal) {
  return Accountant(result, run, costs, ideal).account();
}

} // namespace weft::analysis
