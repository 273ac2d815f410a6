#include "platforms/topology.hpp"

#include "platforms/topologies/topologies.hpp"

#include <array>
#include <fmt/format.h>
#include <utility>

namespace weft::platforms {
namespace {

// Explicit tables: self-registration is silently dropped from static libraries.
constexpr std::array scale_up_kinds{std::pair<ScaleUpKind, MakeScaleUp>{ScaleUpKind::switched, make_switched},
                                    std::pair<ScaleUpKind, MakeScaleUp>{ScaleUpKind::full_mesh, make_full_mesh},
                                    std::pair<ScaleUpKind, MakeScaleUp>{ScaleUpKind::two_tier, make_two_tier}};
constexpr std::array scale_out_kinds{
    std::pair<FabricKind, MakeScaleOut>{FabricKind::clos, make_clos},
    std::pair<FabricKind, MakeScaleOut>{FabricKind::rail_optimised, make_rail_optimised}};

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
  scale_out_ = find(scale_out_kinds, cluster.fabric.kind)(cluster, ranks, LinkTable(links_));
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
  const std::string tier = link.tier >= 0 ? tier_names_[std::size_t(link.tier)] : std::string();
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
  }
  return "?";
}

std::string Topology::link_name(LinkId id) const {
  return fmt::format("{} {}", link_group(id), links_[id].owner);
}

} // namespace weft::platforms
