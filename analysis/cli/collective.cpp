#include "analysis/collective.hpp"
#include "analysis/cli/cli.hpp"

#include <spdlog/spdlog.h>

namespace weft::cli {

int collective(analysis::CollectiveRequest request, const Common& options) {
  request.sets = options.sets;
  request.how.fold = !options.no_fold;
  request.how.seed = options.seed;
  request.how.solver = solver_of(options);
  auto result = analysis::run_collective(request);
  if (!result) return report(result.error());
  if (result->repeated)
    spdlog::info("{} was built with {} accelerators: its pattern is repeated", result->cluster.name,
                 result->cluster.built.value);
  if (auto page = add_page(options, "collective", [&] { return analysis::collective_json(*result); }); !page)
    return report(page.error());
  print_data(options.format == "json"  ? analysis::collective_json(*result)
             : options.format == "csv" ? analysis::collective_csv(*result)
                                       : analysis::collective_text(*result));
  return ok;
}

} // namespace weft::cli
