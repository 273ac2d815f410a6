// A k-tier fat tree: a message climbs to the lowest block that holds both ends. Every block's uplinks are one
// link of their summed capacity (balanced routing); above the last tier everything meets.
#include "platforms/topologies/topologies.hpp"

#include <algorithm>

namespace weft::platforms {

NicTable::NicTable(const Cluster& cluster, std::int64_t ranks, LinkTable& links)
    : ranks_per_node(cluster.ranks_per_node()), per_node(cluster.node.nics.per_node) {
  const std::int64_t nics = blocks(ranks, ranks_per_node) * per_node;
  tx = links.add(LinkKind::nic_tx, nics, cluster.node.nics.bandwidth.value, true);
  rx = links.add(LinkKind::nic_rx, nics, cluster.node.nics.bandwidth.value, true);
}

namespace {

class Clos : public ScaleOut {
public:
  struct Tier {
    LinkId up = 0, down = 0;
    std::int64_t ranks = 1; ///< below one block
  };
  Clos(NicTable nics, std::vector<Tier> tiers) : nics_(nics), tiers_(std::move(tiers)) {}
  void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const override {
    out.push_back(nics_.tx + LinkId(nics_.nic(from)));
    std::size_t top = 0;
    while (top < tiers_.size() && from / tiers_[top].ranks != to / tiers_[top].ranks) {
      out.push_back(tiers_[top].up + LinkId(from / tiers_[top].ranks));
      ++top;
    }
    while (top-- > 0)
      out.push_back(tiers_[top].down + LinkId(to / tiers_[top].ranks));
    out.push_back(nics_.rx + LinkId(nics_.nic(to)));
  }

private:
  NicTable nics_;
  std::vector<Tier> tiers_;
};

} // namespace

std::unique_ptr<ScaleOut> make_clos(const Cluster& cluster, std::int64_t ranks, LinkTable links) {
  const NicTable nics(cluster, ranks, links);
  const double nic_rate_per_accelerator = cluster.node.nics.bandwidth.value.count() *
                                          double(cluster.node.nics.per_node) / double(cluster.node.accelerators);
  std::vector<Clos::Tier> tiers;
  double feeding = nic_rate_per_accelerator; // most that one accelerator can send up to this tier
  for (std::size_t i = 0; i < cluster.fabric.tiers.size(); ++i) {
    const FabricTier& tier = cluster.fabric.tiers[i];
    const double per_accelerator = nic_rate_per_accelerator / tier.oversubscription.value;
    // A part-filled last block keeps the uplinks of a full one.
    const BytesPerSecond capacity(per_accelerator * double(tier.accelerators));
    const bool binding = per_accelerator < feeding;
    const std::int64_t ranks_below = tier.accelerators * cluster.accelerator.ranks_per_accelerator;
    const std::int64_t count = blocks(ranks, ranks_below);
    const LinkId up = links.add(LinkKind::tier_up, count, capacity, binding, std::int32_t(i));
    tiers.push_back({up, links.add(LinkKind::tier_down, count, capacity, binding, std::int32_t(i)), ranks_below});
    feeding = std::min(feeding, per_accelerator);
  }
  return std::make_unique<Clos>(nics, std::move(tiers));
}

} // namespace weft::platforms
