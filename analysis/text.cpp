#include "analysis/text.hpp"

#include "analysis/bands.hpp"
#include "analysis/explain.hpp"
#include "analysis/explain_text.hpp"
#include "analysis/percent.hpp"
#include "analysis/power_print.hpp"
#include "analysis/table.hpp"
#include "platforms/base/precision_names.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>

namespace weft::analysis {
namespace {

using Rows = std::vector<std::vector<std::string>>;
constexpr double gib = 1024.0 * 1024 * 1024;

/// Whole lines.
std::string paragraph(const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& sentence : sentences)
    out += (out.empty() ? "" : " ") + sentence;
  return wrap(out, 0);
}

std::string seconds(double s) {
  return s >= 1 ? fmt::format("{:.3f} s", s) : fmt::format("{:.1f} ms", 1e3 * s);
}

std::string plan_line(const sim::StepResult& r) {
  const auto& p = r.scenario.plan;
  std::string out = fmt::format("tp {}", p.tp);
  if (p.cp > 1) out += fmt::format(" · cp {} ({})", p.cp, enum_name(p.cp_algorithm));
  if (p.ep > 1) out += fmt::format(" · ep {}", p.ep);
  out += fmt::format(" · pp {} · dp {}", p.pp, p.dp);
  if (p.vpp > 1) out += fmt::format(" · vpp {}", p.vpp);
  return out + fmt::format(" · zero {} · microbatch {} × {} · {}", p.zero, p.microbatch,
                           workloads::microbatches(p, r.scenario.training), enum_name(p.schedule));
}
std::string training_line(const sim::StepResult& r) {
  const auto& t = r.scenario.training;
  return fmt::format("{} · sequence {} · {} · global batch {}", r.scenario.model.name, t.sequence,
                     enum_name(t.precision), t.global_batch);
}

/// One row of the table, a cell for each scenario.
std::vector<std::string> row(const std::string& name, std::span<const Summary> all,
                             const std::function<std::string(const Summary&)>& cell) {
  std::vector<std::string> out{name};
  for (const Summary& s : all)
    out.push_back(cell(s));
  return out;
}

void headline(Rows& rows, std::span<const Summary> all) {
  auto add = [&](const char* name, const std::function<std::string(const Summary&)>& cell) {
    rows.push_back(row(name, all, cell));
  };
  add("", [](const Summary& s) { return s.result.cluster.name; });
  add("accelerator", [](const Summary& s) { return s.result.cluster.chip_names(); });
  add("accelerators (ranks)", [](const Summary& s) {
    const auto& c = s.result.cluster;
    return c.ranks() == c.accelerators ? fmt::format("{}", c.accelerators)
                                       : fmt::format("{} ({})", c.accelerators, c.ranks());
  });
  auto banded = [&](Spread HeadlineBands::*of, const std::function<std::string(double)>& cell) {
    if (!all.front().bands) return; // of none, when of one
    add("  5 to 95 %",
        [&](const Summary& s) { return fmt::format("{} to {}", cell((*s.bands.*of).p5), cell((*s.bands.*of).p95)); });
  };
  add("step time", [](const Summary& s) { return seconds(s.result.run.step_time); });
  banded(&HeadlineBands::step_s, seconds);
  add("tokens/s/accelerator", [](const Summary& s) { return fmt::format("{:.1f}", s.tokens_per_s_per_accelerator); });
  banded(&HeadlineBands::tokens_per_s_per_accelerator, [](double v) { return fmt::format("{:.1f}", v); });
  add("MFU (causal)", [](const Summary& s) { return percent(s.mfu_causal); });
  banded(&HeadlineBands::mfu_causal, percent);
  add("effective EFLOP/s", [](const Summary& s) { return fmt::format("{:.3f}", s.effective_flops / 1e18); });
  banded(&HeadlineBands::effective_flops, [](double v) { return fmt::format("{:.3f}", v / 1e18); });
  add("accelerators per eff. EFLOP/s",
      [](const Summary& s) { return fmt::format("{:.0f}", s.accelerators_per_effective_eflops); });
  add("recomputation", [](const Summary& s) { return std::string(enum_name(s.result.recompute)); });
  add("memory per rank", [](const Summary& s) {
    return fmt::format("{:.1f} of {:.0f} GiB", s.result.memory.total().count() / gib,
                       s.result.memory_capacity.count() / gib);
  });
  add("fits", [](const Summary& s) { return std::string(s.result.fits() ? "yes" : "NO"); });
  add("measured runs of this chip", [](const Summary& s) {
    std::string out;
    for (const auto* chip : s.result.cluster.chips()) {
      const auto runs = chip->measured_runs.value;
      out += (out.empty() ? "" : " + ") + (runs > 0 ? fmt::format("{}", runs) : std::string("none"));
    }
    return out;
  });
}

bool silent(std::span<const Summary> all, const std::function<double(const Summary&)>& share) {
  return std::all_of(all.begin(), all.end(), [&](const Summary& s) { return std::abs(share(s)) < 5e-5; });
}

void where_rows(Rows& rows, std::span<const Summary> all) {
  rows.push_back({""});
  rows.push_back({"WHERE TIME WENT (share of the step; every second of every rank, averaged)"});
  for (std::size_t e = 0; e < sim::entry_count; ++e) {
    auto share = [e](const Summary& s) { return s.where.seconds[e] / s.result.run.step_time; };
    if (silent(all, share)) continue;
    const auto entry = sim::Entry(e);
    const bool communication = entry >= sim::Entry::tp && entry <= sim::Entry::other;
    rows.push_back(row(fmt::format("  {}{}", communication ? "exposed " : "", sim::entry_names[e]), all,
                       [&](const Summary& s) { return percent(share(s)); }));
  }
}

void tax_rows(Rows& rows, std::span<const Summary> all) {
  if (!all.front().tax) return; // of none, when of one
  rows.push_back({""});
  rows.push_back({"WHAT TOOK IT AWAY (share of the step that would vanish with a perfect interconnect)"});
  rows.push_back(row("  interconnect tax", all, [](const Summary& s) { return percent(s.tax->total); }));
  if (all.front().bands)
    rows.push_back(row("    5 to 95 %", all, [](const Summary& s) {
      return fmt::format("{} to {}", percent(s.bands->tax.p5), percent(s.bands->tax.p95));
    }));
  for (std::size_t d = 0; d < sim::dim_count; ++d) {
    auto share = [d](const Summary& s) {
      for (const auto& part : s.tax->parts)
        if (std::size_t(part.dim) == d) return part.seconds / s.result.run.step_time;
      return 0.0;
    };
    if (silent(all, share)) continue;
    rows.push_back(
        row(fmt::format("    {}", sim::dim_names[d]), all, [&](const Summary& s) { return percent(share(s)); }));
  }
  if (all.size() > 1 || all.front().tax->tiers.empty()) return; // of one: clusters differ in what their tiers are
  rows.push_back({"  the same by tier of the interconnect"});
  for (const auto& tier : all.front().tax->tiers)
    rows.push_back({"    " + tier.name, percent(tier.seconds / all.front().result.run.step_time)});
}

std::string made_by_network(const Summary& s) {
  std::string out;
  if (!s.tax) return out;
  for (sim::Entry e : {sim::Entry::bubble, sim::Entry::imbalance}) {
    const auto i = std::size_t(e);
    const double made = s.where.seconds[i] - s.where_ideal.seconds[i];
    if (std::abs(made) < 5e-4 * s.result.run.step_time) continue;
    out += out.empty() ? "" : "; ";
    out += made > 0 ? fmt::format("{} of the {} is the network's doing", seconds(made), sim::entry_names[i])
                    : fmt::format("without the network's part there would be {} more {}", seconds(-made),
                                  sim::entry_names[i]);
  }
  return out.empty() ? out : out + ".\n";
}

Rows seed_rows(const Seeds& s) {
  Rows rows{{fmt::format("OVER {} SEEDS, from {}", s.n, s.first), "median", "5 %", "95 %"}};
  auto add = [&](const char* name, const Band& b, const std::function<std::string(double)>& cell) {
    rows.push_back({name, cell(b.median), cell(b.p5), cell(b.p95)});
  };
  add("  step time", s.step_time, seconds);
  add("  tokens/s/accelerator", s.tokens_per_s_per_accelerator, [](double v) { return fmt::format("{:.1f}", v); });
  if (s.tax) add("  interconnect tax", *s.tax, percent);
  return rows;
}

} // namespace

