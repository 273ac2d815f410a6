#include "analysis/rules.hpp"

#include "analysis/table.hpp"
#include "platforms/catalog.hpp"
#include "platforms/readers.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

using platforms::ExportRule;
using platforms::RuleClause;
using platforms::RuleMetric;
using platforms::RuleTest;
using platforms::Verdict;

/// One end of every band: what makes a rule bite least, as stated, or most.
enum class End { softest, stated, hardest };

std::optional<double> pick(const Amount& a, End end) {
  if (!a.value) return std::nullopt;
  return end == End::stated ? a.value->value : end == End::hardest ? a.value->high : a.value->low;
}
double threshold(const RuleTest& test, End end) {
  const auto& f = test.at_least;
  return end == End::stated ? f.value : end == End::hardest ? f.low.value_or(f.value) : f.high.value_or(f.value);
}
std::optional<bool> holds(const RuledFigures& figures, const RuleTest& test, End end) {
  const auto value = pick(figures.of(test.metric), end);
  if (!value) return std::nullopt;
  return *value >= threshold(test, end);
}
/// Nothing: what is unknown decides it.
std::optional<bool> holds(const RuledFigures& figures, const RuleClause& clause, End end) {
  bool open = false;
  for (const RuleTest& test : clause.tests) {
    const auto one = holds(figures, test, end);
    if (one && !*one) return false;
    open = open || !one;
  }
  return open ? std::nullopt : std::optional(true);
}

/// The clause that decides, and the first undecided one in front of it.
struct Decision {
  const RuleClause *clause = nullptr, *open = nullptr;
  [[nodiscard]] std::optional<Verdict> verdict() const {
    if (open && (!clause || open->verdict != clause->verdict)) return std::nullopt;
    return clause ? clause->verdict : Verdict::not_controlled;
  }
};
Decision decide(const RuledFigures& figures, const ExportRule& rule, End end) {
  Decision out;
  for (const RuleClause& clause : rule.clauses) {
    const auto held = holds(figures, clause, end);
    if (held && *held) {
      out.clause = &clause;
      break;
    }
    if (!held && !out.open) out.open = &clause;
  }
  return out;
}

std::string number_text(RuleMetric metric, double value) {
  return metric == RuleMetric::density ? fmt::format("{:.2f}", value) : thousands(value);
}

std::string against(const RuledFigures& figures, const RuleTest& test) {
  const double value = figures.of(test.metric).value->value, limit = test.at_least.value, off = value / limit - 1;
  const std::string share =
      off >= 0 ? fmt::format(" is {:.1f} % over ", 100 * off) : fmt::format(" is {:.1f} % under ", -100 * off);
  return metric_text(test.metric, value) + share + number_text(test.metric, limit);
}

std::string why_held(const RuledFigures& figures, const RuleClause& clause) {
  std::string out;
  for (const RuleTest& test : clause.tests)
    out += (out.empty() ? "" : " and ") + against(figures, test);
  return out + " (" + clause.name + ")";
}

/// The test that keeps the chip out of the clause that it is nearest to.
std::string why_not(const RuledFigures& figures, const ExportRule& rule) {
  const RuleClause* nearest = nullptr;
  const RuleTest* kept_out = nullptr;
  double best = -2;
  for (const RuleClause& clause : rule.clauses) {
    const RuleTest* worst = nullptr;
    double off = 0;
    for (const RuleTest& test : clause.tests)
      if (const Amount a = figures.of(test.metric); a.value && a.value->value / test.at_least.value - 1 < off) {
        off = a.value->value / test.at_least.value - 1;
        worst = &test;
      }
    if (!worst || off <= best) continue;
    best = off;
    nearest = &clause;
    kept_out = worst;
  }
  return nearest ? against(figures, *kept_out) + " (" + nearest->name + ")" : "no clause";
}

std::string why_open(const RuledFigures& figures, const RuleClause& clause) {
  std::string out;
  for (const RuleTest& test : clause.tests) {
    if (holds(figures, test, End::stated)) continue;
    const Amount a = figures.of(test.metric);
    for (const std::string& m : a.missing)
      out += (out.empty() ? "" : ", ") + m;
    out += " not known";
    if (test.metric == RuleMetric::density && figures.tpp.value)
      out += fmt::format(": {} if its dies are {:.0f} mm² or less together", verdict_text(clause.verdict),
                         std::floor(figures.tpp.value->value / test.at_least.value));
  }
  return out + " (" + clause.name + ")";
}

} // namespace

