#include "analysis/sensitivity.hpp"
#include "analysis/cli/cli.hpp"

namespace weft::cli {

int sensitivity(const std::string& scenario, const Common& options) {
  const auto loaded = analysis::load_scenario(scenario, options.sets);
  if (!loaded) return report(loaded.error());
  const auto found = analysis::sensitivity(analysis::case_of(*loaded), what_if_options(options), options.jobs);
  if (!found) return report(found.error());
  print_data(options.format == "json"  ? analysis::sensitivity_json(*found)
             : options.format == "csv" ? analysis::sensitivity_csv(*found)
                                       : analysis::sensitivity_text(*found));
  return found->base.fits() ? ok : does_not_fit;
}

} // namespace weft::cli
