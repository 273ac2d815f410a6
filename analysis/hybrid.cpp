#include "analysis/hybrid.hpp"

#include "analysis/same_work.hpp"
#include "platforms/node_checks.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weft::analysis {
namespace {

using platforms::Accelerator;
using platforms::Cluster;

/// Which of two to take a part from.
class Choose {
public:
  Choose(const Case& first, const Case& second, SwapSet set) : first_(first), second_(second), set_(set) {}
  [[nodiscard]] const Case& whole(SwapPart part) const { return (set_ & bit(part)) != 0 ? second_ : first_; }
  [[nodiscard]] const Cluster& operator()(SwapPart part) const { return whole(part).cluster; }

private:
  const Case &first_, &second_;
  SwapSet set_;
};

/// Whether there is such a thing is said by `there`; its figure is `by`'s where that one has it too.
template <class T>
std::optional<Figure<T>> where_there(const std::optional<Figure<T>>& there, const std::optional<Figure<T>>& by) {
  return there && by ? by : there;
}

Accelerator accelerator_of(const Choose& of) {
  Accelerator out = of(SwapPart::compute).accelerator;
  const Accelerator& kernels = of(SwapPart::kernels).accelerator;
  out.gemm = kernels.gemm;
  out.gemm_families = kernels.gemm_families;
  out.attention = kernels.attention;
  out.grouped_gemm = kernels.grouped_gemm;
  out.streaming_efficiency = kernels.streaming_efficiency;
  out.elementwise_efficiency = kernels.elementwise_efficiency;

  const Accelerator& port = of(SwapPart::scale_up).accelerator;
  // A library's rules are written for the shape of its fabric: without those of a full mesh there is a ring on one of
  // its links.
  out.collective_library = port.collective_library;
  out.scale_up = port.scale_up;
  platforms::ScaleUpTiming& timing = out.scale_up.timing;
  const platforms::ScaleUpTiming& reached = of(SwapPart::line_rate).accelerator.scale_up.timing;
  timing.efficiency = reached.efficiency;
  timing.in_network_efficiency = where_there(timing.in_network_efficiency, reached.in_network_efficiency);

  const Accelerator& late = of(SwapPart::latency).accelerator;
  timing.phase = late.scale_up.timing.phase;
  timing.sqrt_us = late.scale_up.timing.sqrt_us;
  timing.in_network_sqrt_us = late.scale_up.timing.in_network_sqrt_us;
  timing.hop = late.scale_up.timing.hop;
  timing.point_to_point = late.scale_up.timing.point_to_point;
  out.overlap_slowdown = late.overlap_slowdown;
  return out;
}

/// Cards of the scale-out fabric in nodes of the scale-up fabric: as many a package.
Result<void> set_nics(const Choose& of, Cluster& out, const Mark& at) {
  const platforms::Node& theirs = of(SwapPart::scale_out).node;
  const std::int64_t cards = theirs.nics.per_node * out.node.accelerators;
  if (cards % theirs.accelerators != 0)
    return fail(at, fmt::format("{} cards for {} accelerators (node {}) make no whole number of cards for the {} of "
                                "node {}",
                                theirs.nics.per_node, theirs.accelerators, theirs.name, out.node.accelerators,
                                out.node.name));
  out.node.nics = theirs.nics;
  out.node.nics.per_node = cards / theirs.accelerators;
  const platforms::Nics& reached = of(SwapPart::line_rate).node.nics;
  out.node.nics.efficiency = reached.efficiency;
  out.node.nics.all_to_all_efficiency = reached.all_to_all_efficiency;
  return {};
}

/// Blocks hold whole nodes, and whole blocks of the tier below.
void fit_tiers(Cluster& out) {
  std::int64_t below = out.node.accelerators;
  for (platforms::FabricTier& tier : out.fabric.tiers) {
    const auto blocks = std::llround(double(tier.accelerators) / double(below));
    tier.accelerators = std::max<std::int64_t>(1, blocks) * below;
    below = tier.accelerators;
  }
}

/// As many sites as there are, whatever the number of packages.
Result<void> set_sites(const Choose& of, Cluster& out, const Mark& at) {
  const Cluster& theirs = of(SwapPart::scale_out);
  out.sites = theirs.sites;
  const std::int64_t packages = out.sites.accelerators * out.accelerators;
  if (packages % theirs.accelerators != 0)
    return fail(at, fmt::format("{} accelerators cannot be dealt to sites as {} are ({} each)", out.accelerators,
                                theirs.accelerators, out.sites.accelerators));
  out.sites.accelerators = packages / theirs.accelerators;
  out.sites.efficiency = where_there(out.sites.efficiency, of(SwapPart::line_rate).sites.efficiency);
  return {};
}

std::string listed(const std::vector<std::string>& what) {
  return fmt::format("{}", fmt::join(what, ", "));
}

Result<void> check_plain(const Case& one) {
  const Cluster& c = one.cluster;
  const char* odd = !c.parts.empty()      ? "several kinds of nodes (`parts`)"
                    : !c.fill.empty()     ? "part-filled domains (`fill`)"
                    : !c.without.empty()  ? "gaps (`without`)"
                    : !c.degraded.empty() ? "degraded links (`degraded`)"
                                          : nullptr;
  if (!odd) return {};
  return fail(one.scenario.cluster.mark,
              fmt::format("{} has {}: they stand at places of its own fabric, which the other has not", one.name, odd));
}

} // namespace

