#include "analysis/explain.hpp"

#include "analysis/percent.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace weft::analysis {
namespace {

constexpr double worth_saying = 0.0005; ///< of the step: what prints as 0.0 % is not named

std::string_view name_of(sim::Dim dim) {
  switch (dim) {
  case sim::Dim::tp: return "tensor parallelism";
  case sim::Dim::cp: return "context parallelism";
  case sim::Dim::ep: return "expert parallelism";
  case sim::Dim::pp: return "the pipeline's messages";
  case sim::Dim::dp: return "data parallelism";
  case sim::Dim::wan: return "traffic between sites";
  case sim::Dim::other: return "norms and losses";
  }
  return "?";
}
std::string phrase_of(std::size_t tier, const std::string& name) {
  if (tier == sim::scale_up_tier) return "the scale-up fabric";
  if (tier == sim::second_tier) return "the second scale-up tier";
  if (tier == sim::card_tier) return "the network cards";
  return "the " + name + "s";
}

/// "all of it", "most of it (11.8 %)", "the largest part (4.0 %)".
std::string how_much(double part, double whole, double step) {
  if (part > 0.995 * whole) return "all of it";
  return fmt::format("{} ({})", part > 0.5 * whole ? "most of it" : "the largest part", percent(part / step));
}

template <class Parts> auto largest(const Parts& parts) {
  return std::max_element(parts.begin(), parts.end(),
                          [](const auto& a, const auto& b) { return a.seconds < b.seconds; });
}

std::string of_tax(const Tax& tax, double step) {
  if (std::abs(tax.total) < worth_saying) return "The interconnect takes 0.0 % of the step.";
  std::string out = fmt::format("The interconnect takes {} of the step", percent(tax.total));
  if (const auto top = largest(tax.tiers); top != tax.tiers.end())
    out +=
        fmt::format(": by tier {} is {}", how_much(top->seconds, tax.seconds, step), phrase_of(top->tier, top->name));
  if (const auto top = largest(tax.parts); top != tax.parts.end())
    out += fmt::format("{} by dimension {} is {}", tax.tiers.empty() ? ":" : ",",
                       how_much(top->seconds, tax.seconds, step), name_of(top->dim));
  return out + ".";
}

std::string what_follows(const Summary& s) {
  const Tax& tax = *s.tax;
  const double step = s.result.run.step_time;
  if (tax.total < worth_saying) return {};
  std::string out =
      fmt::format("With a perfect interconnect the same plan would run {:.2f} times as fast", 1 / (1 - tax.total));
  const auto top = largest(tax.tiers);
  if (tax.tiers.size() < 2) return out + ".";
  for (const auto& run : s.result.tier_subsets)
    if (run.ideal == sim::tier_bit(top->tier))
      out += fmt::format(", with {} perfect and nothing else {:.2f} times", phrase_of(top->tier, top->name),
                         step / run.step_time);
  return out + ".";
}

std::string of_path(const CriticalPath& path, double step) {
  std::string out;
  for (const Kind& kind : kinds(path.seconds))
    if (kind.seconds / step >= 0.05)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", percent(kind.seconds / step), kind.name);
  out = "The critical path is " + out;
  if (path.by_stage.size() == 1) return out + ".";
  std::vector<double> stages;
  for (const sim::Breakdown& stage : path.by_stage)
    stages.push_back(std::accumulate(stage.begin(), stage.end(), 0.0));
  const auto [least, most] = std::minmax_element(stages.begin(), stages.end());
  if (*most < 0.5 * step) // where stages are alike, which of them it stays on longest says little
    return fmt::format("{}, spread over {} stages ({:.1f} to {} each).", out, stages.size(), 100 * *least / step,
                       percent(*most / step));
  const auto stage = most - stages.begin();
  const Kind longest = kinds(path.by_stage[std::size_t(stage)]).front();
  return fmt::format("{}; {} of it is stage {}, {} that stage's {}.", out, percent(*most / step), stage,
                     percent(longest.seconds / step), longest.name);
}

} // namespace

std::vector<Kind> kinds(const sim::Breakdown& seconds) {
  std::vector<Kind> out;
  for (std::size_t e = 0; e < sim::entry_count; ++e) {
    const auto entry = sim::Entry(e);
    if (entry == sim::Entry::below_peak || !(seconds[e] > 0)) continue;
    Kind kind{std::string(sim::entry_names[e]), seconds[e]};
    if (entry == sim::Entry::useful)
      kind = {"matmuls and attention", seconds[e] + seconds[std::size_t(sim::Entry::below_peak)]};
    if (entry == sim::Entry::memory_bound) kind.name = "memory-bound kernels";
    out.push_back(std::move(kind));
  }
  std::stable_sort(out.begin(), out.end(), [](const Kind& a, const Kind& b) { return a.seconds > b.seconds; });
  return out;
}

std::vector<std::string> explained(const Summary& s) {
  std::vector<std::string> out;
  const double step = s.result.run.step_time;
  if (s.tax) {
    out.push_back(of_tax(*s.tax, step));
    if (std::string follows = what_follows(s); !follows.empty()) out.push_back(std::move(follows));
  }
  out.push_back(fmt::format("{} of the peak becomes model FLOP.", percent(s.mfu_causal)));
  if (s.path) out.push_back(of_path(*s.path, step));
  return out;
}

} // namespace weft::analysis
