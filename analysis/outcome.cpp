#include "analysis/outcome.hpp"

#include "analysis/ledger.hpp"
#include "analysis/published_row.hpp"
#include "platforms/catalog.hpp"
#include "sim/simulate.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numeric>

namespace weft::analysis {
namespace {

/// What the simulated scenarios have in place of what the run's say.
struct Instead {
  const Value* accelerator = nullptr;
  const std::vector<Assignment>& assignments;
};

Result<sim::StepResult> simulate(const std::string& text, const std::string& id, const Instead& instead) {
  auto tree = parse_document(text, "run " + id);
  if (!tree) return tl::unexpected(tree.error());
  if (Value* named = instead.accelerator ? find_path(*tree, "cluster.node.accelerator") : nullptr)
    *named = *instead.accelerator;
  if (auto ok = assign(*tree, instead.assignments); !ok) return tl::unexpected(ok.error());
  auto scenario = workloads::read_scenario(*tree, platforms::resolve_entry);
  if (!scenario) return tl::unexpected(scenario.error());
  auto cluster = platforms::read_cluster(scenario->cluster);
  if (!cluster) return tl::unexpected(cluster.error());
  sim::Options options;
  options.ideal_run = false;
  options.max_activities = std::numeric_limits<std::int64_t>::max(); // all that was measured is predicted
  options.jobs = 1;
  return sim::simulate(*scenario, *cluster, options);
}

/// What the self-check finds wrong, or nothing.
std::string self_check(const sim::StepResult& r, const Where& where) {
  const double sum = std::accumulate(where.seconds.begin(), where.seconds.end(), 0.0);
  if (std::abs(sum / r.run.step_time - 1) > 1e-6) return fmt::format("ledger sums to {} of {} s", sum, r.run.step_time);
  if (std::abs(r.flops.causal / r.flops.six_n - 1) > 0.01)
    return fmt::format("model FLOP {} against 6·N·T {}", r.flops.causal.count(), r.flops.six_n.count());
  for (const auto& b : r.bytes) // weights of deduplicated exchanges are rounded to whole flows
    if (std::abs(b.simulated - b.closed_form) > 0.02 * std::max(1.0, b.closed_form))
      return fmt::format("{} bytes {} against {}", sim::dim_names[std::size_t(b.dim)], b.simulated, b.closed_form);
  return {};
}

Result<Outcome> outcome(const std::string& text, const std::string& choices, const std::string& id,
                        const Instead& instead) {
  auto result = simulate(text, id, instead);
  if (!result) return tl::unexpected(result.error());
  const Where where = where_time_went(*result, result->run, result->costs, 0);
  return Outcome{result->run.step_time,
                 choices,
                 result->hardware_flops / (result->rank_peak * double(result->cluster.ranks())),
                 where.seconds,
                 result->fits(),
                 self_check(*result, where)};
}

/// One layer is what one more layer adds, its optimizer left out: no benchmark of a layer runs one.
Outcome one_layer(const Outcome& with, const Outcome& without) {
  Outcome out = with;
  out.at_peak -= without.at_peak;
  out.step = 0;
  for (std::size_t e = 0; e < sim::entry_count; ++e) {
    out.where[e] = sim::Entry(e) == sim::Entry::optimizer ? 0 : with.where[e] - without.where[e];
    out.step += out.where[e];
  }
  return out;
}

} // namespace

bool takes(const Value& scenario, const Assignment& a) {
  if (find_path(scenario, a.path)) return false;
  if (a.stacks.empty()) return true;
  const Value* stack = scenario.find("stack");
  if (const Value* name = stack ? stack->find("name") : nullptr) stack = name;
  return stack && std::find(a.stacks.begin(), a.stacks.end(), stack->scalar) != a.stacks.end();
}

Result<void> assign(Value& scenario, const std::vector<Assignment>& assignments) {
  for (const Assignment& a : assignments)
    if (takes(scenario, a))
      if (auto ok = set_path(scenario, a.path + "=" + a.value); !ok) return ok;
  return {};
}

Result<RunPrediction> predict(const PublishedRun& run, const Value& unknown, const Value* accelerator,
                              const std::vector<Assignment>& assignments) {
  auto all = candidates(run, unknown);
  if (!all) return tl::unexpected(all.error());
  const Instead instead{accelerator, assignments};
  std::vector<Outcome> outcomes;
  Error reason{"no legal combination", run.row.mark, {}};
  for (const Candidate& candidate : *all) {
    auto result = outcome(candidate.scenario, candidate.choices, run.id, instead);
    if (result && run.one_layer) {
      const auto deeper = outcome(candidate.deeper, candidate.choices, run.id, instead);
      result = deeper ? Result<Outcome>(one_layer(*deeper, *result)) : deeper;
    }
    if (result)
      outcomes.push_back(std::move(*result));
    else if (&candidate == &all->front())
      reason = result.error();
  }
  // Which plan ran is unknown: only those that fit could have, where any does. (A stated plan did run, whatever our
  // count of its memory says.)
  const Row row(run);
  const bool plan_open = !row.find("parallel", "tp") || !row.find("parallel", "pp");
  if (plan_open && std::any_of(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.fits; }))
    std::erase_if(outcomes, [](const Outcome& o) { return !o.fits; });
  if (outcomes.empty()) return tl::unexpected(reason);
  std::stable_sort(outcomes.begin(), outcomes.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  const std::size_t n = outcomes.size();
  const Outcome& middle = outcomes[(n - 1) / 2];
  RunPrediction out;
  out.median = n % 2 == 1 ? middle.step : (middle.step + outcomes[n / 2].step) / 2;
  out.low = outcomes.front().step;
  out.high = outcomes.back().step;
  out.tried = n;
  out.middle = middle;
  for (const Outcome& o : outcomes)
    if (out.check.empty()) out.check = o.check;
  return out;
}

} // namespace weft::analysis
