#include "analysis/cli/options.hpp"

#include "analysis/bands.hpp"
#include "analysis/scaling.hpp"
#include "platforms/catalog.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace weft::cli {
namespace {

void add_format(CLI::App* verb, Common& c) {
  verb->add_option("--format", c.format, "text, json or csv")->check(CLI::IsMember({"text", "json", "csv"}));
}
void add_page(CLI::App* verb, Common& c) {
  CLI::Option* html = verb->add_option(
      "--html", c.html, "also a page of figures with this result in it, one file (analysis/docs/report.md)");
  if (!verb->get_option_no_throw("--force"))
    verb->add_flag("--force", c.force, "replace the file if it is there")->needs(html);
}
void add_engine(CLI::App* verb, Common& c) {
  verb->add_flag("--no-fold", c.no_fold, "simulate every rank instead of one of each class (slow; same answer)");
  verb->add_option("--solver", c.solver,
                   "who shares links out: fluid (ours: the same bits folded or not), or simgrid (slower where classes "
                   "are many; the same step but for rounding)")
      ->check(CLI::IsMember({"fluid", "simgrid"}))
      ->capture_default_str();
  verb->add_option("--seed", c.seed, "which draw of step jitter and hashed routes (default 0)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 53));
}
void add_simulation(CLI::App* verb, Common& c) {
  add_format(verb, c);
  verb->add_option("--set", c.sets, "override a field: plan.tp=4, cluster.accelerators=64 (repeatable)")
      ->allow_extra_args(false);
  add_engine(verb, c);
  verb->add_flag("--stats", c.stats, "CPU seconds, peak memory, response to a rounding error; on stderr");
  verb->add_option("--max-activities", c.max_activities, "refuse scenarios that are predicted to take more")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verb->add_option("--jobs", c.jobs, "simulation processes at a time")->check(CLI::Range(1, 1024));
}

CLI::Option* add_power(CLI::App* verb, Common& c) {
  CLI::Option* power = verb->add_flag("--power", c.power, "watts, racks, energy, CO2 and dollars of the cluster");
  verb->add_option("--location", c.location,
                   "where it stands: `weft catalog locations`, or a file (default: us-hyperscale for chips sold "
                   "anywhere, china-hub for export-compliant and Chinese ones)")
      ->needs(power);
  return power;
}
CLI::Option* add_samples(CLI::App* verb, Common& c) {
  return verb
      ->add_option("--samples", c.samples,
                   "also the band that uncertain inputs make of it: Sobol points over low and high of figures and "
                   "calibration errors; --seed moves them")
      ->check(CLI::Range(analysis::least_samples, analysis::most_samples));
}

std::string names_of_algorithms() {
  std::string out;
  for (const std::string& name : sim::algorithm_names())
    out += (out.empty() ? "" : ", ") + name;
  return out;
}
} // namespace

CLI::App* add_parity(CLI::App& app, Parity& what, Common& options) {
  CLI::App* verb = app.add_subcommand("parity", "how many accelerators of one cluster equal so many of another");
  verb->add_option("--reference", what.references,
                   "scenario to be equalled (several: plans of one cluster, the best counts)")
      ->required();
  verb->add_option("--candidate", what.candidates,
                   "scenario whose cluster is to equal it (several: plans of one cluster, or other clusters)")
      ->required();
  CLI::Option* size = verb->add_option("--accelerators", what.accelerators,
                                       "the reference's number, where it is not that of its scenario")
                          ->check(CLI::Range(std::int64_t{1}, analysis::most_accelerators));
  verb->add_option("--tokens-per-s", what.tokens_per_s, "to be made by both, instead of what the reference makes")
      ->check(CLI::PositiveNumber)
      ->excludes(size);
  verb->add_flag(
      "--scale-batch", what.scale_batch,
      "a replica keeps its microbatches and the global batch grows with the cluster, instead of staying as it is");
  verb->add_option("--location", options.location,
                   "where both stand, for megawatts and dollars (as of `weft run --power`)");
  add_simulation(verb, options);
  verb->footer("Example: weft parity --reference llama3-70b-8k --candidate llama3-70b-16k-910c-cp2");
  add_page(verb, options);
  return verb;
}
CLI::App* add_collective(CLI::App& app, analysis::CollectiveRequest& r, Common& options) {
  CLI::App* verb = app.add_subcommand("collective", "one collective by itself, or several at once");
  verb->add_option("--op", r.ops,
                   "all-reduce, all-gather, reduce-scatter or all-to-all; @rails or @domains: one in each, all at once "
                   "(repeatable: they begin together)")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--bytes", r.sizes, "whole buffer (nccl-tests' convention): 1GiB, 64MB, 4096; one for all or each")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--cluster", r.cluster, "catalog name")->required();
  verb->add_option("--ranks", r.ranks, "the first ones of the cluster")->required();
  verb->add_option("--algorithm", r.algorithms, "instead of what the library runs: " + names_of_algorithms())
      ->allow_extra_args(false);
  verb->add_flag("--closed-form", r.closed_form, "the formula of each, alone on the fabric, beside it");
  verb->add_option("--set", options.sets, "override a field of the cluster: cluster.node.nics.per_node=4 (repeatable)")
      ->allow_extra_args(false);
  add_engine(verb, options);
  verb->add_flag("--stats", options.stats, "CPU seconds and peak memory, on stderr");
  add_format(verb, options);
  verb->footer("Example: weft collective --op all-reduce@rails --op all-to-all --bytes 1GiB --ranks 1024 --cluster "
               "h100-meta-24k-roce");
  add_page(verb, options);
  return verb;
}

CLI::App* add_calibrate(CLI::App& app, Calibrate& c, Common& options) {
  auto& r = c.request;
  CLI::App* verb = app.add_subcommand("calibrate", "a chip of your own: a catalog accelerator fitted to measurements");
  verb->add_option("--accelerator", r.accelerator, "catalog name or file: what is not fitted is taken from it")
      ->required();
  verb->add_option("--name", r.name, "of the new chip (default: the base's with -calibrated)");
  verb->add_option("--nccl-tests", r.nccl_tests, "logs of all_reduce_perf, all_gather_perf, ... on one host");
  verb->add_flag("--one-domain", r.one_domain, "the hosts of a log share one scale-up domain, as in an NVL72");
  verb->add_option("--gemm", r.gemm, "CSV with columns m, n, k, time_us and optionally dtype");
  verb->add_flag("--gemm-in-training", r.gemm_in_training,
                 "its times were taken inside a training run: no allowance for a benchmark's better efficiency");
  verb->add_option("--steps", r.steps, "measured steps of this chip, in the layout of `weft validate`");
  verb->add_option("-o,--output", c.out, "the chip's file (.yaml), for `accelerator:` in a scenario")->required();
  verb->add_flag("--force", c.force, "replace the file if it is there");
  verb->add_option("--format", options.format, "text or json")->check(CLI::IsMember({"text", "json"}));
  verb->add_option("--jobs", options.jobs, "simulation processes at a time")->check(CLI::Range(1, 1024));
  verb->add_flag("--stats", options.stats, "CPU seconds and peak memory, on stderr");
  verb->footer("Example: weft calibrate --accelerator h100-sxm --nccl-tests all_reduce.log all_gather.log --gemm "
               "gemm.csv -o my-h100.yaml");
  return verb;
}

CLI::App* add_claims(CLI::App& app, Claims& c, Common& options) {
  CLI::App* verb = app.add_subcommand("claims", "claims about interconnects and chips: where they hold");
  verb->add_option("claims", c.names, "names or numbers (default: all)");
  verb->add_option("--claims-folder", c.folder, "worlds.yaml and claims of your own (default: analysis/claims)");
  add_format(verb, options);
  verb->add_flag("--stats", options.stats, "CPU seconds and peak memory, on stderr");
  verb->add_option("--jobs", options.jobs, "simulation processes at a time")->check(CLI::Range(1, 1024));
  CLI::Option* samples = add_samples(verb, options);
  samples->description(samples->get_description() + fmt::format(" (default: {})", claim_samples));
  CLI::Option* bare = verb->add_flag("--no-bands", c.no_bands, "values only, in half the time")->excludes(samples);
  verb->add_flag("--every-size", c.every_size,
                 "samples of every world; else of the smallest among those that differ in size only, whose compute and "
                 "communication the others' are moved with")
      ->excludes(bare);
  verb->add_option("--seed", options.seed, "of the samples")->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 53));
  verb->footer("Example: weft claims 1");
  add_page(verb, options);
  return verb;
}

