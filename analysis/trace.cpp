#include "analysis/trace.hpp"

#include "analysis/op_labels.hpp"
#include "analysis/timeline.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace weft::analysis {
namespace {

using sim::OpKind;

constexpr std::size_t most_classes = 128;
constexpr int compute_thread = 1, waiting_thread = 2, first_lane = 10, lanes_apart = 32;

std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", int(c));
    else
      out += c;
  }
  return out + "\"";
}

class Trace {
public:
  Trace(const sim::StepResult& result, const Sink& sink)
      : r_(result), sink_(sink), labels_(result), timelines_(timelines(result, result.run, 0)),
        origin_(result.first_begin()) {}

  Traced write() {
    choose();
    for (const std::size_t rc : shown_)
      place_messages(rc);
    put("{{\"displayTimeUnit\":\"ms\",\"otherData\":{{\"scenario\":{},\"step_time_s\":{}}},\"traceEvents\":[",
        json_text(r_.scenario.name), r_.run.step_time);
    for (std::size_t i = 0; i < shown_.size(); ++i)
      process(shown_[i], int(i) + 1);
    for (std::size_t i = 0; i < shown_.size(); ++i)
      flows(shown_[i]);
    counters();
    put("\n]}}\n");
    flush();
    return out_;
  }

private:
  /// Nanoseconds since the first stage began: what is next to each other stays so, and nothing overlaps by rounding.
  [[nodiscard]] std::int64_t ns(double at) const { return std::llround((at - origin_) * 1e9); }
  static std::string text(std::int64_t ns) {
    return fmt::format("{}{}.{:03}", ns < 0 ? "-" : "", std::abs(ns) / 1000, std::abs(ns) % 1000);
  }

