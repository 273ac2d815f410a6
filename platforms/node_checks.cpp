#include "platforms/node_checks.hpp"

#include "platforms/readers.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft::platforms {
namespace {

Result<void> check_nics(const Cluster& c, const Mark& at) {
  const std::int64_t ranks = c.ranks_per_node(), nics = c.node.nics.per_node;
  if (ranks % nics == 0 || nics % ranks == 0) return {};
  return fail(at, fmt::format("{} NICs cannot be shared evenly by {} ranks of a node", nics, ranks));
}

Result<void> check_tiers(const Cluster& c, const Mark& at) {
  std::int64_t below = c.node.accelerators;
  for (const FabricTier& tier : c.fabric.tiers) {
    if (tier.accelerators % below != 0)
      return fail(at, fmt::format("a {} of {} accelerators is no multiple of the {} below it", tier.name,
                                  tier.accelerators, below));
    below = tier.accelerators;
  }
  if (c.domain % c.node.accelerators != 0)
    return fail(at, fmt::format("a scale-up domain of {} accelerators is no multiple of the node's {}", c.domain,
                                c.node.accelerators));
  if (c.node.scale_up == ScaleUpKind::full_mesh && !c.accelerator.scale_up.link_bandwidth)
    return fail(at, fmt::format("a full mesh needs scale_up.link_bandwidth, which accelerator {} does not state",
                                c.accelerator.name));
  if (c.node.scale_up != ScaleUpKind::two_tier && c.node.scale_up != ScaleUpKind::torus &&
      c.domain != c.node.accelerators)
    return fail(at, "only a two-tier or a torus scale-up fabric spans nodes");
  return {};
}

std::string product(const std::vector<std::int64_t>& sizes) {
  return fmt::format("{}", fmt::join(sizes, " x "));
}

Result<void> check_pcie(const Cluster& c, const Value& node_tree) {
  const Value* said = node_tree.find("pcie");
  if (c.node.scale_up != ScaleUpKind::pcie) {
    if (!said) return {};
    return fail(said->mark, fmt::format("`pcie` describes scale_up: pcie, and node {} is {}", c.node.name,
                                        enum_name(c.node.scale_up)));
  }
  if (!said) return fail(node_tree.find("scale_up")->mark, "scale_up: pcie needs `pcie`, the node's tree");
  const PcieTree& tree = *c.node.pcie;
  if (tree.per_switch > 0 && !tree.uplink) return fail(said->mark, "switches need `uplink`, their link to the host");
  if (tree.per_switch == 0 && tree.uplink)
    return fail(said->find("uplink")->mark, "an uplink needs `per_switch`, the accelerators below one switch");
  if (tree.per_switch > 0 && c.node.accelerators % tree.per_switch != 0)
    return fail(said->find("per_switch")->mark, fmt::format("{} accelerators of a node do not fill switches of {}",
                                                            c.node.accelerators, tree.per_switch));
  if (tree.bridge && c.node.accelerators % 2 != 0)
    return fail(said->find("bridge")->mark,
                fmt::format("{} accelerators of a node do not make bridged pairs", c.node.accelerators));
  return {};
}

Result<void> check_dealt(const Cluster& c, const Mark& at) {
  const std::int64_t n = c.fabric.planes, nics = c.node.nics.per_node;
  if (c.fabric.plane_of != PlaneOf::nic || nics % n == 0) return {};
  return fail(at, fmt::format("{} NICs of a node cannot be dealt evenly to {} planes", nics, n));
}

Result<void> check_planes(const Cluster& c, const Value& fabric) {
  const Value* planes = fabric.find("planes");
  if (!planes) {
    const Value* of = fabric.find("plane_of");
    return of ? fail(of->mark, "`plane_of` needs `planes`, how many there are") : Result<void>{};
  }
  const std::int64_t n = c.fabric.planes;
  if (c.fabric.kind == FabricKind::rail_only && n > 1)
    return fail(planes->mark, "a rail-only fabric is a plane for each rail already");
  if (n > 1 && !fabric.find("plane_of"))
    return fail(planes->mark, "`planes` needs `plane_of`: port (every NIC in each plane) or nic (each NIC in one)");
  return check_dealt(c, planes->mark);
}

} // namespace

Result<void> check_torus(Cluster& c, const Value* of_cluster, const Value& node_tree) {
  const Value* said = of_cluster ? of_cluster : node_tree.find("torus");
  if (c.node.scale_up != ScaleUpKind::torus) {
    if (!said) return {};
    return fail(said->mark, fmt::format("`torus` describes scale_up: torus, and node {} is {}", c.node.name,
                                        enum_name(c.node.scale_up)));
  }
  const Mark at = node_tree.find("scale_up")->mark;
  if (!said) return fail(at, "a torus needs its sizes: `torus: [x, y]` or `[x, y, z]`");
  const std::vector<std::int64_t>& sizes = c.node.torus;
  std::int64_t all = 1;
  bool good = sizes.size() == 2 || sizes.size() == 3;
  for (const std::int64_t n : sizes) {
    good = good && n >= 1 && n <= 4096;
    if (good) all *= n;
  }
  if (!good) return fail(said->mark, "torus is a list of two or three sizes of 1 to 4096");
  if (all > 65'536)
    return fail(said->mark, fmt::format("a torus of {} has more than 65,536 accelerators", product(sizes)));
  if (c.domain == 0) c.domain = all;
  if (c.domain != all)
    return fail(said->mark, fmt::format("a torus of {} has {} accelerators, the scale-up domain {}", product(sizes),
                                        all, c.domain));
  if (!c.accelerator.scale_up.link_bandwidth)
    return fail(at, fmt::format("a torus needs scale_up.link_bandwidth, which accelerator {} does not state",
                                c.accelerator.name));
  return {};
}

Result<void> check_node(const Cluster& c, const Value& tree, const Value& node_tree, const Mark& at) {
  if (auto ok = check_nics(c, at); !ok) return ok;
  if (auto ok = check_tiers(c, at); !ok) return ok;
  if (auto ok = check_pcie(c, node_tree); !ok) return ok;
  return check_planes(c, *tree.find("fabric"));
}

Result<void> check_shape(const Cluster& c, const Mark& at) {
  if (auto ok = check_nics(c, at); !ok) return ok;
  if (auto ok = check_tiers(c, at); !ok) return ok;
  if (auto ok = check_dealt(c, at); !ok) return ok;
  std::int64_t largest = c.domain;
  for (const FabricTier& tier : c.fabric.tiers)
    largest = std::max(largest, tier.accelerators);
  if (c.sites.accelerators % largest == 0 && c.sites.accelerators % c.domain == 0) return {};
  return fail(at, fmt::format("a site of {} accelerators is no multiple of the {} of its largest block",
                              c.sites.accelerators, largest));
}

} // namespace weft::platforms
