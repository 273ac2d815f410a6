#include "platforms/cluster.hpp"

#include "platforms/catalog.hpp"
#include "platforms/degraded.hpp"
#include "platforms/readers.hpp"
#include "platforms/sites.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft {

using platforms::DegradedLink;
using platforms::Fabric;
using platforms::FabricLatency;
using platforms::FabricTier;
using platforms::Nics;
using platforms::PcieTree;

Result<void> read_value(const Value& value, Nics& out) {
  static const Fields<Nics> table{
      required("per_node", &Nics::per_node, "NICs of a node, shared evenly by its ranks",
               between<std::int64_t>(1, 4096)),
      required("bandwidth", &Nics::bandwidth, "line rate per direction of one NIC", platforms::positive),
      required("efficiency", &Nics::efficiency, "payload over line rate", platforms::share_of_one),
      optional("all_to_all_efficiency", &Nics::all_to_all_efficiency, "payload over line rate of all-to-all")};
  return read_fields(value, table, out, "nics");
}
Result<void> read_value(const Value& value, FabricTier& out) {
  static const Fields<FabricTier> table{
      required("name", &FabricTier::name, "rack, leaf, pod, ..."),
      required("accelerators", &FabricTier::accelerators, "accelerators below one block", at_least<std::int64_t>(1)),
      required("oversubscription", &FabricTier::oversubscription, "downlink over uplink capacity of a block",
               [](const Figure<double>& f) { return f.value > 0 ? std::string{} : "must be positive"; }),
      optional("uplinks", &FabricTier::uplinks, "parallel links up from one block and rail",
               [](const std::optional<Figure<std::int64_t>>& f) {
                 return f->value >= 1 && f->value <= 65536 ? std::string{} : "must be between 1 and 65536";
               })};
  return read_fields(value, table, out, "fabric tier");
}
Result<void> read_value(const Value& value, FabricLatency& out) {
  static const Fields<FabricLatency> table{
      required("base", &FabricLatency::base, "per collective phase"),
      required("hop", &FabricLatency::hop, "per ring step that leaves the scale-up domain"),
      required("point_to_point", &FabricLatency::point_to_point, "per send")};
  return read_fields(value, table, out, "fabric latency");
}
Result<void> read_value(const Value& value, PcieTree& out) {
  static const Fields<PcieTree> table{
      optional("per_switch", &PcieTree::per_switch, "accelerators below one switch; none: each on the host",
               between<std::int64_t>(1, 4096)),
      optional("uplink", &PcieTree::uplink, "per direction, of a switch to the host", platforms::positive),
      optional("host", &PcieTree::host, "all that crosses the host together", platforms::positive),
      optional("bridge", &PcieTree::bridge, "per direction, between accelerators 2i and 2i + 1", platforms::positive)};
  return read_fields(value, table, out, "pcie");
}
Result<void> read_value(const Value& value, DegradedLink& out) {
  static const Fields<DegradedLink> table{
      required("link", &DegradedLink::link, "name of a link, for example `pod uplink 3`"),
      required("share", &DegradedLink::share, "of its capacity; 0 = removed",
               [](double share) { return share >= 0 && share <= 1 ? std::string{} : "must be between 0 and 1"; })};
  if (auto ok = read_fields(value, table, out, "degraded link"); !ok) return ok;
  out.mark = value.find("link")->mark;
  return {};
}
Result<void> read_value(const Value& value, Fabric& out) {
  static const Fields<Fabric> table{
      required("kind", &Fabric::kind, "clos, rail-optimised or rail-only"),
      optional("planes", &Fabric::planes, "independent copies of the tiers", between<std::int64_t>(1, 4096)),
      optional("plane_of", &Fabric::plane_of, "port: every NIC in each plane; nic: each NIC in one"),
      optional("routing", &Fabric::routing, "balanced, hashed (static ECMP) or adaptive"),
      optional("queue_pairs", &Fabric::queue_pairs, "flows that a message is cut into, each hashed on its own",
               between<std::int64_t>(1, 64)),
      required("technology", &Fabric::technology, "InfiniBand, RoCE, ..."),
      required("tiers", &Fabric::tiers, "switch tiers, lowest first; above the last one everything meets"),
      required("latency", &Fabric::latency, "of collectives and sends")};
  return read_fields(value, table, out, "fabric");
}

} // namespace weft

