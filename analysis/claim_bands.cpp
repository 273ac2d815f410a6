#include "analysis/claim_bands.hpp"

#include "analysis/bands.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace weft::analysis {
namespace {

double ratio(double a, double b) {
  return b > 0 ? a / b : 1;
}
double output(const Headline& h) {
  return h.tokens_per_s_per_accelerator;
}

/// Cases that are sampled, once each.
class Cases {
public:
  explicit Cases(bool every_size) : every_size_(every_size) {}
  void want(const std::string& kin, const Case& one) {
    const auto [at, fresh] = index_.try_emplace(key(kin, one), wanted_.size());
    if (fresh)
      wanted_.push_back(&one);
    else if (one.cluster.accelerators < wanted_[at->second]->cluster.accelerators)
      wanted_[at->second] = &one;
  }
  Result<void> simulate(const ClaimOptions& options) {
    sim::Options how;
    how.seed = options.seed;
    std::vector<Case> cases;
    for (const Case* one : wanted_)
      cases.push_back(*one);
    auto all = samples(cases, options.samples, how, options.jobs);
    if (!all) return tl::unexpected(all.error());
    bands_ = std::move(*all);
    return {};
  }
  [[nodiscard]] const Bands& near(const std::string& kin, const Case& one) const {
    return bands_[index_.at(key(kin, one))];
  }
  [[nodiscard]] Headline of(const std::string& kin, const Case& one, const Headline& as_is, std::size_t sample) const {
    const Bands& bands = near(kin, one);
    return carried(as_is, bands.as_is, bands.samples[sample]);
  }

private:
  [[nodiscard]] std::string key(const std::string& kin, const Case& one) const {
    return every_size_ ? fmt::format("{}|{}|{}", kin, one.cluster.accelerators, one.name) : kin;
  }
  bool every_size_;
  std::map<std::string, std::size_t> index_;
  std::vector<const Case*> wanted_;
  std::vector<Bands> bands_;
};

/// Every kernel takes as long on both: A800 and A100, H800 and H100. What a prediction gets wrong of such a chip's
/// steps it gets wrong of the other's.
bool same_kernels(const platforms::Accelerator& a, const platforms::Accelerator& b) {
  auto equal = [](const auto& x, const auto& y) { return x.value == y.value; };
  auto all = [](const auto& x, const auto& y, auto alike) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), [&](const auto& one, const auto& other) {
      return one.first == other.first && alike(one.second, other.second);
    });
  };
  auto gemm = [&](const platforms::GemmTiming& x, const platforms::GemmTiming& y) {
    return equal(x.efficiency, y.efficiency) && equal(x.launch, y.launch);
  };
  return all(a.peak, b.peak, equal) && all(a.gemm, b.gemm, gemm) && equal(a.memory_bandwidth, b.memory_bandwidth) &&
         equal(a.streaming_efficiency, b.streaming_efficiency) &&
         equal(a.elementwise_efficiency, b.elementwise_efficiency);
}
/// The other one's sample with this one's error of whole steps.
Headline as_wrong_as(const Ran& self, const Ran& other, const Cases& cases, std::size_t sample) {
  const double ours = cases.near(self.kin, *self.plan).whole[sample],
               theirs = cases.near(other.kin, *other.plan).whole[sample];
  return times(other.headline, ours / theirs);
}

/// More of the slower one, in proportion to what an accelerator makes; less of what it reaches.
double matched(const Uncertainty& u, const Cases& cases, std::size_t sample) {
  const ParityPlan &reference = u.facts.parity->reference.best, &candidate = u.facts.parity->candidates.front().best;
  const double more = output(cases.of(u.facts.other.kin, reference.at, reference.head, sample)) /
                      output(reference.head) * output(candidate.head) /
                      output(cases.of(u.facts.self.kin, candidate.at, candidate.head, sample));
  return u.metric->reach ? std::min(1.0, *u.cell->value / more) : *u.cell->value * more;
}

