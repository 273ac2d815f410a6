#include "analysis/validate.hpp"
#include "analysis/cli/cli.hpp"
#include "analysis/fits.hpp"
#include "analysis/pairs.hpp"
#include "analysis/plan_choice.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
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

/// A group, grade or id that no run has is a slip of the hand: nothing would be validated and nobody told.
Result<void> check_asked(const Validate& what, const std::vector<analysis::PublishedRun>& runs) {
  auto check = [&](const char* kind, const std::vector<std::string>& asked, auto member,
                   std::set<std::string> known = {}) -> Result<void> {
    for (const auto& run : runs)
      known.insert(run.*member);
    for (const std::string& name : asked)
      if (!known.contains(name))
        return fail({}, fmt::format("no run has {} `{}`", kind, name),
                    did_you_mean(name, {known.begin(), known.end()}));
    return {};
  };
  if (auto ok = check("group", what.groups, &analysis::PublishedRun::group); !ok) return ok;
  if (auto ok = check("grade", what.grades, &analysis::PublishedRun::grade, {"A", "B", "C"}); !ok) return ok;
  return check("id", what.ids, &analysis::PublishedRun::id);
}

/// One of the three that the format asks for.
template <class T>
void print_as(const std::string& format, const T& result, std::string (*text)(const T&), std::string (*json)(const T&),
              std::string (*csv)(const T&)) {
  print_data(format == "json" ? json(result) : format == "csv" ? csv(result) : text(result));
}

} // namespace

int validate(const Validate& what, const Common& options) {
  auto runs = analysis::read_published(what.files.empty() ? std::vector{analysis::own_runs()} : what.files);
  if (!runs) return report(runs.error());
  auto unknown = analysis::unknown_fields();
  if (!unknown) return report(unknown.error());
  if (!options.html.empty() && (what.pairs || what.fits || what.plan_choice || !what.scenario.empty() ||
                                !what.pairs_file.empty() || !what.fits_file.empty()))
    return report({"--html shows errors of steps, not --plan-choice, --pairs, --fits or --scenario", {}, {}});
  if (!what.scenario.empty()) return print_scenarios(*runs, what.scenario, *unknown);
  const bool as_pairs = what.pairs || !what.pairs_file.empty();
  const bool as_fits = what.fits || !what.fits_file.empty();
  // A limit that nothing is held to would pass in silence.
  if ((as_pairs || as_fits || what.plan_choice) && (what.max_median >= 0 || what.max_p90 >= 0))
    return report({"--max-median and --max-p90 limit errors of steps, not --plan-choice, --pairs or --fits", {}, {}});
  std::vector<analysis::PairFamily> families;
  if (as_pairs) {
    auto read = analysis::read_pairs(what.pairs_file.empty() ? analysis::own_pairs() : what.pairs_file);
    if (!read) return report(read.error());
    if (auto good = analysis::check_pairs(*read, *runs); !good) return report(good.error());
    families = std::move(*read);
  }
  std::vector<analysis::GridFit> fits;
  if (as_fits) {
    auto read = analysis::read_fits(what.fits_file.empty() ? analysis::own_fits() : what.fits_file);
    if (!read) return report(read.error());
    if (auto good = analysis::check_fits(*read, *runs, *unknown); !good) return report(good.error());
    fits = std::move(*read);
  }
  // A rank or a difference needs both its sides, a fit says itself which runs it is over: only an asked grade leaves
  // runs out of those.
  auto grades = what.grades;
  if (grades.empty() && !as_pairs && !as_fits && !what.plan_choice) grades = {"A", "B"};
  if (auto known = check_asked(what, *runs); !known) return report(known.error());
  std::erase_if(*runs, [&](const analysis::PublishedRun& run) {
    auto in = [](const std::vector<std::string>& list, const std::string& item) {
      return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
    };
    return !in(grades, run.grade) || !in(what.groups, run.group) || !in(what.ids, run.id);
  });
  if (runs->empty()) return report({"no run is of the asked grade, group and id", {}, {}});
  if (as_pairs) {
    print_as(options.format, analysis::pair_losses(families, *runs, *unknown, options.jobs), analysis::pairs_text,
             analysis::pairs_json, analysis::pairs_csv);
    return ok;
  }
  if (as_fits) {
    print_as(options.format, analysis::fits(fits, *runs, *unknown, options.jobs), analysis::fits_text,
             analysis::fits_json, analysis::fits_csv);
    return ok;
  }
  if (what.plan_choice) {
    print_as(options.format, analysis::plan_choice(*runs, *unknown, options.jobs), analysis::plan_choice_text,
             analysis::plan_choice_json, analysis::plan_choice_csv);
    return ok;
  }
  const auto result = analysis::validate(*runs, *unknown, options.jobs);
  if (auto page = add_page(options, "validate", [&] { return analysis::validation_json(result); }); !page)
    return report(page.error());
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