Result<Case> hybrid(const Case& first, const Case& second, SwapSet from_second) {
  const Choose of(first, second, from_second);
  Case out = first;
  const Cluster &compute = of(SwapPart::compute), &up = of(SwapPart::scale_up), &scale_out = of(SwapPart::scale_out);
  const Mark& at = first.scenario.cluster.mark;
  if (from_second == swap_all) out.name = second.name;
  out.scenario.stack = of.whole(SwapPart::kernels).scenario.stack;
  const bool automatic = first.scenario.plan.recompute == workloads::Recompute::automatic ||
                         second.scenario.plan.recompute == workloads::Recompute::automatic;
  if (automatic) out.scenario.plan.recompute = workloads::Recompute::automatic;

  Cluster& c = out.cluster;
  c = compute;
  c.accelerator = accelerator_of(of);
  c.node = up.node;
  c.node.accelerator = c.accelerator.name;
  c.domain = up.domain;
  c.fabric = scale_out.fabric;
  c.fabric.latency = of(SwapPart::latency).fabric.latency;
  c.fabric.reduction = where_there(c.fabric.reduction, of(SwapPart::line_rate).fabric.reduction);
  const std::int64_t ranks = first.cluster.ranks();
  if (ranks % c.accelerator.ranks_per_accelerator != 0)
    return fail(at,
                fmt::format("{} ranks do not fill packages of {} ranks", ranks, c.accelerator.ranks_per_accelerator));
  c.accelerators = ranks / c.accelerator.ranks_per_accelerator;
  if (auto ok = set_nics(of, c, at); !ok) return tl::unexpected(ok.error());
  fit_tiers(c);
  if (auto ok = set_sites(of, c, at); !ok) return tl::unexpected(ok.error());
  if (auto ok = platforms::check_shape(c, at); !ok) return tl::unexpected(ok.error());
  return out;
}

Result<void> check_swappable(const Case& first, const Case& second) {
  const workloads::Scenario &a = first.scenario, &b = second.scenario;
  const std::string both = first.name + " and " + second.name;
  auto refuse = [&](const Mark& at, const char* what, const std::vector<std::string>& fields) {
    return fail(at, fmt::format("{} differ in their {}: {}", both, what, listed(fields)),
                "a swap splits what the hardware and its software make of equal work");
  };
  if (const auto d = differences(a.model, b.model); !d.empty()) return refuse({}, "models", d);
  if (const auto d = differences(a.training, b.training); !d.empty()) return refuse(b.training.mark, "training", d);
  if (first.cluster.ranks() != second.cluster.ranks())
    return refuse(b.cluster.mark, "number of ranks",
                  {fmt::format("{} and {}", first.cluster.ranks(), second.cluster.ranks())});
  if (const auto d = differences(a.plan, b.plan); !d.empty()) return refuse(b.plan.mark, "plans", d);
  const bool automatic =
      a.plan.recompute == workloads::Recompute::automatic || b.plan.recompute == workloads::Recompute::automatic;
  if (a.plan.recompute != b.plan.recompute && !automatic)
    return fail(b.plan.mark, fmt::format("{} differ in what they recompute", both),
                "--set plan.recompute=auto: the least that fits into the memory of each");
  if (const auto d = unevenness_differences(a, b); !d.empty()) return refuse({}, "ranks' speeds", d);
  if (auto ok = check_plain(first); !ok) return ok;
  return check_plain(second);
}

} // namespace weft::analysis