Result<std::optional<double>> value_of(const Uncertainty& u, const Cases& cases, std::size_t sample) {
  if (u.metric->parity) return matched(u, cases, sample);
  Facts one = u.facts;
  for (Ran* ran : {&one.self, &one.other, &one.changed})
    if (ran->plan) ran->headline = cases.of(ran->kin, *ran->plan, ran->headline, sample);
  for (Ran* ran : {&one.other, &one.changed})
    if (one.self.plan && ran->plan && same_kernels(one.self.plan->cluster.accelerator, ran->plan->cluster.accelerator))
      ran->headline = as_wrong_as(one.self, *ran, cases, sample);
  if (u.metric->power)
    for (auto [ran, place] : {std::pair{&one.self, &u.location}, std::pair{&one.other, &u.other_location}})
      if (ran->plan) {
        auto power = power_at(ran->plan->cluster, ran->headline, *place);
        if (!power) return tl::unexpected(power.error());
        ran->power = *power;
      }
  std::string ignored;
  const auto found = u.metric->of(one, ignored);
  return found ? std::optional(found->value) : std::nullopt;
}

/// Two bands of independent causes, on one value: factors where all is above zero, else distances.
void widen(Cell& cell, double low, double high) {
  const double value = *cell.value, before_low = *cell.low, before_high = *cell.high;
  const bool factors = std::min({value, low, before_low}) > 0;
  auto far = [&](double end) { return factors ? std::log(end / value) : end - value; };
  auto at = [&](double distance) { return factors ? value * std::exp(distance) : value + distance; };
  cell.low = at(-std::hypot(std::min(0.0, far(low)), std::min(0.0, far(before_low))));
  cell.high = at(std::hypot(std::max(0.0, far(high)), std::max(0.0, far(before_high))));
}

} // namespace

Headline carried(const Headline& at, const Headline& from, const Headline& moved) {
  Headline out = at;
  const double ideal = ratio(moved.ideal_step_s, from.ideal_step_s);
  const double network = ratio(moved.step_s - moved.ideal_step_s, from.step_s - from.ideal_step_s);
  out.ideal_step_s = at.ideal_step_s * ideal;
  out.step_s = out.ideal_step_s + std::max(0.0, (at.step_s - at.ideal_step_s) * std::max(0.0, network));
  double sum = 0;
  for (std::size_t e = 0; e < out.where.size(); ++e)
    sum += out.where[e] = at.where[e] * ratio(moved.where[e], from.where[e]);
  for (double& seconds : out.where)
    seconds *= ratio(out.step_s, sum);
  out.communicating_s = std::min(out.step_s, at.communicating_s * ratio(moved.communicating_s, from.communicating_s));
  const double slower = out.step_s / at.step_s;
  // MFU is of a peak, which may be disputed too.
  const double peak = ratio(moved.mfu_causal * moved.step_s, from.mfu_causal * from.step_s);
  for (double* rate : {&out.tokens_per_s, &out.tokens_per_s_per_accelerator, &out.effective_flops})
    *rate /= slower;
  for (double* rate : {&out.mfu_causal, &out.mfu_full, &out.mfu_bf16_peak, &out.hfu})
    *rate *= peak / slower;
  return out;
}

Result<void> add_bands(std::vector<Uncertainty>& values, const ClaimOptions& options) {
  Cases cases(options.every_size);
  for (const Uncertainty& u : values) {
    if (u.metric->parity) {
      cases.want(u.facts.other.kin, u.facts.parity->reference.best.at);
      cases.want(u.facts.self.kin, u.facts.parity->candidates.front().best.at);
      continue;
    }
    for (const Ran* ran : {&u.facts.self, &u.facts.other, &u.facts.changed})
      if (ran->plan) cases.want(ran->kin, *ran->plan);
  }
  if (auto ok = cases.simulate(options); !ok) return ok;
  for (Uncertainty& u : values) {
    std::vector<double> sampled;
    for (std::int64_t i = 0; i < options.samples; ++i) {
      const auto value = value_of(u, cases, std::size_t(i));
      if (!value) return tl::unexpected(value.error());
      if (*value) sampled.push_back(**value);
    }
    if (sampled.empty()) continue;
    const Spread spread = spread_of(std::move(sampled));
    if (u.cell->low) {
      widen(*u.cell, spread.p5, spread.p95);
    } else {
      u.cell->low = spread.p5;
      u.cell->high = spread.p95;
    }
  }
  return {};
}

} // namespace weft::analysis