std::string run_text(const Summary& s, bool explain) {
  const std::span<const Summary> one(&s, 1);
  std::string out = fmt::format("{}\n{}\n{} · stack {}\n\n", s.result.scenario.name, training_line(s.result),
                                plan_line(s.result), s.result.scenario.stack.name);
  Rows rows;
  headline(rows, one);
  where_rows(rows, one);
  tax_rows(rows, one);
  if (explain) out += paragraph(explained(s)) + "\n";
  out += format_table(rows) + "\n" + (explain ? "" : wrap(quotable(s), 0)) + made_by_network(s) +
         wrap(evidence_sentence(s.result.scenario, s.result.cluster), 0);
  for (const std::string& caveat : caveats(s.result))
    out += wrap(caveat, 0);
  if (s.seeds) out += "\n" + format_table(seed_rows(*s.seeds));
  if (s.power) out += "\n" + power_text(*s.power);
  if (s.bands) out += "\n" + bands_text(*s.bands);
  return explain ? out + explanation(s) : out;
}

std::string compare_text(std::span<const Summary> all) {
  std::string out;
  const auto& first = all.front().result;
  const bool alike = std::all_of(all.begin(), all.end(), [&](const Summary& s) {
    return training_line(s.result) == training_line(first) && plan_line(s.result) == plan_line(first);
  });
  if (alike) out += training_line(first) + "\n" + plan_line(first) + "\n\n";
  Rows rows;
  headline(rows, all);
  rows.push_back(row("stack", all, [](const Summary& s) { return s.result.scenario.stack.name; }));
  where_rows(rows, all);
  tax_rows(rows, all);
  const auto powers = power_rows(all);
  rows.insert(rows.end(), powers.begin(), powers.end());
  out += format_table(rows) + power_notes(all) + "\nWHAT EACH LOSES, AND HOW SURE THAT IS\n";
  for (const Summary& s : all) {
    out += "\n  " + s.result.scenario.name + "\n";
    if (!alike) out += wrap(training_line(s.result) + "; " + plan_line(s.result) + ".", 4);
    out += wrap(quotable(s), 4) + wrap(evidence_sentence(s.result.scenario, s.result.cluster), 4);
    for (const std::string& caveat : caveats(s.result))
      out += wrap(caveat, 4);
    if (s.bands) out += wrap(widest(*s.bands), 4);
  }
  return out;
}

