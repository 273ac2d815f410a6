#include "sim/simulate.hpp"
#include "analysis/bands.hpp"
#include "analysis/cli/cli.hpp"
#include "analysis/cli/terminal.hpp"
#include "analysis/headline.hpp"
#include "analysis/json.hpp"
#include "analysis/pipeline_svg.hpp"
#include "analysis/seeds.hpp"
#include "analysis/text.hpp"
#include "analysis/trace.hpp"
#include "platforms/base/output_file.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <optional>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

namespace weft::cli {
namespace {

using workloads::Recompute;

/// The first of a few steps away from the plan that fits: more recomputation, more sharding, smaller microbatches.
std::optional<std::string> nearest_fit(const sim::StepResult& r) {
  workloads::Scenario s = r.scenario;
  std::string steps;
  auto fits = [&](Recompute recompute) {
    const workloads::LayerContext context{s.model, s.training, s.plan, s.stack, recompute};
    return workloads::worst_memory(context).total() <= r.memory_capacity;
  };
  for (std::int64_t microbatch : {s.plan.microbatch, std::int64_t{1}})
    for (std::int64_t zero = s.plan.zero; zero <= 2; ++zero)
      for (Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full}) {
        if (int(recompute) < int(r.recompute)) continue;
        s.plan.microbatch = microbatch;
        s.plan.zero = zero;
        if (!check_legal(s.model, s.training, s.plan, r.cluster.ranks()) || !fits(recompute)) continue;
        return fmt::format("--set plan.recompute={} --set plan.zero={} --set plan.microbatch={}", enum_name(recompute),
                           zero, microbatch);
      }
  return std::nullopt;
}

Result<void> write_pictures(const sim::StepResult& result, const Common& options) {
  if (!options.pipeline.empty())
    if (auto ok = write_file(options.pipeline, analysis::pipeline_svg(result)); !ok) return ok;
  if (options.trace.empty()) return {};
  auto file = OutputFile::create(options.trace);
  if (!file) return tl::unexpected(file.error());
  const analysis::Traced traced = analysis::write_trace(result, [&](std::string_view text) { file->write(text); });
  if (auto ok = file->finish(); !ok) return ok;
  spdlog::info("{}: {:.1f} MB, for https://ui.perfetto.dev or chrome://tracing", options.trace,
               double(file->bytes()) / 1e6);
  if (traced.left_out > 0)
    spdlog::warn("{}: {} of {} rank classes are not in it: of every stage the largest are", options.trace,
                 traced.left_out, traced.classes);
  return {};
}

double cpu_seconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

} // namespace

Result<analysis::Summary> simulate(const std::string& name, const Common& options, bool all_subsets, bool explain) {
  auto loaded = analysis::load_scenario(name, options.sets);
  if (!loaded) return tl::unexpected(loaded.error());
  if (options.power && !options.location.empty()) // a wrong name is said before anything is simulated
    if (auto place = platforms::read_location(options.location, {}); !place) return tl::unexpected(place.error());
  sim::Options how = what_if_options(options);
  how.jobs = options.jobs;
  how.ideal_run = !options.no_tax;
  how.all_subsets = all_subsets && !options.ideal_network && !options.no_tax;
  how.tier_subsets = explain && how.all_subsets;
  how.capacity_response = options.stats;
  if (!options.trace.empty()) how.link_bins = analysis::trace_bins;
  const bool draws = options.seeds > 0 && analysis::varies(*loaded);
  if (draws) how.draws = 1 + options.seeds;
  auto result = sim::simulate(loaded->scenario, loaded->cluster, how);
  if (!result) return tl::unexpected(result.error());
  if (result->capacity_response >= 0)
    spdlog::info("{}: a last-place change of one link's capacity moves the step by {:.1e} of itself",
                 loaded->scenario.name, result->capacity_response);
  auto summary = analysis::summarise(std::move(*result), loaded->hash, options.ideal_network, explain);
  if (options.seeds > 0 && !draws) {
    spdlog::warn("{}: nothing is random from run to run: every seed gives this step", loaded->scenario.name);
  } else if (draws) {
    auto seeds = analysis::run_seeds(*loaded, how, options.seeds, options.ideal_network);
    if (!seeds) return tl::unexpected(seeds.error());
    summary.seeds = *seeds;
  }
  if (options.power) {
    auto power = analysis::power_at(summary.result.cluster, analysis::headline(summary), options.location);
    if (!power) return tl::unexpected(power.error());
    summary.evidence.insert(summary.evidence.end(), power->figures.begin(), power->figures.end());
    summary.power = std::move(*power);
  }
  return summary;
}

sim::Solver solver_of(const Common& options) {
  return options.solver == "fluid" ? sim::Solver::fluid : sim::Solver::simgrid;
}