  template <class... A> void put(fmt::format_string<A...> format, A&&... args) {
    fmt::format_to(std::back_inserter(buffer_), format, std::forward<A>(args)...);
    if (buffer_.size() > (1U << 16)) flush();
  }
  void flush() {
    sink_({buffer_.data(), buffer_.size()});
    buffer_.clear();
  }
  void next() {
    put("{}", first_ ? "\n" : ",\n");
    first_ = false;
  }
  void complete(int pid, int tid, std::int64_t begin, std::int64_t end, const std::string& name,
                const std::string& args) {
    next();
    put(R"({{"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"name":{}{}}})", pid, tid, text(begin), text(end - begin),
        json_text(name), args.empty() ? "" : ",\"args\":{" + args + "}");
  }
  void named(const char* what, int pid, int tid, const std::string& name) {
    next();
    put(R"({{"ph":"M","pid":{},"tid":{},"name":"{}","args":{{"name":{}}}}})", pid, tid, what, json_text(name));
    next();
    put(R"({{"ph":"M","pid":{},"tid":{},"name":"{}_sort_index","args":{{"sort_index":{}}}}})", pid, tid,
        std::string(what).substr(0, std::string(what).find('_')), tid == 0 ? pid : tid);
  }

  /// Classes that differ, by stage and size.
  void choose() {
    for (std::size_t rc = 0; rc < r_.folded.ranks.size(); ++rc)
      if (r_.run.first_like(rc) == rc) shown_.push_back(rc);
    out_.classes = shown_.size();
    std::map<std::int32_t, std::size_t> of_stage; // how many of it come before
    std::vector<std::size_t> place(r_.folded.ranks.size(), 0);
    auto rank = [&](std::size_t rc) { return r_.folded.ranks[rc]; };
    std::stable_sort(shown_.begin(), shown_.end(),
                     [&](std::size_t a, std::size_t b) { return rank(a).count > rank(b).count; });
    for (const std::size_t rc : shown_)
      place[rc] = of_stage[rank(rc).stage]++;
    if (shown_.size() > most_classes) {
      const std::size_t each = std::max<std::size_t>(1, most_classes / of_stage.size());
      std::erase_if(shown_, [&](std::size_t rc) { return place[rc] >= each; });
    }
    out_.left_out = out_.classes - shown_.size();
    std::sort(shown_.begin(), shown_.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(rank(a).stage, place[a]) < std::pair(rank(b).stage, place[b]);
    });
    pid_.assign(r_.folded.ranks.size(), 0);
    for (std::size_t i = 0; i < shown_.size(); ++i)
      pid_[shown_[i]] = int(i) + 1;
    threads_.resize(r_.folded.ranks.size());
  }

  [[nodiscard]] sim::Dim dim_of(std::size_t rc, const sim::Op& op) const {
    const auto& c = r_.folded.communicators[std::size_t(communicator(rc, op))];
    return c.dim(op.kind == OpKind::receive ? sim::Dim::pp : r_.program.messages[std::size_t(op.message)].dim);
  }
  [[nodiscard]] std::int32_t communicator(std::size_t rc, const sim::Op& op) const {
    return r_.folded.ranks[rc].communicator[std::size_t(op.role)];
  }

  /// Messages of one dimension that are in progress together stand side by side: each takes the first lane that is
  /// free.
  void place_messages(std::size_t rc) {
    const ClassTimeline& line = timelines_.of_class[rc];
    const auto& ops = line.program->ops;
    threads_[rc].assign(ops.size(), 0);
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < ops.size(); ++i)
      if (ops[i].kind != OpKind::compute && ns(line.end[i]) > ns(line.begin[i])) order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return ns(line.begin[a]) < ns(line.begin[b]); });
    std::map<int, std::vector<std::int64_t>> free_from; // by first lane
    for (const std::size_t i : order) {
      const int way = ops[i].kind == OpKind::send ? 1 : ops[i].kind == OpKind::receive ? 2 : 0;
      const int base = first_lane + (int(dim_of(rc, ops[i])) * 3 + way) * lanes_apart;
      auto& lanes = free_from[base];
      const auto lane = std::find_if(lanes.begin(), lanes.end(), [&](auto at) { return at <= ns(line.begin[i]); });
      threads_[rc][i] = base + int(lane - lanes.begin());
      if (lane == lanes.end())
        lanes.push_back(ns(line.end[i]));
      else
        *lane = ns(line.end[i]);
    }
  }

  static std::string thread_name(int tid) {
    const int which = (tid - first_lane) / lanes_apart, lane = (tid - first_lane) % lanes_apart;
    constexpr std::array ways{"", " send", " receive"};
    std::string out = fmt::format("{}{}", sim::dim_names[std::size_t(which / 3)], ways[std::size_t(which % 3)]);
    if (lane > 0) out += fmt::format(" ({})", lane + 1);
    return out;
  }

  void process(std::size_t rc, int pid) {
    const auto& rank = r_.folded.ranks[rc];
    const ClassTimeline& line = timelines_.of_class[rc];
    std::int64_t ranks = 0;
    for (std::size_t other = 0; other < r_.folded.ranks.size(); ++other)
      if (r_.run.first_like(other) == rc) ranks += r_.folded.ranks[other].count;
    named("process_name", pid, 0, fmt::format("stage {}: {} rank{}", rank.stage, ranks, ranks == 1 ? "" : "s"));
    named("thread_name", pid, compute_thread, "compute");
    named("thread_name", pid, waiting_thread, "waiting");
    std::vector<int> tids = threads_[rc];
    std::sort(tids.begin(), tids.end());
    tids.erase(std::unique(tids.begin(), tids.end()), tids.end());
    for (const int tid : tids)
      if (tid > 0) named("thread_name", pid, tid, thread_name(tid));

    double at = r_.run.begin[rc] + r_.run.lead[rc];
    for (const auto& span : *line.compute) {
      wait(rc, pid, at, span.begin, labels_.name(rank.stage, span.op));
      at = std::max(at, span.end);
      if (ns(span.end) == ns(span.begin)) continue;
      complete(pid, compute_thread, ns(span.begin), ns(span.end), labels_.name(rank.stage, span.op), parts(rc, span));
    }
    wait(rc, pid, at, r_.run.begin[rc] + r_.run.step_time, "the end of the step");
    for (std::size_t i = 0; i < line.program->ops.size(); ++i) {
      if (threads_[rc][i] == 0) continue;
      const sim::Op& op = line.program->ops[i];
      const std::string bytes =
          op.message < 0 ? ""
                         : fmt::format("\"bytes\":{:.0f}", r_.program.messages[std::size_t(op.message)].size.count());
      complete(pid, threads_[rc][i], ns(line.begin[i]), ns(line.end[i]), labels_.name(rank.stage, std::int32_t(i)),
               bytes);
    }
  }

  /// What the op's seconds went to, in microseconds.
  std::string parts(std::size_t rc, const sim::ComputeSpan& span) {
    const sim::Breakdown seconds = seconds_of(r_, r_.costs, rc, span);
    std::string out;
    for (std::size_t e = 0; e < sim::entry_count; ++e)
      if (seconds[e] > 5e-10)
        out += fmt::format("{}\"{}_us\":{:.3f}", out.empty() ? "" : ",", sim::entry_names[e], seconds[e] * 1e6);
    return out;
  }

  /// Stretches between two dates in which no message of the class is in progress.
  void wait(std::size_t rc, int pid, double from, double to, const std::string& next_op) {
    const auto& covered = timelines_.of_class[rc].covered;
    auto it =
        std::upper_bound(covered.begin(), covered.end(), from, [](double at, const Covered& c) { return at < c.end; });
    auto piece = [&](double a, double b) {
      if (ns(b) > ns(a)) complete(pid, waiting_thread, ns(a), ns(b), "waiting", "\"before\":" + json_text(next_op));
    };
    for (; from < to && it != covered.end() && it->begin < to; ++it) {
      if (it->begin > from) piece(from, it->begin);
      from = std::max(from, it->end);
    }
    if (from < to) piece(from, to);
  }

  /// From each message's sender to its receiver; where the sender's class has no process, from one that does the same.
  void flows(std::size_t rc) {
    const ClassTimeline& line = timelines_.of_class[rc];
    for (std::size_t i = 0; i < line.program->ops.size(); ++i) {
      const sim::Op& op = line.program->ops[i];
      if (op.kind != OpKind::receive || threads_[rc][i] == 0) continue;
      const std::size_t sender =
          r_.run.first_like(std::size_t(r_.channel_ends[std::size_t(communicator(rc, op))].first));
      if (pid_[sender] == 0) continue;
      const ClassTimeline& from = timelines_.of_class[sender];
      const sim::Role role = op.role == sim::Role::next_receive ? sim::Role::next_send : sim::Role::previous_send;
      const auto& tags = from.program->by_tag[sim::index(role)];
      const std::int32_t send = std::size_t(op.tag) < tags.size() ? tags[std::size_t(op.tag)] : -1;
      if (send < 0 || threads_[sender][std::size_t(send)] == 0) continue;
      const std::int64_t begin = ns(from.begin[std::size_t(send)]), end = ns(line.end[i]) - 1;
      if (end < begin) continue;
      ++flow_;
      next();
      put(R"({{"ph":"s","id":{},"pid":{},"tid":{},"ts":{},"cat":"p2p","name":"p2p"}})", flow_, pid_[sender],
          threads_[sender][std::size_t(send)], text(begin));
      next();
      put(R"({{"ph":"f","bp":"e","id":{},"pid":{},"tid":{},"ts":{},"cat":"p2p","name":"p2p"}})", flow_, pid_[rc],
          threads_[rc][i], text(end));
    }
  }

  void counters() {
    bool any = false;
    for (const sim::LinkBytes& link : r_.links) {
      if (link.bytes <= 0 || link.over_time.empty()) continue;
      if (!any) named("process_name", int(shown_.size()) + 1, 0, "links: share of capacity in use, %");
      any = true;
      const double width = (r_.last_end() - r_.first_begin()) / double(link.over_time.size());
      std::string before;
      for (std::size_t b = 0; b < link.over_time.size(); ++b) {
        const std::string percent = fmt::format("{:.2f}", 100 * link.over_time[b] / (link.capacity * width));
        if (percent == before) continue;
        before = percent;
        next();
        put(R"({{"ph":"C","pid":{},"tid":0,"ts":{},"name":{},"args":{{"percent":{}}}}})", int(shown_.size()) + 1,
            text(ns(r_.first_begin() + double(b) * width)), json_text(link.link), percent);
      }
      next();
      put(R"({{"ph":"C","pid":{},"tid":0,"ts":{},"name":{},"args":{{"percent":0}}}})", int(shown_.size()) + 1,
          text(ns(r_.last_end())), json_text(link.link));
    }
  }

  const sim::StepResult& r_;
  const Sink& sink_;
  OpLabels labels_;
  Timelines timelines_;
  double origin_ = 0;
  fmt::memory_buffer buffer_;
  bool first_ = true;
  std::vector<std::size_t> shown_;        ///< rank classes with a process
  std::vector<int> pid_;                  ///< by rank class; 0: none
  std::vector<std::vector<int>> threads_; ///< by rank class and op; 0: it takes no time there
  std::int64_t flow_ = 0;
  Traced out_;
};

} // namespace

Traced write_trace(const sim::StepResult& result, const Sink& sink) {
  return Trace(result, sink).write();
}

} // namespace weft::analysis
