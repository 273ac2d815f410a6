#include "platforms/cluster.hpp"

#include "platforms/catalog.hpp"
#include "platforms/degraded.hpp"
#include "platforms/node_checks.hpp"
#include "platforms/parts.hpp"
#include "platforms/readers.hpp"
#include "platforms/sites.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft {

using platforms::Absent;
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
      required("point_to_point", &FabricLatency::point_to_point, "per send"),
      optional("tree_inside", &FabricLatency::tree_inside, "hop of a tree inside a domain (NCCL's)"),
      optional("switches_inside", &FabricLatency::switches_inside,
               "a domain whose switches reduce, below a tree (NCCL's)"),
      optional("switches_hop", &FabricLatency::switches_hop, "hop of a tree between such domains (NCCL's)"),
      optional("reduction", &FabricLatency::reduction, "fabric whose switches reduce (NCCL's)")};
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
Result<void> read_value(const Value& value, Absent& out) {
  out.mark = value.mark;
  return read_value(value, out.name);
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
      required("latency", &Fabric::latency, "of collectives and sends"),
      optional("reduction", &Fabric::reduction, "share of a card's line rate that the switches reduce at (SHARP)",
               [](const std::optional<Figure<double>>& f) { return platforms::share_of_one(*f); }),
      optional("endpoint_power", &Fabric::endpoint_power, "switches and optics for each accelerator"),
      optional("endpoint_price", &Fabric::endpoint_price, "the same in money")};
  return read_fields(value, table, out, "fabric");
}

} // namespace weft