CLI::App* add_report(CLI::App& app, std::vector<std::string>& files, Common& options) {
  CLI::App* verb = app.add_subcommand("report", "one page of figures from results that were printed before");
  verb->add_option("results", files, "what verbs printed with --format json; runs stand side by side")->required();
  verb->add_option("-o,--output", options.html, "the page (.html), with everything in it")->required();
  verb->add_flag("--force", options.force, "replace the file if it is there");
  verb->add_flag("--stats", options.stats, "CPU seconds and peak memory, on stderr");
  verb->footer("Example: weft report h100.json 910b.json -o both.html\n"
               "after    weft run llama3-405b-16k --explain --format json > h100.json\n"
               "         weft run llama3-405b-16k-910b --explain --format json > 910b.json");
  return verb;
}

CLI::App* add_rules(CLI::App& app, Rules& r, Common& options) {
  CLI::App* verb =
      app.add_subcommand("rules", "chips against the export rules, and the fastest that each still allows");
  CLI::Option* chips = verb->add_option("chips", r.chips, "catalog names or files (default: every chip)");
  CLI::Option* designs =
      verb->add_option("--design", r.designs, "a chip of your own (.yaml: `base:` and what differs; repeatable)")
          ->allow_extra_args(false);
  verb->add_flag("--fastest", r.fastest,
                 "for each rule the fastest chip sold and the best design just under it, by simulated step")
      ->excludes(chips)
      ->excludes(designs);
  verb->add_option(
      "--scenario", r.scenario,
      "in whose cluster chips are simulated, one for one (default with --fastest or --set: llama3-405b-16k)");
  add_simulation(verb, options);
  verb->footer("Example: weft rules h20 h200-sxm b200-sxm");
  return verb;
}

