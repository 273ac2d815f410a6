#include "analysis/cli/cli.hpp"
#include "analysis/cli/options.hpp"
#include "analysis/cli/terminal.hpp"
#include "analysis/cli/tools.hpp"
#include "platforms/base/interrupt.hpp"
#include "platforms/catalog.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

using weft::cli::Common;

int main(int argc, char** argv) {
  // stdout is data, stderr is talk.
  weft::cli::choose_colour("auto");
  weft::end_cleanly_on_signals();

  CLI::App app{"Weft simulates one training step of a large model on a described cluster and says how much of the\n"
               "compute the interconnect takes away, and why.",
               "weft"};
  app.set_version_flag("--version", WEFT_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  std::string catalog_root;
  app.add_option(
      "--catalog", catalog_root,
      "folder that holds platforms/, workloads/ and analysis/ (default: what was installed with the program, else "
      "where it was built)");
  std::string colour = "auto";
  app.add_option("--color", colour, "auto (on a terminal, unless NO_COLOR is set), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.footer("Example: weft run llama3-405b-16k --explain\nExit codes: 0 ok, 1 internal, 2 wrong input, 3 does not fit "
             "in memory, 4 outside the asked band, 130 interrupted.");
  Common options;

  std::string scenario, asked_about, kind, name;
  std::vector<std::string> scenarios;
  bool swap = false, where = false;
  CLI::App* run = weft::cli::add_run(app, scenario, options);
  CLI::App* compare = weft::cli::add_compare(app, scenarios, swap, options);
  CLI::App* sensitivity = weft::cli::add_sensitivity(app, asked_about, options);
  weft::cli::Parity equals;
  CLI::App* parity = weft::cli::add_parity(app, equals, options);

  weft::cli::Validate runs;
  CLI::App* validate = weft::cli::add_validate(app, runs, options);
  weft::analysis::CollectiveRequest asked;
  CLI::App* collective = weft::cli::add_collective(app, asked, options);
  weft::cli::Calibrate fitted;
  CLI::App* calibrate = weft::cli::add_calibrate(app, fitted, options);
  weft::cli::Claims claimed;
  CLI::App* claims = weft::cli::add_claims(app, claimed, options);
  std::vector<std::string> files;
  CLI::App* report = weft::cli::add_report(app, files, options);
  weft::cli::Rules asked_rules;
  CLI::App* rules = weft::cli::add_rules(app, asked_rules, options);
  CLI::App* catalog = weft::cli::add_catalog(app, kind, name, where, options);
  weft::cli::Tools tools(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return weft::cli::stopped(app, e, argc, argv);
  }
  weft::cli::choose_colour(colour);
  weft::cli::data_is_text(options.format == "text");
  weft::cli::show_progress();
  if (!catalog_root.empty()) weft::platforms::set_catalog_root(catalog_root);
  try {
    options.command = weft::cli::typed(argc, argv);
    if (!report->parsed()) // before minutes are spent
      if (auto page = weft::cli::check_page(options); !page) return weft::cli::report(page.error());
    int code = tools.run().value_or(weft::cli::ok);
    if (run->parsed()) code = weft::cli::run(scenario, options);
    if (compare->parsed()) code = swap ? weft::cli::swap(scenarios, options) : weft::cli::compare(scenarios, options);
    if (sensitivity->parsed()) code = weft::cli::sensitivity(asked_about, options);
    if (parity->parsed()) code = weft::cli::parity(equals, options);
    if (validate->parsed()) code = weft::cli::validate(runs, options);
    if (calibrate->parsed()) code = weft::cli::calibrate(fitted, options);
    if (collective->parsed()) code = weft::cli::collective(asked, options);
    if (claims->parsed()) code = weft::cli::claims(claimed, options);
    if (report->parsed()) code = weft::cli::report_files(files, options);
    if (rules->parsed()) code = weft::cli::rules(asked_rules, options);
    if (catalog->parsed()) code = where ? weft::cli::catalog_folder() : weft::cli::catalog(kind, name, options);
    if (options.stats) weft::cli::print_stats();
    return code;
  } catch (const std::exception& e) {
    spdlog::error("internal error: {}", e.what());
    return weft::cli::internal;
  }
}
