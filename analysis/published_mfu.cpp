#include "analysis/published_mfu.hpp"

#include "analysis/load.hpp"
#include "analysis/published.hpp"
#include "workloads/layer.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace weft::analysis {

Result<PublishedMfus> published_mfu() {
  const auto runs = read_published({own_runs()});
  if (!runs) return tl::unexpected(runs.error());
  const auto unknown = unknown_fields();
  if (!unknown) return tl::unexpected(unknown.error());
  std::map<std::pair<std::string, bool>, std::vector<double>> all;
  for (const PublishedRun& run : *runs) {
    if (!run.seconds || run.one_layer) continue;
    const auto could_be = candidates(run, *unknown);
    if (!could_be || could_be->empty()) continue;
    const auto tree = parse_document(could_be->front().scenario, run.id);
    if (!tree) return tl::unexpected(tree.error());
    const auto loaded = load_scenario(*tree, {}, run.id);
    if (!loaded || !loaded->cluster.parts.empty()) continue;
    const auto& chip = loaded->cluster.accelerator;
    const auto peak = platforms::peak_of(chip, loaded->scenario.training.precision);
    if (!peak) continue;
    const double flops = workloads::model_flops(loaded->scenario.model, loaded->scenario.training).causal.count();
    const double at_peak = peak->value.count() * double(loaded->cluster.accelerators);
    all[{chip.name, loaded->scenario.model.experts.has_value()}].push_back(flops / at_peak / *run.seconds);
  }
  PublishedMfus out;
  for (auto& [key, values] : all) {
    std::sort(values.begin(), values.end());
    auto at = [&](double share) { return values[std::size_t(std::lround(share * double(values.size() - 1)))]; };
    out[key] = {values.size(), at(0.1), at(0.5), at(0.9)};
  }
  return out;
}

} // namespace weft::analysis
