#include "analysis/sensitivity.hpp"
#include "analysis/cli/cli.hpp"

#include <spdlog/spdlog.h>

namespace weft::cli {

int sensitivity(const std::string& scenario, const Common& options) {
  const auto loaded = analysis::load_scenario(scenario, options.sets);
  if (!loaded) return report(loaded.error());
  const auto found = analysis::sensitivity(analysis::case_of(*loaded), what_if_options(options), options.jobs);
  if (!found) return report(found.error());
  if (auto page = add_page(options, "sensitivity", [&] { return analysis::sensitivity_json(*found); }); !page)
    return report(page.error());
  print_data(options.format == "json"  ? analysis::sensitivity_json(*found)
             : options.format == "csv" ? analysis::sensitivity_csv(*found)
                                       : analysis::sensitivity_text(*found));
  if (found->base.fits()) return ok;
  spdlog::warn(
      "{}: does not fit: a rank needs {:.1f} GiB more than it has (`weft run` names the nearest plan that does)",
      found->scenario, (found->base.memory_bytes - found->base.memory_capacity_bytes) / 1073741824.0);
  return does_not_fit;
}

} // namespace weft::cli
