#include "analysis/scaling.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

std::int64_t sites_of(std::int64_t accelerators, std::int64_t per_site) {
  return per_site > 0 ? (accelerators + per_site - 1) / per_site : 1;
}
/// Where x lies between a and b, in logarithms.
double place(double x, double a, double b) {
  return std::log(x / a) / std::log(b / a);
}
double at_place(double share, double a, double b) {
  return a * std::exp(share * std::log(b / a));
}

} // namespace

std::optional<std::int64_t> packages(const Case& one, std::int64_t dp) {
  const std::int64_t ranks = one.scenario.plan.ranks() / one.scenario.plan.dp * dp;
  const std::int64_t per_package = one.cluster.accelerator.ranks_per_accelerator;
  if (ranks % per_package != 0) return std::nullopt;
  return ranks / per_package;
}

Result<Case> resized(const Case& one, std::int64_t dp, Scaling scaling) {
  const Mark& at = one.scenario.plan.mark;
  const auto count = packages(one, dp);
  if (!count)
    return fail(at, fmt::format("{} replicas do not fill packages of {} ranks", dp,
                                one.cluster.accelerator.ranks_per_accelerator));
  if (*count > most_accelerators) return fail(at, "more than 4,194,304 accelerators");
  const std::int64_t per_site = one.cluster.sites.accelerators;
  if (sites_of(*count, per_site) > sites_of(one.cluster.accelerators, per_site))
    return fail(at, fmt::format("{} accelerators need more sites than {} describes", *count, one.cluster.name));
  Case out = one;
  if (scaling == Scaling::batch_per_replica)
    out.scenario.training.global_batch = one.scenario.training.global_batch / one.scenario.plan.dp * dp;
  out.scenario.plan.dp = dp;
  out.cluster.accelerators = *count;
  const auto& s = out.scenario;
  if (auto ok = check_legal(s.model, s.training, s.plan, out.cluster.ranks()); !ok) return tl::unexpected(ok.error());
  return out;
}

std::vector<std::int64_t> replica_counts(const Case& one) {
  std::vector<std::int64_t> out;
  const std::int64_t batch = one.scenario.training.global_batch;
  for (std::int64_t d = 1; d <= batch / d; ++d) {
    if (batch % d != 0) continue;
    for (const std::int64_t dp : {d, batch / d})
      if (resized(one, dp, Scaling::fixed_batch)) out.push_back(dp);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<void> check_resizable(const Case& one) {
  const platforms::Cluster& c = one.cluster;
  const char* odd = !c.parts.empty()                   ? "several kinds of nodes (`parts`)"
                    : !c.fill.empty()                  ? "part-filled domains (`fill`)"
                    : !c.without.empty()               ? "gaps (`without`)"
                    : !c.degraded.empty()              ? "degraded links (`degraded`)"
                    : !one.scenario.slow_ranks.empty() ? "ranks of their own speed (`slow_ranks`)"
                                                       : nullptr;
  if (!odd) return {};
  return fail(one.scenario.cluster.mark,
              fmt::format("{} has {}: of another number of accelerators nobody says where they are", one.name, odd));
}

double accelerators_between(const SizePoint& below, const SizePoint& above, double target) {
  return at_place(place(target, below.head.tokens_per_s, above.head.tokens_per_s), double(below.head.accelerators),
                  double(above.head.accelerators));
}

double throughput_between(const SizePoint& below, const SizePoint& above, double accelerators) {
  return at_place(place(accelerators, double(below.head.accelerators), double(above.head.accelerators)),
                  below.head.tokens_per_s, above.head.tokens_per_s);
}

} // namespace weft::analysis
