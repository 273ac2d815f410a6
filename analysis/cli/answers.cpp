// Verbs whose answers are differences between many steps.
#include "analysis/cli/cli.hpp"
#include "analysis/swap.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace weft::cli {

int swap(const std::vector<std::string>& scenarios, const Common& options) {
  if (scenarios.size() != 2)
    return report({fmt::format("--swap takes two scenarios, and {} {} given", scenarios.size(),
                               scenarios.size() == 1 ? "is" : "are"),
                   {},
                   "weft compare llama3-405b-16k llama3-405b-16k-h800 --swap"});
  std::vector<analysis::Case> cases;
  for (const std::string& name : scenarios) {
    const auto loaded = analysis::load_scenario(name, options.sets);
    if (!loaded) return report(loaded.error());
    cases.push_back(analysis::case_of(*loaded));
  }
  const auto swapped = analysis::swap(cases[0], cases[1], how_of(options), options.jobs);
  if (!swapped) return report(swapped.error());
  if (options.format == "json") {
    std::vector<analysis::Summary> runs;
    for (const std::string& name : scenarios) {
      auto summary = simulate(name, options, true);
      if (!summary) return report(summary.error());
      runs.push_back(std::move(*summary));
    }
    print_data(analysis::swap_json(*swapped, runs));
  } else {
    print_data(options.format == "csv" ? analysis::swap_csv(*swapped) : analysis::swap_text(*swapped));
  }
  bool fits = true;
  for (const analysis::SwapCorner& corner : swapped->corners)
    if (!corner.head.fits()) {
      spdlog::warn("{}: does not fit: {:.1f} GiB of the {:.1f} GiB that a rank has", corner.name,
                   corner.head.memory_bytes / 1073741824.0, corner.head.memory_capacity_bytes / 1073741824.0);
      fits = false;
    }
  return fits ? ok : does_not_fit;
}

} // namespace weft::cli
