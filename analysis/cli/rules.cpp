#include "analysis/cli/cli.hpp"
#include "analysis/rules_print.hpp"
#include "platforms/catalog.hpp"

#include <functional>
#include <optional>

namespace weft::cli {
namespace {

using Printer = std::function<std::string()>;
int print(const Common& options, const Printer& text, const Printer& json, const Printer& csv) {
  print_data(options.format == "json" ? json() : options.format == "csv" ? csv() : text());
  return ok;
}

int fastest(const analysis::Loaded& loaded, const std::vector<platforms::ExportRule>& rules, const sim::Options& how,
            const Common& options) {
  const auto result = analysis::fastest_allowed(loaded, rules, how, options.jobs);
  if (!result) return report(result.error());
  return print(
      options, [&] { return analysis::fastest_text(*result); }, [&] { return analysis::fastest_json(*result); },
      [&] { return analysis::fastest_csv(*result); });
}

} // namespace

int rules(const Rules& what, const Common& options) {
  const auto all = platforms::export_rules();
  if (!all) return report(all.error());
  sim::Options how;
  how.fold = !options.no_fold;
  how.solver = solver_of(options);
  how.seed = options.seed;
  how.max_activities = options.max_activities;
  std::optional<analysis::Loaded> loaded;
  if (what.fastest || !what.scenario.empty() || !options.sets.empty()) {
    auto read = analysis::load_scenario(what.scenario.empty() ? "llama3-405b-16k" : what.scenario, options.sets);
    if (!read) return report(read.error());
    loaded = std::move(*read);
  }
  if (what.fastest) return fastest(*loaded, *all, how, options);

  std::vector<std::string> names = what.chips;
  names.insert(names.end(), what.designs.begin(), what.designs.end());
  if (names.empty()) names = platforms::catalog_names("accelerators");
  std::vector<analysis::Judged> chips;
  for (const std::string& name : names) {
    const auto chip = analysis::read_ruled_chip(name);
    if (!chip) return report(chip.error());
    chips.push_back(analysis::judged(*chip, *all));
  }
  std::optional<analysis::InScenario> steps;
  if (loaded) {
    auto own = analysis::own_contender(*loaded, how);
    if (!own) return report(own.error());
    auto others = analysis::contenders_in(*loaded, names, how, options.jobs);
    if (!others) return report(others.error());
    steps = {loaded->scenario.name, loaded->cluster.name, std::move(*own), std::move(*others)};
  }
  return print(
      options, [&] { return analysis::rules_text(chips, steps); }, [&] { return analysis::rules_json(chips, steps); },
      [&] { return analysis::rules_csv(chips); });
}

} // namespace weft::cli
