#include "platforms/topology.hpp"

#include "platforms/topologies/topologies.hpp"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace weft::platforms {
namespace {

// Explicit tables: self-registration is silently dropped from static libraries.
constexpr std::array scale_up_kinds{std::pair<ScaleUpKind, MakeScaleUp>{ScaleUpKind::switched, make_switched},
                                    std::pair<ScaleUpKind, MakeScaleUp>{ScaleUpKind::full_mesh, make_full_mesh},
                                    std::pair<ScaleUpKind, MakeScaleUp>{ScaleUpKind::two_tier, make_two_tier},
                                    std::pair<ScaleUpKind, MakeScaleUp>{ScaleUpKind::torus, make_torus},
                                    std::pair<ScaleUpKind, MakeScaleUp>{ScaleUpKind::pcie, make_pcie}};
constexpr std::array scale_out_kinds{
    std::pair<FabricKind, MakeScaleOut>{FabricKind::clos, make_clos},
    std::pair<FabricKind, MakeScaleOut>{FabricKind::rail_optimised, make_rail_optimised},
    std::pair<FabricKind, MakeScaleOut>{FabricKind::rail_only, make_rail_only}};

template <class Table, class K> auto find(const Table& table, K kind) {
  for (const auto& [k, make] : table)
    if (k == kind) return make;
  return table[0].second; // every enumerator has its row
}

} // namespace

Topology::Topology(const Cluster& cluster, std::int64_t ranks)
    : ranks_(ranks), ranks_per_node_(cluster.ranks_per_node()), ranks_per_domain_(cluster.ranks_per_domain()) {
  for (const FabricTier& tier : cluster.fabric.tiers)
    tier_names_.push_back(tier.name);
  scale_up_ = find(scale_up_kinds, cluster.node.scale_up)(cluster, ranks, LinkTable(links_));
  scale_out_ = find(scale_out_kinds, cluster.fabric.kind)(cluster, ranks, *scale_up_, LinkTable(links_));
  degrade(cluster);
}
Topology::~Topology() = default;
Topology::Topology(Topology&&) noexcept = default;
Topology& Topology::operator=(Topology&&) noexcept = default;

Reach Topology::reach(std::int64_t from, std::int64_t to) const {
  if (from == to) return Reach::self;
  return domain_of(from) == domain_of(to) ? Reach::domain : Reach::fabric;
}

void Topology::append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const {
  switch (reach(from, to)) {
  case Reach::self: return;
  case Reach::domain: scale_up_->append_path(from, to, out); return;
  case Reach::fabric: scale_out_->append_path(from, to, out); return;
  }
}

std::string Topology::link_group(LinkId id) const {
  const Link& link = links_[id];
  const bool of_fabric = link.kind == LinkKind::tier_up || link.kind == LinkKind::tier_down;
  const std::string tier = of_fabric ? tier_names_[std::size_t(link.tier)] : std::string();
  switch (link.kind) {
  case LinkKind::scale_up_tx: return "scale-up port tx";
  case LinkKind::scale_up_rx: return "scale-up port rx";
  case LinkKind::mesh: return "mesh link";
  case LinkKind::node_up: return "node uplink";
  case LinkKind::node_down: return "node downlink";
  case LinkKind::nic_tx: return "NIC tx";
  case LinkKind::nic_rx: return "NIC rx";
  case LinkKind::tier_up: return tier + " uplink";
  case LinkKind::tier_down: return tier + " downlink";
  case LinkKind::torus: return fmt::format("torus link {}{}", "xyz"[link.tier / 2], "+-"[link.tier % 2]);
  case LinkKind::bridge: return "bridge";
  case LinkKind::pcie_up: return "PCIe switch uplink";
  case LinkKind::pcie_down: return "PCIe switch downlink";
  case LinkKind::host: return "host";
  }
  return "?";
}

std::string Topology::link_name(LinkId id) const {
  return fmt::format("{} {}", link_group(id), links_[id].owner);
}

std::vector<Topology::Group> Topology::link_groups() const {
  std::vector<Group> out;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const bool same = i > 0 && links_[i].kind == links_[i - 1].kind && links_[i].tier == links_[i - 1].tier;
    if (!same) out.push_back({link_group(LinkId(i)), LinkId(i), 0});
    ++out.back().count;
  }
  return out;
}

void Topology::order_ring(std::vector<std::int32_t>& members) const {
  scale_up_->order_ring(members);
}

/// Names were checked when the cluster was read (check_degraded); others are passed over.
void Topology::degrade(const Cluster& cluster) {
  if (cluster.degraded.empty()) return;
  const std::vector<Group> groups = link_groups();
  for (const DegradedLink& d : cluster.degraded) {
    const auto id = find_link(groups, d.link);
    if (!id) continue;
    links_[*id].capacity = links_[*id].capacity * d.share;
    links_[*id].binding = true;
    if (d.share == 0) scale_up_->avoid(*id);
  }
}

std::optional<LinkId> find_link(const std::vector<Topology::Group>& groups, const std::string& name) {
  const std::size_t space = name.rfind(' ');
  if (space == std::string::npos) return std::nullopt;
  const char *first = name.data() + space + 1, *last = name.data() + name.size();
  std::int64_t owner = -1;
  const auto [end, error] = std::from_chars(first, last, owner);
  if (error != std::errc{} || end != last || std::to_string(owner).size() != std::size_t(last - first))
    return std::nullopt;
  for (const Topology::Group& g : groups)
    if (owner >= 0 && owner < g.count && name.compare(0, space, g.name) == 0) return LinkId(g.first + owner);
  return std::nullopt;
}

} // namespace weft::platforms
