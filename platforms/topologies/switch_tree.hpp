#pragma once
// What the switched fabrics share: NICs below tiers of switches, each block's switches cut into rails. A kind says
// how many rails a tier has.

#include "platforms/topologies/topologies.hpp"

#include <set>
#include <vector>

namespace weft::platforms {

/// NICs of all nodes that hold ranks, and which one a rank uses: its position in the node, scaled.
struct NicTable {
  NicTable(const Cluster& cluster, std::int64_t ranks, LinkTable& links);
  [[nodiscard]] std::int64_t nic(std::int64_t rank) const {
    return rank / ranks_per_node * per_node + rank % ranks_per_node * per_node / ranks_per_node;
  }
  std::int64_t ranks_per_node = 1, per_node = 1;
  LinkId tx = 0, rx = 0;
};

/// A message climbs to the lowest switches that both ends reach; a block's uplinks of one rail are one link of their
/// summed capacity, or with hashed routing as many links as there are, of which a flow takes one; above the last tier
/// all of a plane meets. Between planes there is no cable: such a message first goes to the rank of the sender's node
/// that stands on the receiver's NIC position, or, when the job does not fill that node, leaves on the sender's plane
/// and crosses inside the receiver's node (arXiv 2307.12169, section 4: forwarding in the scale-up domain).
class SwitchTree : public ScaleOut {
public:
  /// `rails` by tier: a multiple of `planes` that divides the NICs of a node. NICs of neighbouring positions share a
  /// rail where there are fewer rails than NICs.
  SwitchTree(const Cluster& cluster, std::int64_t ranks, const std::vector<std::int64_t>& rails, std::int64_t planes,
             const ScaleUp& inside, LinkTable links);
  void append_path(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const override;
  void append_up(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const override;
  void append_down(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const override;
  [[nodiscard]] bool hashed() const override { return hashed_; }
  void avoid(LinkId link) override { removed_.insert(link); }

private:
  struct Tier {
    LinkId up = 0, down = 0;
    std::int64_t ranks = 1; ///< below one block
    std::int64_t rails = 1; ///< of one block
    std::int64_t paths = 1; ///< links in parallel, each way, of a block and rail
  };
  void append_fabric(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const;
  /// The one of a leaf's links that a flow takes; each tier and direction hashes on its own.
  [[nodiscard]] LinkId choose(LinkId first, const Tier& tier, std::int64_t leaf, std::int64_t from, std::int64_t to,
                              const FlowKey& key) const;
  /// A node's NICs dealt evenly to `parts`, neighbours together.
  [[nodiscard]] std::int64_t part(std::int64_t rank, std::int64_t parts) const {
    return nics_.nic(rank) % nics_.per_node * parts / nics_.per_node;
  }
  [[nodiscard]] std::int64_t leaf(std::size_t tier, std::int64_t rank) const {
    return rank / tiers_[tier].ranks * tiers_[tier].rails + part(rank, tiers_[tier].rails);
  }
  NicTable nics_;
  std::vector<Tier> tiers_;
  std::set<LinkId> removed_;
  bool hashed_ = false;
  std::int64_t ranks_, planes_;
  const ScaleUp& inside_;
};

/// Links in parallel from one block and rail of a tier to the one above, each way, under the cluster's routing: 1
/// unless hashed. Where the tier does not say, the links have the rate of a card's port.
std::int64_t parallel_links(const Cluster& cluster, const FabricTier& tier, BytesPerSecond together);

/// Planes between which no cable runs: fabric.planes when they are bound to NICs, else 1 (with a port in each plane
/// and balanced routing, n planes of 1/n the rate are one fabric).
std::int64_t separate_planes(const Cluster& cluster);

} // namespace weft::platforms
