#include "analysis/swap.hpp"

#include "analysis/evidence.hpp"
#include "analysis/ledger.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

/// "compute and HBM, scale-out fabric of B, the rest of A".
std::string describe(SwapSet set, const Case& first, const Case& second) {
  std::string out;
  for (std::size_t p = 0; p < swap_part_count; ++p)
    if ((set & bit(SwapPart(p))) != 0) out += (out.empty() ? "" : ", ") + std::string(swap_part_names[p]);
  if (set == 0) return first.name;
  if (set == swap_all) return second.name;
  return fmt::format("{} of {} with the rest of {}", out, second.name, first.name);
}

tl::unexpected<Error> impossible(Error error, SwapSet set, const Case& first, const Case& second) {
  error.message = fmt::format("there is no step with {}: {}", describe(set, first, second), error.message);
  return tl::unexpected(std::move(error));
}

struct Labels {
  std::string first_chip, second_chip, first_network, second_network;
};
Labels labels(const Case& first, const Case& second) {
  Labels out{first.cluster.accelerator.name, second.cluster.accelerator.name, first.cluster.name, second.cluster.name};
  if (out.first_chip == out.second_chip) {
    out.first_chip += " (A)";
    out.second_chip += " (B)";
  }
  if (out.first_network == out.second_network) {
    out.first_network += " (A)";
    out.second_network += " (B)";
  }
  return out;
}

std::array<SwapCorner, 4> corners_of(const Case& first, const Case& second) {
  const Labels l = labels(first, second);
  std::array<SwapCorner, 4> out;
  out[0] = {fmt::format("{} on {}", l.first_chip, l.first_network), 0, {}};
  out[1] = {fmt::format("{} on {}", l.second_chip, l.second_network), swap_all, {}};
  out[2] = {fmt::format("{} on the network of {}", l.first_chip, l.second_network), swap_network, {}};
  out[3] = {fmt::format("{} on the network of {}", l.second_chip, l.first_network), swap_all & ~swap_network, {}};
  return out;
}

/// Where one side states what the other leaves to its memory, it has to state what memory gives there.
Result<void> check_recomputation(const Case& one, const Case& other, const Headline& head) {
  const workloads::Recompute said = one.scenario.plan.recompute;
  if (said == workloads::Recompute::automatic || said == head.recompute) return {};
  return fail(
      one.scenario.plan.mark,
      fmt::format("{} recomputes {}, where `auto`, as in {}, recomputes {}: the plans differ in more than memory",
                  one.name, enum_name(said), other.name, enum_name(head.recompute)),
      "--set plan.recompute=auto");
}

void split(Swap& out, const std::vector<Headline>& heads) {
  std::vector<double> seconds, logarithms;
  for (const Headline& h : heads) {
    seconds.push_back(h.step_s);
    logarithms.push_back(std::log(h.step_s));
  }
  const auto parts = shapley(seconds, swap_part_count), factors = shapley(logarithms, swap_part_count);
  const double packages = double(heads.front().accelerators) / double(heads.back().accelerators);
  for (std::size_t p = 0; p < swap_part_count; ++p) {
    const SwapSet only = bit(SwapPart(p));
    SwapShare& share = out.parts[p];
    share.seconds = parts[p];
    share.factor = std::exp(factors[p]);
    share.per_accelerator = std::exp(-factors[p]) * (SwapPart(p) == SwapPart::compute ? packages : 1);
    share.first_s = seconds[only] - seconds[0];
    share.last_s = seconds[swap_all] - seconds[swap_all & ~only];
  }
}

} // namespace

std::optional<double> Swap::share_of_gap(const SwapShare& part) const {
  if (gap_s() == 0) return std::nullopt;
  return part.seconds / gap_s();
}

Result<Swap> swap(const Case& first, const Case& second, sim::Options options, int jobs) {
  if (auto ok = check_swappable(first, second); !ok) return tl::unexpected(ok.error());
  std::vector<Case> cases, corner_cases;
  for (SwapSet set = 0; set <= swap_all; ++set) {
    auto one = hybrid(first, second, set);
    if (!one) return impossible(one.error(), set, first, second);
    cases.push_back(std::move(*one));
  }
  Swap out;
  out.first = first.name;
  out.second = second.name;
  out.corners = corners_of(first, second);
  for (const SwapCorner& corner : out.corners)
    corner_cases.push_back(cases[corner.from_second]);
  options.all_subsets = false;
  options.ideal_run = true;
  const auto corners = simulate_all(corner_cases, options, jobs);
  for (std::size_t i = 0; i < out.corners.size(); ++i) {
    if (!corners[i] && i < 2) return tl::unexpected(corners[i].error()); // what is wrong with a side by itself
    if (!corners[i]) return impossible(corners[i].error(), out.corners[i].from_second, first, second);
    out.corners[i].head = *corners[i];
  }
  options.ideal_run = false;
  std::vector<Headline> heads;
  const auto all = simulate_all(cases, options, jobs);
  for (SwapSet set = 0; set <= swap_all; ++set) {
    if (!all[set]) return impossible(all[set].error(), set, first, second);
    heads.push_back(*all[set]);
  }
  const auto automatic = workloads::Recompute::automatic;
  out.recompute_follows = first.scenario.plan.recompute == automatic || second.scenario.plan.recompute == automatic;
  if (out.recompute_follows) {
    if (auto ok = check_recomputation(first, second, heads.front()); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_recomputation(second, first, heads.back()); !ok) return tl::unexpected(ok.error());
  }
  split(out, heads);
  out.runs = cases.size();
  out.first_evidence = evidence_sentence(first.scenario, first.cluster);
  out.second_evidence = evidence_sentence(second.scenario, second.cluster);
  return out;
}

} // namespace weft::analysis
