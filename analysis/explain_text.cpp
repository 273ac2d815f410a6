#include "analysis/explain_text.hpp"

#include "analysis/percent.hpp"
#include "analysis/table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace weft::analysis {
namespace {

using Rows = std::vector<std::vector<std::string>>;
constexpr double gib = 1024.0 * 1024 * 1024;

Rows path_rows(const CriticalPath& path, double step) {
  Rows rows{{"CRITICAL PATH (a longest chain of ops, each waiting for the one before)", "seconds", "share"}};
  for (std::size_t e = 0; e < sim::entry_count; ++e)
    if (path.seconds[e] / step >= 5e-5)
      rows.push_back({fmt::format("  {}", sim::entry_names[e]), fmt::format("{:.3f}", path.seconds[e]),
                      percent(path.seconds[e] / step)});
  return rows;
}

/// Rows whose figures are equal share one: `name` says what the first to the last of them are.
template <class Cells, class Name> void push_equal(Rows& rows, std::size_t n, const Cells& cells, const Name& name) {
  for (std::size_t first = 0, next = 0; first < n; first = next) {
    const std::vector<std::string> row = cells(first);
    while (next < n && cells(next) == row)
      ++next;
    rows.push_back({name(first, next - 1)});
    rows.back().insert(rows.back().end(), row.begin(), row.end());
  }
}
std::string stages(std::size_t first, std::size_t last) {
  return first == last ? fmt::format("  stage {}", first) : fmt::format("  stages {} to {}, each", first, last);
}

/// Nothing where there is one stage.
std::string stage_table(const CriticalPath& path, double step) {
  if (path.by_stage.size() == 1) return {};
  Rows rows{{"CRITICAL PATH by stage, share of the step", "all", "matmuls and attention", "communication"}};
  auto cells = [&](std::size_t stage) -> std::vector<std::string> {
    double all = 0, communication = 0;
    const sim::Breakdown& here = path.by_stage[stage];
    for (std::size_t e = 0; e < sim::entry_count; ++e) {
      all += here[e];
      if (sim::Entry(e) >= sim::Entry::tp && sim::Entry(e) <= sim::Entry::other) communication += here[e];
    }
    const double matmuls = here[std::size_t(sim::Entry::useful)] + here[std::size_t(sim::Entry::below_peak)];
    return {percent(all / step), percent(matmuls / step), percent(communication / step)};
  };
  push_equal(rows, path.by_stage.size(), cells, stages);
  return "\n" + format_table(rows);
}

/// Links by tier; a tier's cost is its part of the tax.
Rows link_rows(const Summary& s) {
  const auto& r = s.result;
  const bool costs = s.tax && !s.tax->tiers.empty();
  Rows rows{{"LINKS", "number", "GB carried", "utilisation"}};
  if (costs) rows.front().insert(rows.front().end(), {"while busy", "cost, of the step"});
  std::set<std::size_t> tiers;
  for (const auto& link : r.links)
    if (link.bytes > 0) tiers.insert(link.tier);
  for (const std::size_t tier : tiers) {
    std::string cost = "never limits";
    if (costs) {
      for (const auto& part : s.tax->tiers)
        if (part.tier == tier)
          cost = fmt::format("{} ({:.3f} s)", percent(part.seconds / r.run.step_time), part.seconds);
      rows.push_back({"  " + sim::tier_name(tier, r.cluster), "", "", "", "", cost});
    }
    for (const auto& link : r.links) {
      if (link.tier != tier || !(link.bytes > 0)) continue;
      rows.push_back({(costs ? "    " : "  ") + link.link, fmt::format("{}", link.links),
                      fmt::format("{:.1f}", link.bytes / 1e9), percent(link.bytes / link.capacity / r.run.step_time)});
      if (costs) rows.back().insert(rows.back().end(), {link.while_busy < 0 ? "" : percent(link.while_busy), ""});
    }
  }
  return rows;
}

/// GiB of a rank of every stage; stages that need the same share a row.
Rows memory_rows(const sim::StepResult& r) {
  Rows rows{{"MEMORY of a rank, GiB", "weights", "gradients", "optimizer", "activations", "workspace", "total"}};
  auto cells = [](const workloads::MemoryNeed& m) {
    std::vector<std::string> out;
    for (Bytes part : {m.weights, m.gradients, m.optimizer, m.activations, m.workspace, m.total()})
      out.push_back(fmt::format("{:.1f}", part.count() / gib));
    return out;
  };
  const auto& all = r.memory_of_stages;
  for (std::size_t first = 0, next = 0; first < all.size(); first = next) {
    const auto row = cells(all[first]);
    while (next < all.size() && cells(all[next]) == row)
      ++next;
    rows.push_back(
        {next == first + 1 ? fmt::format("  stage {}", first) : fmt::format("  stages {} to {}", first, next - 1)});
    rows.back().insert(rows.back().end(), row.begin(), row.end());
  }
  return rows;
}

} // namespace

std::string explanation(const Summary& s) {
  const auto& r = s.result;
  std::string out;
  if (s.path) out += "\n" + format_table(path_rows(*s.path, r.run.step_time)) + stage_table(*s.path, r.run.step_time);
  if (const Rows links = link_rows(s); links.size() > 1) out += "\n" + format_table(links);
  out += "\n" + format_table(memory_rows(r)) + "\n";
  out += fmt::format("CLASSES: {} ranks in {}, groups in {}, contended links in {}; {} activities\n", r.cluster.ranks(),
                     r.folded.ranks.size(), r.folded.communicators.size(), r.link_classes, r.run.activities);
  out += fmt::format("CHECK: model FLOP {:.4e}, 6·N·T plus attention {:.4e}; ledger sums to {:.6f} of {:.6f} s\n",
                     r.flops.causal.count(), r.flops.six_n.count(), s.where_sum(), r.run.step_time);
  out += "\nFIGURES it stands on\n";
  for (const auto& line : s.evidence) {
    out += fmt::format("  {} = {} [{}] {}", line.figure, line.value, line.evidence, line.source);
    if (!line.low.empty() && !line.high.empty()) out += fmt::format(" (low {}, high {})", line.low, line.high);
    out += line.note.empty() ? "\n" : fmt::format("; {}\n", line.note);
  }
  return out;
}

} // namespace weft::analysis