RuledChip ruled_chip(const platforms::Accelerator& a) {
  RuledChip out;
  out.name = a.name;
  out.full_name = a.full_name;
  out.chip_class = a.chip_class;
  out.peak = a.peak;
  out.memory_bandwidth = a.memory_bandwidth;
  out.scale_up = a.scale_up.bandwidth;
  out.host_link = a.host_link;
  out.die_area = a.die_area;
  out.bridged = a.scale_up.technology.starts_with("PCIe");
  return out;
}

Result<RuledChip> read_ruled_chip(const std::string& name) {
  const auto tree = platforms::load_entry("accelerators", name, {});
  if (!tree) return tl::unexpected(tree.error());
  if (!tree->find("unknown")) { // whole: checked as a whole
    const auto chip = platforms::read_accelerator_value(*tree);
    if (!chip) return tl::unexpected(chip.error());
    return ruled_chip(*chip);
  }
  RuledChip out;
  Result<void> ok;
  const auto get = [&](const char* path, auto& into) {
    if (const Value* value = find_path(*tree, path); value && ok) ok = read_value(*value, into);
  };
  get("name", out.name);
  get("full_name", out.full_name);
  get("chip_class", out.chip_class);
  get("peak", out.peak);
  get("memory_bandwidth", out.memory_bandwidth);
  get("scale_up.bandwidth", out.scale_up);
  get("host_link", out.host_link);
  get("die_area", out.die_area);
  if (const Value* technology = find_path(*tree, "scale_up.technology"))
    out.bridged = technology->scalar.starts_with("PCIe");
  if (!ok) return tl::unexpected(ok.error());
  if (out.peak.empty()) return fail(tree->mark, "accelerator states no peak");
  return out;
}

Amount RuledFigures::of(RuleMetric metric) const {
  switch (metric) {
  case RuleMetric::tpp: return tpp;
  case RuleMetric::density: return density;
  case RuleMetric::interconnect: return interconnect;
  case RuleMetric::memory: return memory;
  case RuleMetric::memory_and_interconnect: break;
  }
  return memory + interconnect;
}

RuledFigures ruled_figures(const RuledChip& chip) {
  RuledFigures out;
  double most = -1;
  for (const auto& [precision, figure] : chip.peak) {
    const Amount product = amount(figure) * exactly(8 * bytes_per_element(precision) / 1e12);
    if (product.value->value < most) continue; // of two alike the narrower, which comes later
    most = product.value->value;
    out.tpp = product;
    out.tpp_of = enum_name(precision);
  }
  out.die_area = amount(chip.die_area, "die area of " + chip.name);
  out.density = out.tpp / out.die_area;
  out.interconnect = amount(chip.scale_up, "scale-up bandwidth of " + chip.name) * exactly(2e-9);
  if (chip.bridged)
    out.interconnect = unknown("bandwidth of the bridge that " + chip.name + " is sold with");
  else if (chip.host_link)
    out.interconnect = out.interconnect + amount(*chip.host_link) * exactly(2e-9);
  out.memory = amount(chip.memory_bandwidth, "memory bandwidth of " + chip.name) * exactly(1e-9);
  return out;
}

Ruling judge(const RuledFigures& figures, const ExportRule& rule) {
  const Decision d = decide(figures, rule, End::stated);
  Ruling out;
  out.rule = &rule;
  out.verdict = d.verdict();
  if (!out.verdict)
    out.because = why_open(figures, *d.open);
  else
    out.because = d.clause ? why_held(figures, *d.clause) : why_not(figures, rule);
  for (End end : {End::softest, End::hardest})
    out.disputed = out.disputed || decide(figures, rule, end).verdict() != out.verdict;
  return out;
}

std::string verdict_text(const std::optional<Verdict>& verdict) {
  if (!verdict) return "undecidable";
  switch (*verdict) {
  case Verdict::controlled: return "controlled";
  case Verdict::licence: return "licence";
  case Verdict::notifiable: return "notifiable";
  case Verdict::not_controlled: break;
  }
  return "not controlled";
}

std::string metric_text(RuleMetric metric, double value) {
  const std::string number = number_text(metric, value);
  switch (metric) {
  case RuleMetric::tpp: return "TPP " + number;
  case RuleMetric::density: return "density " + number;
  case RuleMetric::interconnect: return "interconnect " + number + " GB/s";
  case RuleMetric::memory: return "memory " + number + " GB/s";
  case RuleMetric::memory_and_interconnect: break;
  }
  return "memory and interconnect " + number + " GB/s";
}

bool allows(const Ruling& ruling) {
  return ruling.verdict && *ruling.verdict != Verdict::controlled;
}

} // namespace weft::analysis
