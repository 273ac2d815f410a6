// Rail-optimised fat tree: in a block, NIC i of every node meets on leaf switch i. Same rail and block: one leaf.
// Anything else climbs; above the leaves the tiers are a Clos.
#include "platforms/topologies/topologies.hpp"

#include <algorithm>

namespace weft::platforms {
namespace {

class RailOptimised : public ScaleOut {
public:
  struct Tier {
    LinkId up = 0, down = 0;
    std::int64_t ranks = 1;
    std::int64_t rails = 1; ///< leaves of one block at this tier
  };
  RailOptimised(NicTable nics, std::vector<Tier> tiers) : nics_(nics), tiers_(std::move(tiers)) {}
  void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const override {
    out.push_back(nics_.tx + LinkId(nics_.nic(from)));
    std::size_t top = 0;
    while (top < tiers_.size() && leaf(top, from) != leaf(top, to)) {
      out.push_back(tiers_[top].up + LinkId(leaf(top, from)));
      ++top;
    }
    while (top-- > 0)
      out.push_back(tiers_[top].down + LinkId(leaf(top, to)));
    out.push_back(nics_.rx + LinkId(nics_.nic(to)));
  }

private:
  [[nodiscard]] std::int64_t leaf(std::size_t tier, std::int64_t rank) const {
    const Tier& t = tiers_[tier];
    return rank / t.ranks * t.rails + nics_.nic(rank) % nics_.per_node * t.rails / nics_.per_node;
  }
  NicTable nics_;
  std::vector<Tier> tiers_;
};

} // namespace

std::unique_ptr<ScaleOut> make_rail_optimised(const Cluster& cluster, std::int64_t ranks, LinkTable links) {
  const NicTable nics(cluster, ranks, links);
  const double nic = cluster.node.nics.bandwidth.value.count();
  std::vector<RailOptimised::Tier> tiers;
  double feeding = nic;
  for (std::size_t i = 0; i < cluster.fabric.tiers.size(); ++i) {
    const FabricTier& tier = cluster.fabric.tiers[i];
    const double per_nic = nic / tier.oversubscription.value;
    const std::int64_t rails = i == 0 ? cluster.node.nics.per_node : 1;
    const std::int64_t nodes = tier.accelerators / cluster.node.accelerators; // exact: checked when read
    const double nics_below = double(nodes) * double(cluster.node.nics.per_node) / double(rails);
    const BytesPerSecond capacity(per_nic * nics_below);
    const bool binding = per_nic < feeding;
    const std::int64_t ranks_below = tier.accelerators * cluster.accelerator.ranks_per_accelerator;
    const std::int64_t count = blocks(ranks, ranks_below) * rails;
    const LinkId up = links.add(LinkKind::tier_up, count, capacity, binding, std::int32_t(i));
    tiers.push_back(
        {up, links.add(LinkKind::tier_down, count, capacity, binding, std::int32_t(i)), ranks_below, rails});
    feeding = std::min(feeding, per_nic);
  }
  return std::make_unique<RailOptimised>(nics, std::move(tiers));
}

} // namespace weft::platforms
