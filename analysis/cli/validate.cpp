#include "analysis/validate.hpp"
#include "analysis/cli/cli.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace weft::cli {
namespace {

/// A limit given as a share (0.1) or in percent (10 %).
bool over(const std::string& what, double value, double limit) {
  if (limit < 0 || value <= limit) return false;
  spdlog::error("{} of |error| is {:.1f} %, the limit is {:.1f} %", what, 100 * value, 100 * limit);
  return true;
}

int print_scenarios(const std::vector<analysis::PublishedRun>& runs, const std::string& id, const Value& unknown) {
  for (const auto& run : runs) {
    if (run.id != id) continue;
    auto all = analysis::candidates(run, unknown);
    if (!all) return report(all.error());
    for (const auto& candidate : *all) {
      if (all->size() > 1) print_data(fmt::format("# {}\n", candidate.choices));
      print_data(candidate.scenario + (all->size() > 1 ? "---\n" : ""));
    }
    return ok;
  }
  std::vector<std::string> ids;
  for (const auto& run : runs)
    ids.push_back(run.id);
  const std::string near = nearest(id, ids);
  return report({fmt::format("no run `{}`", id), {}, near.empty() ? "" : fmt::format("did you mean `{}`?", near)});
}

} // namespace

int validate(const Validate& what, const Common& options) {
  auto runs = analysis::read_published(what.files.empty() ? std::vector{analysis::own_runs()} : what.files);
  if (!runs) return report(runs.error());
  auto unknown = analysis::unknown_fields();
  if (!unknown) return report(unknown.error());
  if (!what.scenario.empty()) return print_scenarios(*runs, what.scenario, *unknown);
  std::erase_if(*runs, [&](const analysis::PublishedRun& run) {
    auto in = [](const std::vector<std::string>& list, const std::string& item) {
      return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
    };
    return !in(what.grades, run.grade) || !in(what.groups, run.group) || !in(what.ids, run.id);
  });
  if (runs->empty()) return report({"no run is of the asked grade, group and id", {}, {}});
  const auto result = analysis::validate(*runs, *unknown, options.jobs);
  if (options.format == "json")
    print_data(analysis::validation_json(result));
  else if (options.format == "csv")
    print_data(analysis::validation_csv(result));
  else
    print_data(analysis::validation_text(result, what.worst));
  const bool median = over("the median", result.overall.median, what.max_median);
  return over("the 90th percentile", result.overall.p90, what.max_p90) || median ? outside_band : ok;
}

} // namespace weft::cli