CLI::App* add_run(CLI::App& app, std::string& scenario, Common& options) {
  CLI::App* run = app.add_subcommand("run", "simulate one scenario");
  run->add_option("scenario", scenario, "file (.yaml) or catalog name")->required();
  run->add_flag("--explain", options.explain,
                "tax by dimension and tier, critical path, links, memory, checks and every figure's source");
  CLI::Option* ideal = run->add_flag("--ideal-network", options.ideal_network, "the step without communication");
  run->add_flag("--no-tax", options.no_tax, "only the step: no second simulation without communication to compare with")
      ->excludes(ideal);
  CLI::Option* no_tax = run->get_option("--no-tax");
  run->add_option("--seeds", options.seeds, "also this many draws, from --seed on: median and 5 to 95 %")
      ->check(CLI::Range(1, 100000));
  run->add_option("--trace", options.trace, "write the step's timeline for Perfetto or chrome://tracing (.json)")
      ->excludes(ideal);
  run->add_option("--pipeline", options.pipeline, "write a picture of the step's pipeline (.svg)")->excludes(ideal);
  run->add_flag("--force", options.force, "replace files that are there");
  add_power(run, options);
  add_samples(run, options)->excludes(ideal)->excludes(no_tax);
  add_simulation(run, options);
  run->footer("Example: weft run llama3-405b-16k --set plan.vpp=4 --explain");
  add_page(run, options);
  return run;
}

CLI::App* add_compare(CLI::App& app, std::vector<std::string>& scenarios, bool& swap, Common& options) {
  CLI::App* compare = app.add_subcommand("compare", "scenarios side by side");
  compare->add_option("scenarios", scenarios, "files or catalog names (default: Llama-3-405B on four clusters)");
  CLI::Option* swapped = compare->add_flag(
      "--swap", swap, "of two: what makes them differ, part by part, and the one's chip on the other's network");
  add_power(compare, options)->excludes(swapped);
  add_simulation(compare, options);
  add_samples(compare, options)->excludes(swapped);
  compare->footer("Example: weft compare llama3-405b-16k llama3-405b-16k-h800 --swap");
  add_page(compare, options);
  return compare;
}