Result<void> add_bands(const std::vector<std::string>& scenarios, const Common& options,
                       std::vector<analysis::Summary>& summaries) {
  if (options.samples == 0) return {};
  std::vector<analysis::Case> cases;
  for (const std::string& name : scenarios) {
    const auto loaded = analysis::load_scenario(name, options.sets);
    if (!loaded) return tl::unexpected(loaded.error());
    cases.push_back(analysis::case_of(*loaded));
  }
  auto found = analysis::bands(cases, options.samples, what_if_options(options), options.jobs);
  if (!found) return tl::unexpected(found.error());
  for (std::size_t i = 0; i < cases.size(); ++i)
    summaries[i].bands = std::move((*found)[i]);
  return {};
}

sim::Options what_if_options(const Common& options) {
  sim::Options how;
  how.fold = !options.no_fold;
  how.solver = solver_of(options);
  how.seed = options.seed;
  how.max_activities = options.max_activities;
  return how;
}

void print_data(const std::string& data) {
  clear_progress();
  const std::string text = with_headings(data);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

int report(const Error& error) {
  clear_progress();
  std::fputs(with_error_marks(render(error)).c_str(), stderr);
  return wrong_input;
}

bool report_memory(const analysis::Summary& s) {
  const sim::StepResult& r = s.result;
  if (r.fits()) return true;
  const Bytes over = r.memory.total() - r.memory_capacity;
  spdlog::warn("{}: does not fit: stage {} needs {:.1f} GiB, {:.1f} GiB more than a rank has", r.scenario.name,
               r.memory.stage, r.memory.total().count() / 1073741824.0, over.count() / 1073741824.0);
  if (const auto fit = nearest_fit(r))
    spdlog::warn("{}: the nearest plan that fits: {}", r.scenario.name, *fit);
  else
    spdlog::warn("{}: no recomputation, sharding or microbatch of this plan fits", r.scenario.name);
  return false;
}

void print_stats() {
  rusage self{}, children{};
  ::getrusage(RUSAGE_SELF, &self);
  ::getrusage(RUSAGE_CHILDREN, &children);
  spdlog::info("CPU {:.3f} s, of which simulation processes {:.3f} s; peak memory {:.1f} MB in the largest process",
               cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN), cpu_seconds(RUSAGE_CHILDREN),
               double(std::max(self.ru_maxrss, children.ru_maxrss)) / 1e3);
}

int run(const std::string& scenario, const Common& options) {
  if (!options.trace.empty() && options.trace == options.pipeline)
    return report({"--trace and --pipeline name the same file", {}, {}});
  for (const std::string& file : {options.trace, options.pipeline}) // said before anything is simulated
    if (auto may = may_write(file, options.force); !file.empty() && !may) return report(may.error());
  const bool whole = options.explain || !options.html.empty(); // a page shows tiers too
  auto summary = simulate(scenario, options, whole, whole);
  if (!summary) return report(summary.error());
  if (auto ok = write_pictures(summary->result, options); !ok) return report(ok.error());
  std::vector<analysis::Summary> one{std::move(*summary)};
  if (auto ok = add_bands({scenario}, options, one); !ok) return report(ok.error());
  summary = std::move(one.front());
  if (auto page = add_page(
          options, "run", [&] { return analysis::run_json(*summary); },
          options.ideal_network ? nullptr : &summary->result);
      !page)
    return report(page.error());
  if (options.format == "json")
    print_data(analysis::run_json(*summary));
  else if (options.format == "csv")
    print_data(analysis::run_csv({&*summary, 1}));
  else
    print_data(analysis::run_text(*summary, options.explain));
  return report_memory(*summary) ? ok : does_not_fit;
}

int compare(std::vector<std::string> scenarios, const Common& options) {
  if (scenarios.empty())
    scenarios = {"llama3-405b-16k", "llama3-405b-16k-h800", "llama3-405b-16k-910b", "llama3-405b-16k-910c"};
  std::vector<analysis::Summary> all;
  for (const std::string& name : scenarios) {
    auto summary = simulate(name, options, true, !options.html.empty());
    if (!summary) return report(summary.error());
    all.push_back(std::move(*summary));
  }
  if (auto ok = add_bands(scenarios, options, all); !ok) return report(ok.error());
  if (auto page = add_page(options, "compare", [&] { return analysis::compare_json(all); }); !page)
    return report(page.error());
  if (options.format == "json")
    print_data(analysis::compare_json(all));
  else if (options.format == "csv")
    print_data(analysis::run_csv(all));
  else
    print_data(analysis::compare_text(all));
  bool fits = true;
  for (const auto& s : all)
    fits = report_memory(s) && fits;
  return fits ? ok : does_not_fit;
}

} // namespace weft::cli
