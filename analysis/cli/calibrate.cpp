#include "analysis/calibrate.hpp"
#include "analysis/cli/cli.hpp"
#include "platforms/base/output_file.hpp"
#include "platforms/catalog.hpp"

#include <fmt/format.h>

namespace weft::cli {
int calibrate(const Calibrate& what, const Common& options) {
  if (!platforms::names_a_file(what.out))
    return report({fmt::format("-o {}: scenarios name a chip's file by its ending .yaml", what.out), {}, {}});
  if (auto may = may_write(what.out, what.force); !may) return report(may.error());
  analysis::CalibrationRequest request = what.request;
  request.jobs = options.jobs;
  const auto result = analysis::calibrate(request);
  if (!result) return report(result.error());
  if (auto written = write_file(what.out, result->yaml); !written) return report(written.error());
  print_data(options.format == "json" ? analysis::calibration_json(*result, what.out)
                                      : analysis::calibration_text(*result, what.out));
  return ok;
}

} // namespace weft::cli
