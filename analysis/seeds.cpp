#include "analysis/seeds.hpp"

#include "platforms/base/workers.hpp"
#include "platforms/topology.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace weft::analysis {

bool varies(const Loaded& loaded) {
  if (loaded.scenario.jitter.varies()) return true;
  if (loaded.cluster.fabric.routing != platforms::Routing::hashed) return false;
  return platforms::Topology(loaded.cluster, loaded.cluster.ranks()).hashed();
}

Band band_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  auto at = [&](double share) {
    const double place = share * double(values.size() - 1);
    const auto low = std::size_t(std::floor(place));
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return values[low] + (place - double(low)) * (values[high] - values[low]);
  };
  return {at(0.5), at(0.05), at(0.95)};
}

Result<Seeds> run_seeds(const Loaded& loaded, sim::Options options, std::int64_t n, bool ideal_network) {
  const std::int64_t first = options.seed;
  const int jobs = options.jobs;
  options.jobs = 1;
  options.max_activities = std::numeric_limits<std::int64_t>::max(); // the caller has asked already
  options.all_subsets = options.tier_subsets = options.capacity_response = false;
  using Draw = std::array<double, 2>; // step time, tax
  auto one = [&](std::size_t i) {
    options.seed = first + std::int64_t(i);
    const auto r = sim::simulate(loaded.scenario, loaded.cluster, options);
    if (!r) throw std::runtime_error(r.error().message);
    const double ideal = r->ideal.step_time, step = ideal_network ? ideal : r->run.step_time;
    const Draw draw{step, (step - ideal) / step};
    std::string bytes(sizeof draw, '\0');
    std::memcpy(bytes.data(), draw.data(), sizeof draw);
    return bytes;
  };
  const auto results = run_workers(std::size_t(n), jobs, one);
  if (!results) throw std::runtime_error(results.error());
  std::vector<double> step, tokens, tax;
  for (const auto& bytes : *results) {
    if (!bytes) throw std::runtime_error(bytes.error());
    Draw draw{};
    std::memcpy(draw.data(), bytes->data(), sizeof draw);
    step.push_back(draw[0]);
    tokens.push_back(loaded.scenario.training.tokens() / draw[0] / double(loaded.cluster.accelerators));
    tax.push_back(draw[1]);
  }
  Seeds out{n, first, band_of(step), band_of(tokens), {}};
  if (options.ideal_run) out.tax = band_of(tax);
  return out;
}

} // namespace weft::analysis
