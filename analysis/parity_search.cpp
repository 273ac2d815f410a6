#include "analysis/parity_search.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

constexpr std::int64_t most_tried = 4096; ///< numbers of replicas next to a wish that are asked whether they are legal

} // namespace

PlanSizes::PlanSizes(Case one, const ParityOptions& options) : case_(std::move(one)), options_(options) {
  if (fixed()) dealt_ = replica_counts(case_);
}

Result<void> PlanSizes::simulate(const std::vector<std::int64_t>& counts) {
  std::vector<Case> cases;
  for (const std::int64_t dp : counts) {
    auto one = resized(case_, dp, options_.scaling);
    if (!one) return tl::unexpected(one.error());
    cases.push_back(std::move(*one));
  }
  sim::Options quick = options_.sim;
  quick.ideal_run = quick.all_subsets = false;
  const auto heads = simulate_each(cases, quick, options_.jobs);
  if (!heads) return tl::unexpected(heads.error());
  for (std::size_t i = 0; i < counts.size(); ++i)
    if ((*heads)[i].fits())
      points_[counts[i]] = {counts[i], (*heads)[i]};
    else
      too_small_ = std::max(too_small_, counts[i]);
  return {};
}

std::int64_t PlanSizes::down(std::int64_t dp) const {
  if (fixed()) {
    const auto after = std::upper_bound(dealt_.begin(), dealt_.end(), dp);
    return after == dealt_.begin() ? 0 : *std::prev(after);
  }
  for (std::int64_t i = 0; dp - i > 0 && i < most_tried; ++i)
    if (resized(case_, dp - i, options_.scaling)) return dp - i;
  return 0;
}
std::int64_t PlanSizes::up(std::int64_t dp) const {
  if (fixed()) {
    const auto at = std::lower_bound(dealt_.begin(), dealt_.end(), dp);
    return at == dealt_.end() ? 0 : *at;
  }
  for (std::int64_t i = 0; i < most_tried && packages(case_, dp + i).value_or(0) <= most_accelerators; ++i)
    if (resized(case_, dp + i, options_.scaling)) return dp + i;
  return 0;
}
std::int64_t PlanSizes::nearest(std::int64_t wish, std::int64_t above, std::int64_t below) const {
  if (below - above <= 1) return 0;
  wish = std::clamp(wish, above + 1, below - 1);
  if (const std::int64_t found = up(wish); found != 0 && found < below) return found;
  const std::int64_t found = down(wish);
  return found > above ? found : 0;
}

std::int64_t PlanSizes::next(double target) const {
  if (points_.empty()) return up(std::max(case_.scenario.plan.dp, fixed() ? too_small_ + 1 : 2 * too_small_));
  const SizePoint *below = nullptr, *above = nullptr;
  for (const auto& [dp, point] : points_) {
    if (point.head.tokens_per_s >= target) {
      above = &point;
      break;
    }
    below = &point;
  }
  const SizePoint& any = above ? *above : *below;
  const double in_proportion = double(any.dp) * target / any.head.tokens_per_s;
  if (!above) {
    const double most = double(any.dp) * double(most_accelerators) / double(any.head.accelerators);
    const auto wish = std::int64_t(std::ceil(std::min(1.02 * in_proportion, most)));
    const std::int64_t more = std::max(wish, any.dp + 1);
    if (const std::int64_t found = up(more)) return found;
    return nearest(more, any.dp, more);
  }
  if (!below) {
    // What does not fit is not approached one by one.
    const std::int64_t half = too_small_ > 0 ? (too_small_ + any.dp) / 2 : 0;
    return nearest(std::max(std::int64_t(in_proportion), half), too_small_, any.dp);
  }
  const double share =
      std::log(target / below->head.tokens_per_s) / std::log(above->head.tokens_per_s / below->head.tokens_per_s);
  const double guess = double(below->dp) * std::pow(double(above->dp) / double(below->dp), share);
  const std::int64_t lowest = std::max(below->dp, too_small_);
  if (above->dp - lowest <= 1) return 0;
  return nearest(std::int64_t(std::ceil(guess)), lowest, above->dp);
}

Result<void> PlanSizes::close_in(double target) {
  for (int i = 0; i < 60; ++i) {
    const std::int64_t dp = next(target);
    if (dp == 0 || points_.contains(dp) || (dp <= too_small_)) return {};
    if (auto ok = simulate({dp}); !ok) return ok;
  }
  return {};
}

ParityPlan PlanSizes::described(const SizePoint& point) const {
  ParityPlan out;
  out.at = *resized(case_, point.dp, options_.scaling); // it was simulated
  out.head = point.head;
  out.tokens_per_s = point.head.tokens_per_s;
  out.below = out.above = point.head.accelerators;
  return out;
}

Result<ParityPlan> PlanSizes::reach(double target) {
  if (auto ok = close_in(target); !ok) return tl::unexpected(ok.error());
  if (points_.empty()) {
    ParityPlan none;
    none.at = case_;
    none.why_not = fmt::format("{} fits into memory at no size", case_.name);
    return none;
  }
  const SizePoint *below = nullptr, *above = nullptr, *most = nullptr;
  for (const auto& [dp, point] : points_) {
    if (!most || point.head.tokens_per_s > most->head.tokens_per_s) most = &point;
    if (!above && point.head.tokens_per_s >= target) above = &point;
    if (!above) below = &point;
  }
  ParityPlan out = described(above ? *above : *most);
  out.reached = above != nullptr;
  if (fixed()) out.largest = *packages(case_, dealt_.back());
  if (above && above->head.tokens_per_s == target) out.accelerators = double(above->head.accelerators);
  if (above && below && !out.accelerators) {
    out.accelerators = accelerators_between(*below, *above, target);
    out.below = below->head.accelerators;
  }
  if (out.accelerators) out.tokens_per_s = target;
  return out;
}

Result<ParityPlan> PlanSizes::at(std::int64_t accelerators) {
  const std::int64_t of_one = case_.scenario.plan.ranks() / case_.scenario.plan.dp;
  const std::int64_t ranks = accelerators * case_.cluster.accelerator.ranks_per_accelerator;
  const std::int64_t low = down(ranks / of_one), high = up(std::max<std::int64_t>(1, (ranks + of_one - 1) / of_one));
  ParityPlan none;
  none.at = case_;
  if (low == 0 || high == 0) {
    const std::int64_t only = low == 0 ? high : low;
    none.why_not = fmt::format("{} runs on {} {} accelerators{}", case_.name, low == 0 ? "no fewer than" : "at most",
                               packages(case_, only).value_or(0),
                               fixed() ? fmt::format(" with a batch of {}", case_.scenario.training.global_batch) : "");
    return none;
  }
  if (auto ok = low == high ? simulate({low}) : simulate({low, high}); !ok) return tl::unexpected(ok.error());
  if (!points_.contains(low) || !points_.contains(high)) {
    none.why_not = fmt::format("{} does not fit into memory on {} accelerators", case_.name,
                               *packages(case_, points_.contains(high) ? low : high));
    return none;
  }
  const SizePoint &below = points_.at(low), &above = points_.at(high);
  const bool nearer_below =
      double(accelerators) * double(accelerators) <= double(below.head.accelerators) * double(above.head.accelerators);
  ParityPlan out = described(nearer_below ? below : above);
  out.reached = true;
  out.accelerators = double(accelerators);
  if (low == high) return out;
  out.tokens_per_s = throughput_between(below, above, double(accelerators));
  out.below = below.head.accelerators;
  out.above = above.head.accelerators;
  return out;
}

} // namespace weft::analysis
