#include "analysis/rules_fastest.hpp"

#include "platforms/catalog.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

using platforms::ExportRule;

/// The scenario's cluster as its file says it, with another accelerator in its nodes.
Result<Case> with_chip(const Loaded& loaded, const std::string& chip) {
  Value spec = loaded.scenario.cluster;
  if (!spec.is_map()) { // a bare name
    Value map;
    map.kind = Value::Kind::map;
    map.mark = spec.mark;
    map.members.push_back({"name", spec.mark, spec});
    spec = std::move(map);
  }
  if (auto ok = set_path(spec, "node.accelerator=" + chip); !ok) return tl::unexpected(ok.error());
  if (auto* count = spec.find("accelerators"); !count)
    if (auto ok = set_path(spec, fmt::format("accelerators={}", loaded.cluster.accelerators)); !ok)
      return tl::unexpected(ok.error());
  auto cluster = platforms::read_cluster(spec);
  if (!cluster) return tl::unexpected(cluster.error());
  Case out = case_of(loaded, chip);
  out.cluster = std::move(*cluster);
  return out;
}

/// Step times of cases, some of which are not there; `ideal` steps are not asked for.
std::vector<Result<Headline>> steps_of(const std::vector<Result<Case>>& cases, sim::Options options, int jobs) {
  options.ideal_run = false;
  std::vector<Case> whole;
  for (const auto& one : cases)
    if (one) whole.push_back(*one);
  auto done = simulate_all(whole, options, jobs);
  std::vector<Result<Headline>> out;
  std::size_t next = 0;
  for (const auto& one : cases) {
    if (one)
      out.push_back(std::move(done[next++]));
    else
      out.emplace_back(tl::unexpected(one.error()));
  }
  return out;
}

bool usable(const std::optional<Headline>& h) {
  return h && h->fits();
}

void put(const Result<Headline>& step, std::optional<Headline>& headline, std::string& reason) {
  if (step) {
    headline = *step;
    if (!step->fits()) reason = "does not fit in its memory";
  } else {
    reason = step.error().message;
  }
}

std::vector<RuledDesign> designs_of(const Loaded& loaded, const ExportRule& rule, const sim::Options& options,
                                    int jobs) {
  std::vector<RuledDesign> out;
  std::vector<Result<Case>> cases;
  for (Escape& escape : escapes(loaded.cluster.accelerator, rule)) {
    Case one = case_of(loaded, escape.changes);
    one.cluster.accelerator = escape.chip;
    cases.emplace_back(std::move(one));
    out.push_back({std::move(escape), {}, {}});
  }
  const auto steps = steps_of(cases, options, jobs);
  for (std::size_t i = 0; i < out.size(); ++i)
    put(steps[i], out[i].headline, out[i].reason);
  std::stable_sort(out.begin(), out.end(), [](const RuledDesign& a, const RuledDesign& b) {
    if (a.escape.ruling.verdict != b.escape.ruling.verdict) return *a.escape.ruling.verdict > *b.escape.ruling.verdict;
    return a.headline && (!b.headline || a.headline->step_s < b.headline->step_s);
  });
  return out;
}

Result<void> check_one_kind(const Loaded& loaded) {
  if (loaded.cluster.parts.empty()) return {};
  return fail(loaded.scenario.cluster.mark, "the cluster has several kinds of nodes: which chip to swap is not clear");
}

} // namespace

Result<Contender> own_contender(const Loaded& loaded, const sim::Options& options) {
  const auto own = steps_of({Result<Case>(case_of(loaded))}, options, 1);
  if (!own.front()) return tl::unexpected(own.front().error());
  const RuledChip chip = ruled_chip(loaded.cluster.accelerator);
  Contender out{chip, ruled_figures(chip), {}, {}};
  put(own.front(), out.headline, out.reason);
  return out;
}

Result<std::vector<Contender>> contenders_in(const Loaded& loaded, const std::vector<std::string>& chips,
                                             const sim::Options& options, int jobs) {
  if (auto ok = check_one_kind(loaded); !ok) return tl::unexpected(ok.error());
  std::vector<Contender> out;
  std::vector<Result<Case>> cases;
  for (const std::string& name : chips) {
    auto chip = read_ruled_chip(name);
    if (!chip) return tl::unexpected(chip.error());
    out.push_back({*chip, ruled_figures(*chip), {}, {}});
    cases.push_back(with_chip(loaded, name));
  }
  const auto steps = steps_of(cases, options, jobs);
  for (std::size_t i = 0; i < out.size(); ++i)
    put(steps[i], out[i].headline, out[i].reason);
  return out;
}

Result<Fastest> fastest_allowed(const Loaded& loaded, const std::vector<ExportRule>& rules, const sim::Options& options,
                                int jobs) {
  std::vector<std::string> names;
  for (const std::string& name : platforms::catalog_names("accelerators")) {
    const auto chip = read_ruled_chip(name);
    if (!chip) return tl::unexpected(chip.error());
    if (chip->chip_class != platforms::ChipClass::china_domestic) names.push_back(name);
  }
  auto contenders = contenders_in(loaded, names, options, jobs);
  if (!contenders) return tl::unexpected(contenders.error());
  Fastest out;
  out.scenario = loaded.scenario.name;
  out.cluster = loaded.cluster.name;
  out.contenders = std::move(*contenders);
  std::stable_sort(out.contenders.begin(), out.contenders.end(), [](const Contender& a, const Contender& b) {
    if (usable(a.headline) != usable(b.headline)) return usable(a.headline);
    return usable(a.headline) && a.headline->step_s < b.headline->step_s;
  });
  const auto own = own_contender(loaded, options);
  if (!own) return tl::unexpected(own.error());
  out.reference = *own;
  for (const ExportRule& rule : rules) {
    RuleOutcome one;
    one.rule = &rule;
    for (std::size_t i = 0; i < out.contenders.size() && !one.fastest; ++i)
      if (usable(out.contenders[i].headline) && allows(judge(out.contenders[i].figures, rule))) one.fastest = i;
    one.designs = designs_of(loaded, rule, options, jobs);
    out.rules.push_back(std::move(one));
  }
  return out;
}

} // namespace weft::analysis
