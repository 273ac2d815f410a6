#include "platforms/topologies/switch_tree.hpp"

#include "platforms/base/draw.hpp"

#include <algorithm>
#include <cmath>

namespace weft::platforms {

NicTable::NicTable(const Cluster& cluster, const Layout::Part& part, LinkTable& links)
    : first(part.first), places_per_node(cluster.ranks_per_node()), per_node(cluster.node.nics.per_node) {
  const std::int64_t nics = blocks(part.places, places_per_node) * per_node;
  tx = links.add(LinkKind::nic_tx, nics, {per_node, places_per_node}, cluster.node.nics.bandwidth.value, true);
  rx = links.add(LinkKind::nic_rx, nics, {per_node, places_per_node}, cluster.node.nics.bandwidth.value, true);
}

namespace {

/// Bytes/s that all cards of each block of `size` accelerators send together; a part reaches up to the next one, the
/// last one to the end of its block.
std::vector<double> cards_of_blocks(const Cluster& cluster, const Layout& layout, std::int64_t size) {
  const auto& parts = layout.parts();
  std::vector<double> out(std::size_t(layout.accelerator_of(layout.places() - 1) / size + 1), 0);
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const Cluster part = cluster.part(p);
    const double of_one =
        part.node.nics.bandwidth.value.count() * double(part.node.nics.per_node) / double(part.node.accelerators);
    const std::int64_t begin = parts[p].first_accelerator,
                       end = p + 1 < parts.size() ? parts[p + 1].first_accelerator : std::int64_t(out.size()) * size;
    for (std::int64_t block = begin / size; block * size < end; ++block)
      out[std::size_t(block)] += of_one * double(std::min(end, (block + 1) * size) - std::max(begin, block * size));
  }
  return out;
}

} // namespace

SwitchTree::SwitchTree(const Cluster& cluster, const Layout& layout, const std::vector<std::int64_t>& rails,
                       std::int64_t planes, const ScaleUps& inside, LinkTable links)
    : layout_(layout), planes_(planes), inside_(inside) {
  const bool mixed = layout.parts().size() > 1;
  for (std::size_t i = 0; i < layout.parts().size(); ++i) {
    links.set_part(std::int32_t(i));
    nics_.emplace_back(cluster.part(i), layout.parts()[i], links);
  }
  links.set_part(0);
  const double nic = cluster.node.nics.bandwidth.value.count();
  double feeding = nic; // most that one NIC can send up to this tier
  for (std::size_t i = 0; i < cluster.fabric.tiers.size(); ++i) {
    const FabricTier& tier = cluster.fabric.tiers[i];
    const double per_nic = nic / tier.oversubscription.value;
    const std::int64_t nodes = tier.accelerators / cluster.node.accelerators; // exact: checked when read
    // A part-filled last block keeps the uplinks of a full one.
    const double nics = double(nodes) * double(nics_.front().per_node) / double(rails[i]);
    const std::vector<double> of_blocks =
        mixed ? cards_of_blocks(cluster, layout, tier.accelerators) : std::vector<double>{};
    auto uplinks = [&](std::size_t block) { return of_blocks[block] / tier.oversubscription.value / double(rails[i]); };
    const BytesPerSecond together(mixed ? uplinks(0) : per_nic * nics);
    const std::int64_t paths = parallel_links(cluster, tier, together);
    const BytesPerSecond capacity = together / double(paths);
    // Many flows may choose the same one of several links.
    const bool binding = mixed || (paths > 1 ? capacity.count() < feeding * nics : per_nic < feeding);
    const std::int64_t count = layout.accelerator_of(layout.places() - 1) / tier.accelerators + 1;
    const std::int64_t places = tier.accelerators * cluster.accelerator.ranks_per_accelerator;
    const LinkTable::Block block{rails[i] * paths, places};
    const std::int64_t all = count * rails[i] * paths;
    const LinkId up = links.add(LinkKind::tier_up, all, block, capacity, binding, std::int32_t(i));
    const LinkId down = links.add(LinkKind::tier_down, all, block, capacity, binding, std::int32_t(i));
    for (std::size_t b = 1; b < of_blocks.size(); ++b)
      for (std::int64_t link = 0; uplinks(b) != uplinks(0) && link < block.links; ++link) {
        links.set_share(up + LinkId(std::int64_t(b) * block.links + link), uplinks(b) / uplinks(0));
        links.set_share(down + LinkId(std::int64_t(b) * block.links + link), uplinks(b) / uplinks(0));
      }
    tiers_.push_back({up, down, tier.accelerators, places, rails[i], paths});
    hashed_ = hashed_ || (paths > 1 && (count > 1 || rails[i] > planes)); // else nothing climbs past it
    feeding = std::min(feeding, per_nic);
  }
}

void SwitchTree::append_path(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const {
  if (part(from, planes_) == part(to, planes_)) return append_fabric(from, to, key, out);
  // Parts are alike where planes are separate (checked when read), so positions in nodes can be compared.
  const std::int64_t peer = on_plane(from, to, part(to, planes_));
  if (peer >= 0) {
    append_inside(from, peer, out);
    append_fabric(peer, to, key, out);
    return;
  }
  const std::int64_t landing = on_plane(to, from, part(from, planes_)); // there is one: checked when read
  append_fabric(from, landing, key, out);
  append_inside(landing, to, out);
}

std::int64_t SwitchTree::on_plane(std::int64_t place, std::int64_t other, std::int64_t plane) const {
  const NicTable& here = nics(place);
  const std::int64_t start = here.node_start(place), best = start + other - nics(other).node_start(other);
  if (layout_.rank_at(best) >= 0) return best;
  if (layout_.uniform()) return -1; // the last node: the job ends in it, and the other one is full
  for (std::int64_t p = start; p < start + here.places_per_node; ++p)
    if (part(p, planes_) == plane && layout_.rank_at(p) >= 0) return p;
  return -1;
}

void SwitchTree::append_inside(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const {
  const std::size_t part = layout_.part_of(from);
  if (from != to) inside_[part]->append_path(from - nics_[part].first, to - nics_[part].first, out);
}

void SwitchTree::leave(std::int64_t from, std::vector<LinkId>& out) const {
  const std::size_t part = layout_.part_of(from);
  inside_[part]->append_to_nic(from - nics_[part].first, out);
  out.push_back(nics_[part].tx + LinkId(nics_[part].nic(from)));
}

void SwitchTree::arrive(std::int64_t to, std::vector<LinkId>& out) const {
  const std::size_t part = layout_.part_of(to);
  out.push_back(nics_[part].rx + LinkId(nics_[part].nic(to)));
  inside_[part]->append_from_nic(to - nics_[part].first, out);
}

void SwitchTree::append_up(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const {
  leave(from, out);
  for (std::size_t i = 0; i < tiers_.size(); ++i)
    out.push_back(choose(tiers_[i].up, tiers_[i], leaf(i, from), from, to, key));
}

void SwitchTree::append_down(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const {
  for (std::size_t i = tiers_.size(); i-- > 0;)
    out.push_back(choose(tiers_[i].down, tiers_[i], leaf(i, to), from, to, key));
  arrive(to, out);
}

void SwitchTree::append_fabric(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const {
  leave(from, out);
  std::size_t top = 0;
  while (top < tiers_.size() && leaf(top, from) != leaf(top, to)) {
    out.push_back(choose(tiers_[top].up, tiers_[top], leaf(top, from), from, to, key));
    ++top;
  }
  while (top-- > 0)
    out.push_back(choose(tiers_[top].down, tiers_[top], leaf(top, to), from, to, key));
  arrive(to, out);
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