namespace weft::platforms {
namespace {

constexpr std::int64_t most_accelerators = 4'194'304, most_in_a_domain = 65'536;

struct NodeFile : Node {
  Value accelerator_value;
};
struct PartFile : Part {
  Value node_value;
};
struct ClusterFile : Cluster {
  Value node_value, torus_value;
  std::vector<PartFile> part_files;
};

/// Keeps a subtree unread: it may be a name or a map with overrides of an entry of a kind.
template <class T> Field<T> raw(std::string name, Value T::*member, std::string about, std::string kind) {
  return {std::move(name), true, std::move(about),
          [member](const Value& value, T& out) -> Result<void> {
            out.*member = value;
            return {};
          },
          [kind = std::move(kind)] {
            return Shape{Shape::Kind::entry, {kind}, {}, {}, {}};
          }};
}
template <class T> Field<T> raw_optional(std::string name, Value T::*member, std::string about, std::string kind) {
  Field<T> out = raw(std::move(name), member, std::move(about), std::move(kind));
  out.required = false;
  return out;
}
Field<ClusterFile> sizes_of_torus() {
  auto out = raw_optional<ClusterFile>("torus", &ClusterFile::torus_value, "sizes of the domain's torus", "");
  out.shape = shape_of<decltype(Node::torus)>;
  return out;
}
template <class T, class Base, class M>
Field<T> inherited(std::string name, M Base::*member, bool needed, std::string about,
                   std::type_identity_t<Check<M>> check = {}) {
  return field<T, M>(std::move(name), static_cast<M T::*>(member), needed, std::move(about), std::move(check));
}

Result<void> read_value(const Value& value, PartFile& out) {
  static const Fields<PartFile> table{
      raw<PartFile>("node", &PartFile::node_value, "node name, or a map that overrides it", "nodes"),
      field<PartFile, std::int64_t>("accelerators", static_cast<std::int64_t PartFile::*>(&Part::accelerators), true,
                                    "packages in use", between<std::int64_t>(1, most_accelerators)),
      field<PartFile, std::int64_t>("domain", static_cast<std::int64_t PartFile::*>(&Part::domain), false,
                                    "accelerators that share the scale-up fabric",
                                    between<std::int64_t>(1, most_in_a_domain))};
  return read_fields(value, table, out, "part");
}

/// A node, its accelerator, and the text of both.
struct ReadNode {
  Node node;
  Accelerator accelerator;
  Value tree;
  std::string canonical;
};
Result<ReadNode> read_node(const Value& value) {
  using N = NodeFile;
  static const Fields<N> table{
      inherited<N, Node>("name", &Node::name, true, "catalog name"),
      raw<N>("accelerator", &N::accelerator_value, "accelerator name, or a map that overrides it", "accelerators"),
      inherited<N, Node>("accelerators", &Node::accelerators, true, "packages in a node"),
      inherited<N, Node>("scale_up", &Node::scale_up, true, "switched, full-mesh, two-tier, torus or pcie"),
      inherited<N, Node>("torus", &Node::torus, false, "accelerators along each dimension, x first"),
      inherited<N, Node>("pcie", &Node::pcie, false, "the tree of scale_up: pcie"),
      inherited<N, Node>("nics", &Node::nics, true, "network cards"),
      inherited<N, Node>("power_max", &Node::power_max, false, "rated power of a node, accelerators included",
                         positive),
      inherited<N, Node>("price", &Node::price, false, "of a node, accelerators included", positive),
      inherited<N, Node>("accelerators_per_rack", &Node::accelerators_per_rack, false, "as such nodes are racked",
                         [](const auto& f) { return f->value >= 1 ? std::string{} : "must be at least 1"; })};
  auto tree = resolve_entry("nodes", value);
  if (!tree) return tl::unexpected(tree.error());
  NodeFile node;
  if (auto ok = read_fields(*tree, table, node, "node"); !ok) return tl::unexpected(ok.error());
  auto accelerator_tree = resolve_entry("accelerators", node.accelerator_value);
  if (!accelerator_tree) return tl::unexpected(accelerator_tree.error());
  auto accelerator = read_accelerator_value(*accelerator_tree);
  if (!accelerator) return tl::unexpected(accelerator.error());
  if (node.accelerators < 1) return fail(tree->mark, "a node has at least one accelerator");
  node.accelerator = accelerator->name;
  ReadNode out{node, std::move(*accelerator), std::move(*tree), {}};
  out.canonical = canonical_text(out.tree) + canonical_text(*accelerator_tree);
  return out;
}

/// `node`, for all of the cluster.
Result<void> read_only_node(ClusterFile& out, const Value& tree, const Mark& at) {
  if (!tree.find("node")) return fail(tree.mark, "cluster lacks `node`");
  auto read = read_node(out.node_value);
  if (!read) return tl::unexpected(read.error());
  out.accelerator = std::move(read->accelerator);
  out.node = read->node;
  const Value* torus = tree.find("torus");
  if (torus)
    if (auto ok = read_value(*torus, out.node.torus); !ok) return ok;
  if (!tree.find("domain") && !torus) out.domain = out.node.accelerators;
  if (auto ok = check_torus(out, torus, read->tree); !ok) return ok;
  if (out.domain == 0) out.domain = out.node.accelerators;
  out.canonical = canonical_text(tree) + read->canonical;
  return check_node(out, tree, read->tree, at);
}

/// `parts`: several kinds of nodes.
Result<void> read_part_nodes(ClusterFile& out, const Value& tree) {
  out.canonical = canonical_text(tree);
  const Value& parts = *tree.find("parts");
  if (out.part_files.empty()) return fail(parts.mark, "`parts` needs at least one part");
  for (std::size_t i = 0; i < out.part_files.size(); ++i) {
    PartFile& part = out.part_files[i];
    auto read = read_node(part.node_value);
    if (!read) return tl::unexpected(read.error());
    Cluster alone = out;
    alone.parts.clear();
    alone.accelerator = part.accelerator = std::move(read->accelerator);
    alone.node = part.node = read->node;
    const bool torus = part.node.scale_up == ScaleUpKind::torus;
    alone.domain = part.domain != 0 || torus ? part.domain : part.node.accelerators;
    if (auto ok = check_torus(alone, nullptr, read->tree); !ok) return ok;
    part.domain = alone.domain;
    if (auto ok = check_node(alone, tree, read->tree, parts.items[i].mark); !ok) return ok;
    out.canonical += read->canonical;
    out.parts.push_back(part);
  }
  out.accelerator = out.parts.front().accelerator;
  out.node = out.parts.front().node;
  out.domain = out.parts.front().domain;
  return {};
}

} // namespace

Shape node_shape() {
  return described([] { (void)read_node(nothing_said()); });
}

Result<Cluster> read_cluster(const Value& spec) {
  using C = ClusterFile;
  static const Fields<C> cluster_table{
      inherited<C, Cluster>("name", &Cluster::name, true, "catalog name"),
      inherited<C, Cluster>("about", &Cluster::about, false, "one line"),
      raw_optional<C>("node", &C::node_value, "node name, or a map that overrides it", "nodes"),
      optional("parts", &C::part_files,
               "instead of node: several kinds of nodes, in the order in which ranks fill them"),
      inherited<C, Cluster>("fill", &Cluster::fill, false, "accelerators in use of every scale-up domain, in turn"),
      inherited<C, Cluster>("without", &Cluster::without, false, "accelerators, nodes, domains that are not in use"),
      field<C, std::int64_t>("domain", static_cast<std::int64_t C::*>(&Cluster::domain), false,
                             "accelerators that share the scale-up fabric", between<std::int64_t>(1, most_in_a_domain)),
      sizes_of_torus(),
      inherited<C, Cluster>("built", &Cluster::built, true, "accelerators of the described system"),
      inherited<C, Cluster>("accelerators", &Cluster::accelerators, false, "packages in use"),
      inherited<C, Cluster>("fabric", &Cluster::fabric, true, "scale-out fabric"),
      inherited<C, Cluster>("sites", &Cluster::sites, false, "sites joined by wide-area links"),
      inherited<C, Cluster>("degraded", &Cluster::degraded, false, "links below their line rate, or removed")};

  auto tree = resolve_entry("clusters", spec);
  if (!tree) return tl::unexpected(tree.error());
  ClusterFile out;
  if (auto ok = read_fields(*tree, cluster_table, out, "cluster"); !ok) return tl::unexpected(ok.error());
  for (const char* of_one : {"node", "domain", "torus"}) // a catalog entry's own is replaced
    if (const Value* said = spec.find("parts") ? spec.find(of_one) : nullptr)
      return fail(said->mark, fmt::format("`parts` beside `{}`: each part says its own", of_one));
  if (auto ok = tree->find("parts") ? read_part_nodes(out, *tree) : read_only_node(out, *tree, spec.mark); !ok)
    return tl::unexpected(ok.error());
  const Value* count = spec.find("accelerators");
  if (!count) count = tree->find("accelerators");
  const Mark at = count ? count->mark : spec.mark;
  std::int64_t in_parts = 0;
  for (const Part& part : out.parts)
    in_parts += part.accelerators;
  if (count && in_parts > 0 && out.accelerators != in_parts)
    return fail(at, fmt::format("the cluster's parts have {} accelerators, `accelerators` says {}", in_parts,
                                out.accelerators));
  if (!count) out.accelerators = in_parts > 0 ? in_parts : out.built.value;
  if (out.accelerators < 1)
    return fail(at, fmt::format("cluster {} needs `accelerators`: how many are in use", out.name));
  if (std::max(out.accelerators, in_parts) > most_accelerators) return fail(at, "more than 4,194,304 accelerators");
  if (auto ok = check_parts(out, *tree); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_sites(out, *tree); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_degraded(out); !ok) return tl::unexpected(ok.error());
  return Cluster(out);
}

} // namespace weft::platforms
