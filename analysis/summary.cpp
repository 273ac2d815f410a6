#include "analysis/summary.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace weft::analysis {

double Summary::where_sum() const {
  return std::accumulate(where.seconds.begin(), where.seconds.end(), 0.0);
}

Summary summarise(sim::StepResult result, std::string hash, bool ideal_network, bool explain) {
  Summary s;
  s.hash = std::move(hash);
  sim::DimSet ideal = 0;
  if (ideal_network) {
    result.run = result.ideal;
    result.costs = result.ideal_costs;
    result.subsets.assign(1, {result.dims, result.ideal.step_time});
    ideal = result.dims;
  }
  s.where = where_time_went(result, result.run, result.costs, ideal);
  if (explain) s.path = critical_path(result, result.run, result.costs, ideal);
  if (result.ideal_known) s.where_ideal = where_time_went(result, result.ideal, result.ideal_costs, result.dims);
  s.tax = interconnect_tax(result);
  const double step = result.run.step_time;
  const double ranks = double(result.cluster.ranks());
  const double peak = result.rank_peak * ranks;
  s.tokens_per_s_per_accelerator = result.scenario.training.tokens() / step / double(result.cluster.accelerators);
  s.mfu_causal = result.flops.causal.count() / step / peak;
  s.mfu_full = result.flops.full.count() / step / peak;
  s.mfu_bf16_peak =
      result.rank_peak_bf16 > 0 ? result.flops.causal.count() / step / (result.rank_peak_bf16 * ranks) : 0;
  s.hfu = result.hardware_flops / step / peak;
  s.effective_flops = result.flops.causal.count() / step;
  s.accelerators_per_effective_eflops = double(result.cluster.accelerators) / (s.effective_flops / 1e18);
  s.evidence = evidence(result.scenario, result.cluster);
  s.result = std::move(result);
  return s;
}

std::vector<std::string> caveats(const sim::StepResult& r) {
  std::vector<std::string> out;
  const auto& plan = r.scenario.plan;
  if (plan.loose())
    out.push_back(fmt::format("Replicas average their weights once in {} steps; what that costs in convergence is not "
                              "modelled.",
                              plan.outer.inner_steps));
  if (plan.schedule == workloads::Schedule::async)
    out.emplace_back("Stages update without a flush, so microbatches meet weights of two steps; what that costs in "
                     "convergence is not modelled.");
  if (r.cluster.fabric.routing == platforms::Routing::hashed)
    out.push_back(
        fmt::format("Routes are hashed, {} queue pair{} a message: which flows collide is the draw of seed {}.",
                    r.cluster.fabric.queue_pairs, r.cluster.fabric.queue_pairs > 1 ? "s" : "", r.seed));
  if (const std::string jitter = describe(r.scenario.jitter); !jitter.empty())
    out.push_back(fmt::format("Ranks compute at speeds of their own, which the scenario assumes ({}); this is the draw "
                              "of seed {}.",
                              jitter, r.seed));
  return out;
}

std::string quotable(const Summary& s) {
  std::string parts;
  const std::string useful = fmt::format("{:.1f} % of the peak becomes model FLOP.", 100 * s.mfu_causal);
  if (!s.tax) return useful;
  auto sorted = s.tax->parts;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  for (const auto& part : sorted)
    if (part.seconds / s.result.run.step_time >= 0.0005)
      parts += fmt::format("{}{} {:.1f} %", parts.empty() ? "" : ", ", sim::dim_names[std::size_t(part.dim)],
                           100 * part.seconds / s.result.run.step_time);
  return fmt::format("The interconnect takes {:.1f} % of the step{}; {}", 100 * s.tax->total,
                     parts.empty() ? "" : " (" + parts + ")", useful);
}

} // namespace weft::analysis