std::string catalog_text(const std::vector<CatalogLine>& lines) {
  Rows rows;
  std::string kind;
  for (const auto& line : lines) {
    if (line.kind != kind) {
      if (!rows.empty()) rows.push_back({""});
      rows.push_back({line.kind});
      kind = line.kind;
    }
    rows.push_back({"  " + line.name, ""});
    if (!line.about.empty()) rows.back() = {fmt::format("  {:<24}  {}", line.name, line.about)};
  }
  return format_table(rows);
}

std::string run_csv(std::span<const Summary> all) {
  std::string out =
      "scenario,cluster,accelerators,ranks,step_time_s,tokens_per_s_per_accelerator,mfu_causal,mfu_full,hfu,"
      "recompute,memory_bytes,capacity_bytes,fits,tax_total";
  for (std::string name : std::vector<std::string>(sim::entry_names.begin(), sim::entry_names.end())) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
    out += fmt::format(",where_{}_s", name);
  }
  for (auto name : sim::dim_names)
    out += fmt::format(",tax_{}_s", name);
  const bool seeds = std::any_of(all.begin(), all.end(), [](const Summary& s) { return s.seeds.has_value(); });
  if (seeds) {
    out += ",seeds";
    for (const char* figure : {"step_time_s", "tokens_per_s_per_accelerator", "tax"})
      out += fmt::format(",{0}_median,{0}_p5,{0}_p95", figure);
  }
  const bool bands = std::any_of(all.begin(), all.end(), [](const Summary& s) { return s.bands.has_value(); });
  if (bands) out += bands_csv(nullptr);
  out += power_csv_header(all) + "\n";
  for (const Summary& s : all) {
    const auto& r = s.result;
    out +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}", csv_field(r.scenario.name), csv_field(r.cluster.name),
                    r.cluster.accelerators, r.cluster.ranks(), r.run.step_time, s.tokens_per_s_per_accelerator,
                    s.mfu_causal, s.mfu_full, s.hfu, enum_name(r.recompute), r.memory.total().count(),
                    r.memory_capacity.count(), r.fits(), s.tax ? fmt::format("{}", s.tax->total) : "");
    for (double seconds : s.where.seconds)
      out += fmt::format(",{}", seconds);
    for (std::size_t d = 0; d < sim::dim_count; ++d) {
      std::string cell; // empty: not split, or not a dimension of this plan
      for (const auto& part : s.tax ? s.tax->parts : std::vector<Tax::Part>{})
        if (std::size_t(part.dim) == d) cell = fmt::format("{}", part.seconds);
      out += "," + cell;
    }
    if (s.seeds) {
      out += fmt::format(",{}", s.seeds->n);
      for (const Band& b : {s.seeds->step_time, s.seeds->tokens_per_s_per_accelerator})
        out += fmt::format(",{},{},{}", b.median, b.p5, b.p95);
      const auto& tax = s.seeds->tax;
      out += tax ? fmt::format(",{},{},{}", tax->median, tax->p5, tax->p95) : ",,,";
    }
    if (s.bands) out += bands_csv(&*s.bands);
    out += power_csv(s) + "\n";
  }
  return out;
}

std::string catalog_csv(const std::vector<CatalogLine>& lines) {
  std::string out = "kind,name,about\n";
  for (const auto& line : lines)
    out += fmt::format("{},{},{}\n", line.kind, csv_field(line.name), csv_field(line.about));
  return out;
}

} // namespace weft::analysis
