// Verbs whose answers are differences between many steps.
#include "analysis/cli/cli.hpp"
#include "analysis/parity.hpp"
#include "analysis/swap.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace weft::cli {
namespace {

Result<std::vector<analysis::Case>> cases_of(const std::vector<std::string>& scenarios, const Common& options) {
  std::vector<analysis::Case> out;
  for (const std::string& name : scenarios) {
    const auto loaded = analysis::load_scenario(name, options.sets);
    if (!loaded) return tl::unexpected(loaded.error());
    out.push_back(analysis::case_of(*loaded));
  }
  return out;
}

} // namespace

int swap(const std::vector<std::string>& scenarios, const Common& options) {
  if (scenarios.size() != 2)
    return report({fmt::format("--swap takes two scenarios, and {} {} given", scenarios.size(),
                               scenarios.size() == 1 ? "is" : "are"),
                   {},
                   "weft compare llama3-405b-16k llama3-405b-16k-h800 --swap"});
  const auto cases = cases_of(scenarios, options);
  if (!cases) return report(cases.error());
  const auto swapped = analysis::swap((*cases)[0], (*cases)[1], what_if_options(options), options.jobs);
  if (!swapped) return report(swapped.error());
  const bool page = !options.html.empty();
  std::vector<analysis::Summary> runs;
  for (std::size_t i = 0; (page || options.format == "json") && i < scenarios.size(); ++i) {
    auto summary = simulate(scenarios[i], options, true, page);
    if (!summary) return report(summary.error());
    runs.push_back(std::move(*summary));
  }
  if (auto ok = add_page(options, "compare", [&] { return analysis::swap_json(*swapped, runs); }); !ok)
    return report(ok.error());
  print_data(options.format == "json"  ? analysis::swap_json(*swapped, runs)
             : options.format == "csv" ? analysis::swap_csv(*swapped)
                                       : analysis::swap_text(*swapped));
  bool fits = true;
  for (const analysis::SwapCorner& corner : swapped->corners)
    if (!corner.head.fits()) {
      spdlog::warn("{}: does not fit: {:.1f} GiB of the {:.1f} GiB that a rank has", corner.name,
                   corner.head.memory_bytes / 1073741824.0, corner.head.memory_capacity_bytes / 1073741824.0);
      fits = false;
    }
  return fits ? ok : does_not_fit;
}

int parity(const Parity& what, const Common& options) {
  const auto references = cases_of(what.references, options);
  if (!references) return report(references.error());
  const auto candidates = cases_of(what.candidates, options);
  if (!candidates) return report(candidates.error());
  analysis::ParityOptions how;
  how.accelerators = what.accelerators;
  how.location = options.location;
  how.tokens_per_s = what.tokens_per_s;
  if (what.scale_batch) how.scaling = analysis::Scaling::batch_per_replica;
  how.sim = what_if_options(options);
  how.jobs = options.jobs;
  const auto answer = analysis::parity(*references, *candidates, how);
  if (!answer) return report(answer.error());
  if (auto page = add_page(options, "parity", [&] { return analysis::parity_json(*answer); }); !page)
    return report(page.error());
  if (options.format == "json")
    print_data(analysis::parity_json(*answer));
  else if (options.format == "csv")
    print_data(analysis::parity_csv(*answer));
  else
    print_data(analysis::parity_text(*answer));
  return ok;
}

} // namespace weft::cli
