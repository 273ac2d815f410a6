#include "platforms/topology.hpp"

#include "platforms/sites.hpp"
#include "platforms/topologies/topologies.hpp"

#include <algorithm>
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

std::string group_name(const LinkGroup& group, const std::vector<FabricTier>& tiers) {
  switch (group.kind) {
  case LinkKind::scale_up_tx: return "scale-up port tx";
  case LinkKind::scale_up_rx: return "scale-up port rx";
  case LinkKind::mesh: return "mesh link";
  case LinkKind::node_up: return "node uplink";
  case LinkKind::node_down: return "node downlink";
  case LinkKind::nic_tx: return "NIC tx";
  case LinkKind::nic_rx: return "NIC rx";
  case LinkKind::tier_up: return tiers[std::size_t(group.tier)].name + " uplink";
  case LinkKind::tier_down: return tiers[std::size_t(group.tier)].name + " downlink";
  case LinkKind::torus: return fmt::format("torus link {}{}", "xyz"[group.tier / 2], "+-"[group.tier % 2]);
  case LinkKind::bridge: return "bridge";
  case LinkKind::pcie_up: return "PCIe switch uplink";
  case LinkKind::pcie_down: return "PCIe switch downlink";
  case LinkKind::host: return "host";
  case LinkKind::wan: return "site link";
  }
  return "?";
}

} // namespace

Topology::Topology(const Cluster& cluster, std::int64_t ranks) : layout_(std::make_unique<Layout>(cluster, ranks)) {
  LinkTable links(groups_, degraded_);
  for (std::size_t i = 0; i < layout_->parts().size(); ++i) {
    links.set_part(std::int32_t(i));
    const Cluster part = cluster.part(i);
    scale_up_.push_back(find(scale_up_kinds, part.node.scale_up)(part, layout_->parts()[i].places, links));
  }
  links.set_part(0);
  scale_out_ = find(scale_out_kinds, cluster.fabric.kind)(cluster, *layout_, scale_up_, links);
  join_sites(cluster);
  for (LinkGroup& g : groups_)
    g.name = group_name(g, cluster.fabric.tiers);
  hashed_ = scale_out_->hashed();
  if (hashed_) queue_pairs_ = cluster.fabric.queue_pairs;
  degrade(cluster);
}
Topology::~Topology() = default;
Topology::Topology(Topology&&) noexcept = default;
Topology& Topology::operator=(Topology&&) noexcept = default;

Reach Topology::reach(std::int64_t from, std::int64_t to) const {
  if (from == to) return Reach::self;
  if (domain_of(from) == domain_of(to)) return Reach::domain;
  return site_of(from) == site_of(to) ? Reach::fabric : Reach::wan;
}

void Topology::append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out, const FlowKey& key) const {
  const std::int64_t a = layout_->place(from), b = layout_->place(to);
  switch (reach(from, to)) {
  case Reach::self: return;
  case Reach::domain: {
    const std::size_t part = layout_->part_of(a);
    const std::int64_t first = layout_->parts()[part].first;
    scale_up_[part]->append_path(a - first, b - first, out);
    return;
  }
  case Reach::fabric: scale_out_->append_path(a, b, key, out); return;
  case Reach::wan:
    scale_out_->append_up(a, b, key, out);
    out.push_back(wan_ + LinkId(site_of(from) * sites_ + site_of(to)));
    scale_out_->append_down(a, b, key, out);
    return;
  }
}

std::int64_t Topology::link_count() const {
  return groups_.empty() ? 0 : std::int64_t(groups_.back().first) + groups_.back().count;
}

std::string Topology::title(const LinkGroup& group) const {
  const auto named =
      std::count_if(groups_.begin(), groups_.end(), [&](const LinkGroup& g) { return g.name == group.name; });
  return named > 1 ? fmt::format("{} of part {}", group.name, group.part) : group.name;
}

std::size_t Topology::group_of(LinkId id) const {
  const auto after = std::upper_bound(groups_.begin(), groups_.end(), id,
                                      [](LinkId link, const LinkGroup& g) { return link < g.first; });
  return std::size_t(after - groups_.begin()) - 1;
}

Link Topology::link(LinkId id) const {
  const LinkGroup& g = groups_[group_of(id)];
  Link out{g.kind, g.tier, std::int64_t(id - g.first), g.part, g.capacity, g.binding};
  if (degraded_.empty()) return out;
  if (const auto d = degraded_.find(id); d != degraded_.end()) {
    out.capacity = out.capacity * d->second;
    out.binding = true;
  }
  return out;
}

std::string Topology::link_name(LinkId id) const {
  const LinkGroup& g = groups_[group_of(id)];
  return fmt::format("{} {}", g.name, g.number + (id - g.first));
}

void Topology::order_ring(std::vector<std::int32_t>& members) const {
  const std::size_t part = part_of(members.front());
  if (layout_->uniform()) {
    scale_up_[part]->order_ring(members);
    return;
  }
  const std::int64_t first = layout_->parts()[part].first;
  for (std::int32_t& m : members)
    m = std::int32_t(layout_->place(m) - first);
  scale_up_[part]->order_ring(members);
  for (std::int32_t& m : members)
    m = std::int32_t(layout_->rank_at(m + first));
}

/// A row for every ordered pair of sites, the unused diagonal included.
void Topology::join_sites(const Cluster& cluster) {
  if (cluster.sites.accelerators == 0) return;
  per_site_ = cluster.sites.accelerators;
  sites_ = layout_->accelerator_of(layout_->places() - 1) / per_site_ + 1;
  if (sites_ == 1) return;
  const BytesPerSecond first = site_bandwidth(cluster, 0, 1);
  const std::int64_t ranks = per_site_ * cluster.accelerator.ranks_per_accelerator;
  wan_ = LinkTable(groups_, degraded_).add(LinkKind::wan, sites_ * sites_, {sites_, ranks}, first, true, -1, sites_);
  for (std::int64_t a = 0; a < sites_; ++a)
    for (std::int64_t b = 0; b < sites_; ++b) {
      site_delay_.push_back(a == b ? Seconds(0) : platforms::site_delay(cluster, a, b));
      if (a == b) continue;
      const double share = site_bandwidth(cluster, a, b).count() / first.count();
      if (share != 1) degraded_[wan_ + LinkId(a * sites_ + b)] = share;
    }
}

/// Names were checked when the cluster was read (check_degraded); others are passed over.
void Topology::degrade(const Cluster& cluster) {
  if (cluster.degraded.empty()) return;
  for (const DegradedLink& d : cluster.degraded) {
    const auto id = find_link(groups_, d.link);
    if (!id) continue;
    const auto [link, fresh] = degraded_.try_emplace(*id, d.share);
    if (!fresh) link->second *= d.share;
    if (d.share != 0) continue;
    for (const auto& part : scale_up_)
      part->avoid(*id);
    scale_out_->avoid(*id);
  }
}

std::optional<LinkId> find_link(const std::vector<LinkGroup>& groups, const std::string& name) {
  const std::size_t space = name.rfind(' ');
  if (space == std::string::npos) return std::nullopt;
  const char *first = name.data() + space + 1, *last = name.data() + name.size();
  std::int64_t owner = -1;
  const auto [end, error] = std::from_chars(first, last, owner);
  if (error != std::errc{} || end != last || std::to_string(owner).size() != std::size_t(last - first))
    return std::nullopt;
  for (const LinkGroup& g : groups)
    if (owner >= g.number && owner < g.number + g.count && name.compare(0, space, g.name) == 0)
      return LinkId(g.first + owner - g.number);
  return std::nullopt;
}

} // namespace weft::platforms
