#pragma once
// What the switched fabrics share: NICs below tiers of switches, each block's switches cut into rails. A kind says
// how many rails a tier has.

#include "platforms/topologies/topologies.hpp"

#include <set>
#include <vector>

namespace weft::platforms {

/// NICs of a part's nodes, and which one a place uses: its position in the node, scaled.
struct NicTable {
  /// `cluster` has one kind of node.
  NicTable(const Cluster& cluster, const Layout::Part& part, LinkTable& links);
  [[nodiscard]] std::int64_t nic(std::int64_t place) const {
    const std::int64_t i = place - first;
    return i / places_per_node * per_node + i % places_per_node * per_node / places_per_node;
  }
  /// The first place of a place's node.
  [[nodiscard]] std::int64_t node_start(std::int64_t place) const { return place - (place - first) % places_per_node; }
  std::int64_t first = 0, places_per_node = 1, per_node = 1;
  LinkId tx = 0, rx = 0;
};

/// A message climbs to the lowest switches that both ends reach; a block's uplinks of one rail are one link of their
/// summed capacity, or with hashed routing as many links as there are, of which a flow takes one; above the last tier
/// all of a plane meets. Between planes there is no cable: such a message first goes to the rank of the sender's node
/// that stands on the receiver's NIC position, or, when nobody stands there, leaves on the sender's plane and crosses
/// inside the receiver's node (arXiv 2307.12169, section 4: forwarding in the scale-up domain).
class SwitchTree : public ScaleOut {
public:
  /// `rails` by tier: a multiple of `planes` that divides the NICs of a node. NICs of neighbouring positions share a
  /// rail where there are fewer rails than NICs.
  SwitchTree(const Cluster& cluster, const Layout& layout, const std::vector<std::int64_t>& rails, std::int64_t planes,
             const ScaleUps& inside, LinkTable links);
  void append_path(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const override;
  void append_up(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const override;
  void append_down(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const override;
  [[nodiscard]] bool hashed() const override { return hashed_; }
  void avoid(LinkId link) override { removed_.insert(link); }

private:
  struct Tier {
    LinkId up = 0, down = 0;
    std::int64_t accelerators = 1, places = 1; ///< below one block; places: of a cluster of one kind of node
    std::int64_t rails = 1;                    ///< of one block
    std::int64_t paths = 1;                    ///< links in parallel, each way, of a block and rail
  };
  void append_fabric(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const;
  /// The one of a leaf's links that a flow takes; each tier and direction hashes on its own.
  [[nodiscard]] LinkId choose(LinkId first, const Tier& tier, std::int64_t leaf, std::int64_t from, std::int64_t to,
                              const FlowKey& key) const;
  [[nodiscard]] const NicTable& nics(std::int64_t place) const { return nics_[layout_.part_of(place)]; }
  /// A node's NICs dealt evenly to `parts`, neighbours together.
  [[nodiscard]] std::int64_t part(std::int64_t place, std::int64_t parts) const {
    const NicTable& n = nics(place);
    return n.nic(place) % n.per_node * parts / n.per_node;
  }
  [[nodiscard]] std::int64_t leaf(std::size_t tier, std::int64_t place) const {
    const Tier& t = tiers_[tier];
    const std::int64_t block = nics_.size() == 1 ? place / t.places : layout_.accelerator_of(place) / t.accelerators;
    return block * t.rails + part(place, t.rails);
  }
  void leave(std::int64_t from, std::vector<LinkId>& out) const;
  void arrive(std::int64_t to, std::vector<LinkId>& out) const;
  void append_inside(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const;
  /// Somebody in the node of `place` who stands on that plane, best where `other` stands in its own; -1: nobody.
  [[nodiscard]] std::int64_t on_plane(std::int64_t place, std::int64_t other, std::int64_t plane) const;

  const Layout& layout_;
  std::vector<NicTable> nics_; ///< by part
  std::vector<Tier> tiers_;
  std::set<LinkId> removed_;
  bool hashed_ = false;
  std::int64_t planes_;
  const ScaleUps& inside_;
};

/// Links in parallel from one block and rail of a tier to the one above, each way, under the cluster's routing: 1
/// unless hashed. Where the tier does not say, the links have the rate of a card's port.
std::int64_t parallel_links(const Cluster& cluster, const FabricTier& tier, BytesPerSecond together);

/// Planes between which no cable runs: fabric.planes when they are bound to NICs, else 1 (with a port in each plane
/// and balanced routing, n planes of 1/n the rate are one fabric).
std::int64_t separate_planes(const Cluster& cluster);

} // namespace weft::platforms
