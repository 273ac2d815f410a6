#include "platforms/topologies/switch_tree.hpp"

#include <algorithm>

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
    const BytesPerSecond capacity(per_nic * double(nodes) * double(nics_.per_node) / double(rails[i]));
    const bool binding = per_nic < feeding;
    const std::int64_t ranks_below = tier.accelerators * cluster.accelerator.ranks_per_accelerator;
    const std::int64_t count = blocks(ranks, ranks_below) * rails[i];
    const LinkId up = links.add(LinkKind::tier_up, count, {rails[i], ranks_below}, capacity, binding, std::int32_t(i));
    tiers_.push_back(
        {up, links.add(LinkKind::tier_down, count, {rails[i], ranks_below}, capacity, binding, std::int32_t(i)),
         ranks_below, rails[i]});
    feeding = std::min(feeding, per_nic);
  }
}

void SwitchTree::append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const {
  if (part(from, planes_) == part(to, planes_)) return append_fabric(from, to, out);
  const std::int64_t n = nics_.ranks_per_node;
  const std::int64_t peer = from / n * n + to % n; // in the sender's node, where the receiver stands in its own
  if (peer < ranks_) {
    inside_.append_path(from, peer, out);
    append_fabric(peer, to, out);
  } else {
    const std::int64_t landing = to / n * n + from % n;
    append_fabric(from, landing, out);
    inside_.append_path(landing, to, out);
  }
}

void SwitchTree::append_up(std::int64_t rank, std::vector<LinkId>& out) const {
  inside_.append_to_nic(rank, out);
  out.push_back(nics_.tx + LinkId(nics_.nic(rank)));
  for (std::size_t i = 0; i < tiers_.size(); ++i)
    out.push_back(tiers_[i].up + LinkId(leaf(i, rank)));
}

void SwitchTree::append_down(std::int64_t rank, std::vector<LinkId>& out) const {
  for (std::size_t i = tiers_.size(); i-- > 0;)
    out.push_back(tiers_[i].down + LinkId(leaf(i, rank)));
  out.push_back(nics_.rx + LinkId(nics_.nic(rank)));
  inside_.append_from_nic(rank, out);
}

void SwitchTree::append_fabric(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const {
  inside_.append_to_nic(from, out);
  out.push_back(nics_.tx + LinkId(nics_.nic(from)));
  std::size_t top = 0;
  while (top < tiers_.size() && leaf(top, from) != leaf(top, to)) {
    out.push_back(tiers_[top].up + LinkId(leaf(top, from)));
    ++top;
  }
  while (top-- > 0)
    out.push_back(tiers_[top].down + LinkId(leaf(top, to)));
  out.push_back(nics_.rx + LinkId(nics_.nic(to)));
  inside_.append_from_nic(to, out);
}

std::int64_t separate_planes(const Cluster& cluster) {
  return cluster.fabric.plane_of == PlaneOf::nic ? cluster.fabric.planes : 1;
}

} // namespace weft::platforms