CLI::App* add_sensitivity(CLI::App& app, std::string& scenario, Common& options) {
  CLI::App* sensitivity = app.add_subcommand(
      "sensitivity", "what a step gains from more of each hardware number and from each neighbouring plan");
  sensitivity->add_option("scenario", scenario, "file (.yaml) or catalog name")->required();
  add_simulation(sensitivity, options);
  sensitivity->footer("Example: weft sensitivity llama3-405b-16k");
  add_page(sensitivity, options);
  return sensitivity;
}

CLI::App* add_validate(CLI::App& app, Validate& runs, Common& options) {
  CLI::App* validate =
      app.add_subcommand("validate", "predict published training runs and compare with what was measured");
  validate->add_option("runs", runs.files, "files or folders of published runs (default: those Weft carries)");
  validate
      ->add_option("--grade", runs.grades,
                   "A: fully stated, B: some fields unknown or derived, C: context (default A,B; "
                   "with --plan-choice, --pairs and --fits all)")
      ->delimiter(',');
  validate->add_option("--group", runs.groups, "only these groups")->delimiter(',');
  validate->add_option("--id", runs.ids, "only these runs")->delimiter(',');
  validate->add_option("--worst", runs.worst, "how many of the worst runs to explain");
  validate->add_option("--max-median", runs.max_median, "exit with 4 when the median |error| is larger (0.1 = 10 %)");
  validate->add_option("--max-p90", runs.max_p90, "exit with 4 when the 90th percentile of |error| is larger");
  CLI::Option* plans =
      validate->add_flag("--plan-choice", runs.plan_choice,
                         "instead: are plans of the same model on the same cluster ranked as measured?");
  CLI::Option* pairs =
      validate
          ->add_flag("--pairs", runs.pairs,
                     "instead: what pairs of runs that differ by communication lose to it, measured and predicted")
          ->excludes(plans);
  CLI::Option* pairs_file =
      validate->add_option("--pairs-file", runs.pairs_file, "these pairs (default: analysis/isolating_pairs.yaml)")
          ->excludes(plans);
  for (CLI::Option* fits :
       {validate->add_flag("--fits", runs.fits,
                           "instead: what fitted constants would be without a family of models or a chip, and how far "
                           "off those then are (minutes)"),
        validate->add_option("--fits-file", runs.fits_file, "these fits (default: analysis/fits.yaml)")})
    fits->excludes(plans)->excludes(pairs)->excludes(pairs_file);
  validate->add_option("--scenario", runs.scenario, "print what would be simulated for this run, for `weft run`");
  add_format(validate, options);
  validate->add_flag("--stats", options.stats, "CPU seconds and peak memory, on stderr");
  validate->add_option("--jobs", options.jobs, "simulation processes at a time")->check(CLI::Range(1, 1024));
  validate->footer("Example: weft validate --grade A --group mosaic");
  add_page(validate, options);
  return validate;
}

CLI::App* add_catalog(CLI::App& app, std::string& kind, std::string& name, bool& where, Common& options) {
  std::vector<std::string> kinds = platforms::catalog_kinds();
  kinds.emplace_back("left-out");
  CLI::App* catalog = app.add_subcommand("catalog", "what is known by name, and what is left out of it");
  catalog
      ->add_option(
          "kind", kind,
          "accelerators, nodes, clusters, locations, models, stacks, plans, scenarios; left-out: what is not in the "
          "catalog, and which fact is missing")
      ->check(CLI::IsMember(kinds));
  catalog->add_option("name", name, "print this entry");
  catalog->add_flag("--where", where, "print the folder that the catalog is read from");
  add_format(catalog, options);
  catalog->footer("Example: weft catalog accelerators h100-sxm");
  return catalog;
}

} // namespace weft::cli
