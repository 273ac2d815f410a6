#include "analysis/validate_subsets.hpp"

#include "analysis/percent.hpp"
#include "analysis/published_scan.hpp"
#include "analysis/table.hpp"
#include "platforms/catalog.hpp"

namespace weft::analysis {

bool has_experts(const PublishedRun& run) {
  const Row row(run);
  if (row.find("model", "experts")) return true;
  if (shape_stated(row)) return false;
  const auto tree = platforms::load_entry("models", catalog_model(row), {});
  return tree && tree->find("experts");
}

std::optional<bool> leaves_domain(const PublishedRun& run) {
  Row row(run);
  const auto chips = row.integer("system", "chips");
  std::int64_t domain = 0;
  const Value* value = run.row.find("system")->find("catalogue")->find("domain");
  if (!chips || row.error() || !value || !read_value(*value, domain)) return std::nullopt;
  return *chips > domain;
}

void add_subsets(Validation& v) {
  auto add = [&](const std::string& name, const auto& belongs) {
    std::vector<const Prediction*> members;
    for (const Prediction& p : v.runs)
      if (belongs(p)) members.push_back(&p);
    v.subsets.push_back({name, statistics_of(members)});
  };
  add("dense", [](const Prediction& p) { return !p.experts; });
  add("mixture of experts", [](const Prediction& p) { return p.experts; });
  add("ascend-910b dense", [](const Prediction& p) { return p.accelerator == "ascend-910b" && !p.experts; });
  add("one scale-up domain", [](const Prediction& p) { return p.leaves_domain && !*p.leaves_domain; });
  add("leaves one scale-up domain", [](const Prediction& p) { return p.leaves_domain && *p.leaves_domain; });
  for (const auto& [grade, of] : v.grades)
    v.subsets.push_back({"grade " + grade, of});

  std::vector<double> medians, baseline;
  for (const auto& [group, of] : v.groups) {
    if (of.count == 0) continue;
    medians.push_back(of.median);
    if (of.count == of.skipped) continue; // nothing that a baseline could be held against
    baseline.push_back(of.baseline_median);
    if (of.count - of.skipped >= runs_to_compare && of.baseline_median < of.median) v.baseline_nearer.push_back(group);
  }
  v.group_median = median_of(medians);
  v.baseline_group_median = median_of(baseline);
}

std::string subsets_text(const Validation& v) {
  std::vector<std::vector<std::string>> rows{
      {"SUBSETS", "runs", "not predicted", "median |error|", "p90", "bias", "baseline median", "p90"}};
  for (const auto& [name, s] : v.subsets) {
    if (s.count == 0) continue;
    const bool any = s.count > s.skipped;
    rows.push_back({name, fmt::format("{}", s.count), s.skipped > 0 ? fmt::format("{}", s.skipped) : "",
                    percent(s.median), percent(s.p90), any ? signed_percent(s.bias) : "",
                    any ? percent(s.baseline_median) : "", any ? percent(s.baseline_p90) : ""});
  }
  if (rows.size() == 1) return {};
  std::string out = "\n" + format_table(rows);
  out += fmt::format("\nmedian of group medians: {}, of the baseline's {}\n", percent(v.group_median),
                     percent(v.baseline_group_median));
  out +=
      fmt::format("\nGROUPS WHERE THE BASELINE IS NEARER (of those with {} measured runs or more)\n", runs_to_compare);
  for (const std::string& group : v.baseline_nearer)
    out += fmt::format("  {}: median |error| {}, baseline {}\n", group, percent(v.groups.at(group).median),
                       percent(v.groups.at(group).baseline_median));
  if (v.baseline_nearer.empty()) out += "  none\n";
  return out;
}

} // namespace weft::analysis
