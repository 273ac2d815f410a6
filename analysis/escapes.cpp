#include "analysis/rules.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

using platforms::ExportRule;
using platforms::RuleMetric;

/// A point that a maker may choose: TPP, GB/s both ways, GB/s of memory, mm² of dies.
struct Design {
  double tpp = 0, interconnect = 0, memory = 0;
  std::optional<double> die_area;
};

RuledFigures figures_of(const Design& d, const RuledFigures& reference) {
  RuledFigures out = reference;
  out.tpp = exactly(d.tpp);
  out.interconnect = exactly(d.interconnect);
  out.memory = exactly(d.memory);
  out.die_area = d.die_area ? exactly(*d.die_area) : unknown("die area");
  out.density = out.tpp / out.die_area;
  return out;
}

std::vector<double> thresholds(const ExportRule& rule, RuleMetric metric) {
  std::vector<double> out;
  for (const auto& clause : rule.clauses)
    for (const auto& test : clause.tests)
      if (test.metric == metric && std::find(out.begin(), out.end(), test.at_least.value) == out.end())
        out.push_back(test.at_least.value);
  return out;
}

/// As it is, or one short of a threshold.
std::vector<double> choices(double now, const std::vector<double>& limits) {
  std::vector<double> out{now};
  for (double limit : limits)
    if (limit <= now && limit > 1) out.push_back(limit - 1);
  return out;
}

/// Every choice of the four figures; one short of a sum is reached by either of its summands.
std::vector<Design> designs(const RuledFigures& r, const ExportRule& rule, double least_interconnect) {
  const auto sums = thresholds(rule, RuleMetric::memory_and_interconnect);
  const auto densities = thresholds(rule, RuleMetric::density);
  auto wires = choices(r.interconnect.value->value, thresholds(rule, RuleMetric::interconnect));
  auto memories = choices(r.memory.value->value, thresholds(rule, RuleMetric::memory));
  const auto plain_wires = wires, plain_memories = memories;
  for (double sum : sums) {
    for (double w : plain_wires)
      memories.push_back(sum - 1 - w);
    for (double m : plain_memories)
      wires.push_back(sum - 1 - m);
  }
  std::vector<Design> out;
  for (double tpp : choices(r.tpp.value->value, thresholds(rule, RuleMetric::tpp)))
    for (double wire : wires)
      for (double memory : memories) {
        if (wire <= least_interconnect || memory <= 0) continue;
        const double now = r.die_area.value ? r.die_area.value->value : 0;
        out.push_back({tpp, wire, memory, now > 0 ? std::optional(now) : std::nullopt});
        for (double density : densities)
          if (const double area = tpp / density * (1 + 1e-9); area > now) out.push_back({tpp, wire, memory, area});
      }
  return out;
}

struct Allowed {
  Design design;
  Ruling ruling;
};
double area_of(const Design& d) {
  return d.die_area.value_or(0);
}
/// No worse in anything.
bool covers(const Allowed& a, const Allowed& b) {
  return a.design.tpp >= b.design.tpp && a.design.interconnect >= b.design.interconnect &&
         a.design.memory >= b.design.memory && area_of(a.design) <= area_of(b.design) &&
         *a.ruling.verdict >= *b.ruling.verdict;
}

template <class Q> Figure<Q> lowered(const Figure<Q>& from, double factor, const ExportRule& rule) {
  return {from.value * factor, "lowered to just under " + rule.title, Evidence::derived, {}, {}, {}};
}

Escape built(const platforms::Accelerator& reference, const RuledFigures& r, const Allowed& a, const ExportRule& rule) {
  Escape out;
  out.chip = reference;
  out.ruling = a.ruling;
  out.die_area = a.design.die_area;
  const auto say = [&](RuleMetric metric, double value) {
    out.changes += (out.changes.empty() ? "" : ", ") + metric_text(metric, value);
  };
  if (const double now = r.tpp.value->value; a.design.tpp < now) {
    for (auto& [precision, figure] : out.chip.peak)
      figure = lowered(figure, a.design.tpp / now, rule);
    say(RuleMetric::tpp, a.design.tpp);
  }
  if (a.design.interconnect < r.interconnect.value->value) {
    const double port = reference.scale_up.bandwidth.value.count() * 2e-9;
    const double factor = (port - (r.interconnect.value->value - a.design.interconnect)) / port;
    auto& scale_up = out.chip.scale_up;
    scale_up.bandwidth = lowered(scale_up.bandwidth, factor, rule);
    if (scale_up.link_bandwidth) scale_up.link_bandwidth = lowered(*scale_up.link_bandwidth, factor, rule);
    say(RuleMetric::interconnect, a.design.interconnect);
  }
  if (const double now = r.memory.value->value; a.design.memory < now) {
    out.chip.memory_bandwidth = lowered(out.chip.memory_bandwidth, a.design.memory / now, rule);
    say(RuleMetric::memory, a.design.memory);
  }
  if (a.design.die_area && (!r.die_area.value || *a.design.die_area > r.die_area.value->value))
    out.changes += fmt::format("{}dies of {:.0f} mm²", out.changes.empty() ? "" : ", ", *a.design.die_area);
  if (out.changes.empty()) out.changes = "as it is";
  return out;
}

} // namespace

std::vector<Escape> escapes(const platforms::Accelerator& reference, const ExportRule& rule) {
  const RuledFigures r = ruled_figures(ruled_chip(reference));
  const double host = reference.host_link ? reference.host_link->value.count() * 2e-9 : 0;
  std::vector<Allowed> allowed;
  for (const Design& d : designs(r, rule, host))
    if (const Ruling ruling = judge(figures_of(d, r), rule); allows(ruling)) allowed.push_back({d, ruling});
  std::vector<Escape> out;
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    bool covered = false;
    for (std::size_t j = 0; j < allowed.size() && !covered; ++j) // of two alike the first stays
      covered = j != i && covers(allowed[j], allowed[i]) && (j < i || !covers(allowed[i], allowed[j]));
    if (!covered) out.push_back(built(reference, r, allowed[i], rule));
  }
  return out;
}

} // namespace weft::analysis
