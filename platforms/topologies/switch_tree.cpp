#include "platforms/topologies/switch_tree.hpp"

#include "platforms/base/draw.hpp"

#include <algorithm>
#include <cmath>

namespace weft::platforms {

NicTable::NicTable(const Cluster& cluster, std::int64_t ranks, LinkTable& links)
    : ranks_per_node(cluster.ranks_per_node()), per_node(cluster.node.nics.per_node) {
  const std::int64_t nics = blocks(ranks, ranks_per_node) * per_node;
  tx = links.add(LinkKind::nic_tx, nics, {per_node, ranks_per_node}, cluster.node.nics.bandwidth.value, true);
  rx = links.add(LinkKind::nic_rx, nics, {per_node, ranks_per_node}, cluster.node.nics.bandwidth.value, true);
}

SwitchTree::SwitchTree(const Cluster& cluster, std::int64_t ranks, const std::vector<std::int64_t>& rails,
                       std::int64_t planes, const ScaleUp& inside, LinkTable links)
    : nics_(cluster, ranks, links), ranks_(ranks), planes_(planes), inside_(inside) {
  const double nic = cluster.node.nics.bandwidth.value.count();
  double feeding = nic; // most that one NIC can send up to this tier
  for (std::size_t i = 0; i < cluster.fabric.tiers.size(); ++i) {
    const FabricTier& tier = cluster.fabric.tiers[i];
    const double per_nic = nic / tier.oversubscription.value;
    const std::int64_t nodes = tier.accelerators / cluster.node.accelerators; // exact: checked when read
    // A part-filled last block keeps the uplinks of a full one.
    const double nics = double(nodes) * double(nics_.per_node) / double(rails[i]);
    const BytesPerSecond together(per_nic * nics);
    const std::int64_t paths = parallel_links(cluster, tier, together);
    const BytesPerSecond capacity = together / double(paths);
    // Many flows may choose the same one of several links.
    const bool binding = paths > 1 ? capacity.count() < feeding * nics : per_nic < feeding;
    const std::int64_t ranks_below = tier.accelerators * cluster.accelerator.ranks_per_accelerator;
    const std::int64_t count = blocks(ranks, ranks_below) * rails[i] * paths;
    const LinkTable::Block block{rails[i] * paths, ranks_below};
    const LinkId up = links.add(LinkKind::tier_up, count, block, capacity, binding, std::int32_t(i));
    const LinkId down = links.add(LinkKind::tier_down, count, block, capacity, binding, std::int32_t(i));
    tiers_.push_back({up, down, ranks_below, rails[i], paths});
    hashed_ = hashed_ || (paths > 1 && (ranks > ranks_below || rails[i] > planes)); // else nothing climbs past it
    feeding = std::min(feeding, per_nic);
  }
}

void SwitchTree::append_path(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const {
  if (part(from, planes_) == part(to, planes_)) return append_fabric(from, to, key, out);
  const std::int64_t n = nics_.ranks_per_node;
  const std::int64_t peer = from / n * n + to % n; // in the sender's node, where the receiver stands in its own
  if (peer < ranks_) {
    inside_.append_path(from, peer, out);
    append_fabric(peer, to, key, out);
  } else {
    const std::int64_t landing = to / n * n + from % n;
    append_fabric(from, landing, key, out);
    inside_.append_path(landing, to, out);
  }
}

void SwitchTree::append_up(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const {
  inside_.append_to_nic(from, out);
  out.push_back(nics_.tx + LinkId(nics_.nic(from)));
  for (std::size_t i = 0; i < tiers_.size(); ++i)
    out.push_back(choose(tiers_[i].up, tiers_[i], leaf(i, from), from, to, key));
}

void SwitchTree::append_down(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const {
  for (std::size_t i = tiers_.size(); i-- > 0;)
    out.push_back(choose(tiers_[i].down, tiers_[i], leaf(i, to), from, to, key));
  out.push_back(nics_.rx + LinkId(nics_.nic(to)));
  inside_.append_from_nic(to, out);
}

void SwitchTree::append_fabric(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const {
  inside_.append_to_nic(from, out);
  out.push_back(nics_.tx + LinkId(nics_.nic(from)));
  std::size_t top = 0;
  while (top < tiers_.size() && leaf(top, from) != leaf(top, to)) {
    out.push_back(choose(tiers_[top].up, tiers_[top], leaf(top, from), from, to, key));
    ++top;
  }
  while (top-- > 0)
    out.push_back(choose(tiers_[top].down, tiers_[top], leaf(top, to), from, to, key));
  out.push_back(nics_.rx + LinkId(nics_.nic(to)));
  inside_.append_from_nic(to, out);
}

LinkId SwitchTree::choose(LinkId first, const Tier& tier, std::int64_t leaf, std::int64_t from, std::int64_t to,
                          const FlowKey& key) const {
  first += LinkId(leaf * tier.paths);
  if (tier.paths == 1) return first;
  const std::uint64_t hash =
      draw(DrawFor::route, {key.seed, key.stream, key.queue_pair, std::uint64_t(from), std::uint64_t(to), first});
  const auto all = std::uint64_t(tier.paths);
  const auto gone = removed_.lower_bound(first), end = removed_.lower_bound(first + LinkId(all));
  const auto left = all - std::uint64_t(std::distance(gone, end));
  if (left == 0) return first;
  auto link = LinkId(first + hash % left); // the link of that number among those that are left
  for (auto it = gone; it != end && *it <= link; ++it)
    ++link;
  return link;
}

std::int64_t parallel_links(const Cluster& cluster, const FabricTier& tier, BytesPerSecond together) {
  if (cluster.fabric.routing != Routing::hashed) return 1;
  if (tier.uplinks) return tier.uplinks->value;
  const double ports = cluster.fabric.plane_of == PlaneOf::port ? double(cluster.fabric.planes) : 1;
  const double port = cluster.node.nics.bandwidth.value.count() / ports;
  return std::max<std::int64_t>(1, std::llround(together.count() / port));
}

std::int64_t separate_planes(const Cluster& cluster) {
  return cluster.fabric.plane_of == PlaneOf::nic ? cluster.fabric.planes : 1;
}

} // namespace weft::platforms