namespace weft::platforms {
namespace {

struct NodeFile : Node {
  Value accelerator_value;
};
struct ClusterFile : Cluster {
  Value node_value, torus_value;
};

/// Keeps a subtree unread: it may be a name or a map with overrides.
template <class T> Field<T> raw(std::string name, Value T::*member, std::string about) {
  return {std::move(name), true, std::move(about), [member](const Value& value, T& out) -> Result<void> {
            out.*member = value;
            return {};
          }};
}
template <class T> Field<T> raw_optional(std::string name, Value T::*member, std::string about) {
  Field<T> out = raw(std::move(name), member, std::move(about));
  out.required = false;
  return out;
}
template <class T, class Base, class M>
Field<T> inherited(std::string name, M Base::*member, bool needed, std::string about) {
  return field<T, M>(std::move(name), static_cast<M T::*>(member), needed, std::move(about), {});
}

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

/// `torus` may stand at the cluster, then it is the domain's, or at the node.
Result<void> check_torus(Cluster& c, const Value& tree, const Value& node_tree) {
  const Value* said = tree.find("torus") ? tree.find("torus") : node_tree.find("torus");
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

Result<void> check_planes(const Cluster& c, const Value& fabric) {
  const Value* planes = fabric.find("planes");
  if (!planes) {
    const Value* of = fabric.find("plane_of");
    return of ? fail(of->mark, "`plane_of` needs `planes`, how many there are") : Result<void>{};
  }
  const std::int64_t n = c.fabric.planes, nics = c.node.nics.per_node;
  if (c.fabric.kind == FabricKind::rail_only && n > 1)
    return fail(planes->mark, "a rail-only fabric is a plane for each rail already");
  if (n > 1 && !fabric.find("plane_of"))
    return fail(planes->mark, "`planes` needs `plane_of`: port (every NIC in each plane) or nic (each NIC in one)");
  if (c.fabric.plane_of == PlaneOf::nic && nics % n != 0)
    return fail(planes->mark, fmt::format("{} NICs of a node cannot be dealt evenly to {} planes", nics, n));
  return {};
}

} // namespace

Result<Cluster> read_cluster(const Value& spec) {
  using C = ClusterFile;
  static const Fields<C> cluster_table{
      inherited<C, Cluster>("name", &Cluster::name, true, "catalog name"),
      inherited<C, Cluster>("about", &Cluster::about, false, "one line"),
      raw<C>("node", &C::node_value, "node name, or a map that overrides it"),
      inherited<C, Cluster>("domain", &Cluster::domain, false, "accelerators that share the scale-up fabric"),
      raw_optional<C>("torus", &C::torus_value, "sizes of the domain's torus"),
      inherited<C, Cluster>("built", &Cluster::built, true, "accelerators of the described system"),
      inherited<C, Cluster>("accelerators", &Cluster::accelerators, false, "packages in use"),
      inherited<C, Cluster>("fabric", &Cluster::fabric, true, "scale-out fabric"),
      inherited<C, Cluster>("sites", &Cluster::sites, false, "sites joined by wide-area links"),
      inherited<C, Cluster>("degraded", &Cluster::degraded, false, "links below their line rate, or removed")};
  using N = NodeFile;
  static const Fields<N> node_table{
      inherited<N, Node>("name", &Node::name, true, "catalog name"),
      raw<N>("accelerator", &N::accelerator_value, "accelerator name, or a map that overrides it"),
      inherited<N, Node>("accelerators", &Node::accelerators, true, "packages in a node"),
      inherited<N, Node>("scale_up", &Node::scale_up, true, "switched, full-mesh, two-tier, torus or pcie"),
      inherited<N, Node>("torus", &Node::torus, false, "accelerators along each dimension, x first"),
      inherited<N, Node>("pcie", &Node::pcie, false, "the tree of scale_up: pcie"),
      inherited<N, Node>("nics", &Node::nics, true, "network cards")};

  auto tree = resolve_entry("clusters", spec);
  if (!tree) return tl::unexpected(tree.error());
  ClusterFile out;
  if (auto ok = read_fields(*tree, cluster_table, out, "cluster"); !ok) return tl::unexpected(ok.error());
  auto node_tree = resolve_entry("nodes", out.node_value);
  if (!node_tree) return tl::unexpected(node_tree.error());
  NodeFile node;
  if (auto ok = read_fields(*node_tree, node_table, node, "node"); !ok) return tl::unexpected(ok.error());
  auto accelerator_tree = resolve_entry("accelerators", node.accelerator_value);
  if (!accelerator_tree) return tl::unexpected(accelerator_tree.error());
  auto accelerator = read_accelerator_value(*accelerator_tree);
  if (!accelerator) return tl::unexpected(accelerator.error());
  out.accelerator = std::move(*accelerator);
  out.node = node;
  out.node.accelerator = out.accelerator.name;
  if (const Value* torus = tree->find("torus"))
    if (auto ok = read_value(*torus, out.node.torus); !ok) return tl::unexpected(ok.error());
  if (!tree->find("domain") && !tree->find("torus")) out.domain = out.node.accelerators;
  if (auto ok = check_torus(out, *tree, *node_tree); !ok) return tl::unexpected(ok.error());
  if (out.domain == 0) out.domain = out.node.accelerators;
  const Value* count = spec.find("accelerators");
  if (!count) count = tree->find("accelerators");
  if (out.accelerators == 0 && !count) out.accelerators = out.built.value;
  const Mark at = count ? count->mark : spec.mark;
  if (out.accelerators < 1)
    return fail(at, fmt::format("cluster {} needs `accelerators`: how many are in use", out.name));
  if (out.accelerators > 4'194'304) return fail(at, "more than 4,194,304 accelerators");
  if (out.node.accelerators < 1) return fail(node_tree->mark, "a node has at least one accelerator");
  out.canonical = canonical_text(*tree) + canonical_text(*node_tree) + canonical_text(*accelerator_tree);
  if (auto ok = check_nics(out, spec.mark); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_tiers(out, spec.mark); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_pcie(out, *node_tree); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_planes(out, *tree->find("fabric")); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_sites(out, *tree); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_degraded(out); !ok) return tl::unexpected(ok.error());
  return Cluster(out);
}

} // namespace weft::platforms
