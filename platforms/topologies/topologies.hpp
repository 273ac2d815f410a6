#pragma once
// The kinds of fabric, one file each. A new kind: its .cpp here, a row in the table of topology.cpp.

#include "platforms/topology.hpp"

#include <memory>
#include <vector>

namespace weft::platforms {

/// Adds links to the topology under construction and remembers where they start.
class LinkTable {
public:
  /// Whose links they are: `links` of them for every `ranks` ranks in order.
  struct Block {
    std::int64_t links = 1, ranks = 1;
  };
  explicit LinkTable(std::vector<LinkGroup>& groups) : groups_(groups) {}
  /// `count` links of one kind, owners 0 .. count-1; returns the first id.
  LinkId add(LinkKind kind, std::int64_t count, Block block, BytesPerSecond capacity, bool binding,
             std::int32_t tier = -1, std::int64_t unused = 0) {
    const LinkId first = groups_.empty() ? 0 : groups_.back().first + LinkId(groups_.back().count);
    groups_.push_back({{}, kind, tier, first, count, block.links, block.ranks, capacity, binding, unused});
    return first;
  }

private:
  std::vector<LinkGroup>& groups_;
};

constexpr std::int64_t blocks(std::int64_t things, std::int64_t per_block) {
  return (things + per_block - 1) / per_block;
}

using MakeScaleUp = std::unique_ptr<ScaleUp> (*)(const Cluster&, std::int64_t ranks, LinkTable);
std::unique_ptr<ScaleUp> make_switched(const Cluster& cluster, std::int64_t ranks, LinkTable links);
std::unique_ptr<ScaleUp> make_full_mesh(const Cluster& cluster, std::int64_t ranks, LinkTable links);
std::unique_ptr<ScaleUp> make_two_tier(const Cluster& cluster, std::int64_t ranks, LinkTable links);
std::unique_ptr<ScaleUp> make_torus(const Cluster& cluster, std::int64_t ranks, LinkTable links);
std::unique_ptr<ScaleUp> make_pcie(const Cluster& cluster, std::int64_t ranks, LinkTable links);

/// The scale-up fabric outlives the scale-out one: messages may cross it on their way to a NIC.
using MakeScaleOut = std::unique_ptr<ScaleOut> (*)(const Cluster&, std::int64_t ranks, const ScaleUp&, LinkTable);
std::unique_ptr<ScaleOut> make_clos(const Cluster& cluster, std::int64_t ranks, const ScaleUp& inside, LinkTable links);
std::unique_ptr<ScaleOut> make_rail_optimised(const Cluster& cluster, std::int64_t ranks, const ScaleUp& inside,
                                              LinkTable links);
std::unique_ptr<ScaleOut> make_rail_only(const Cluster& cluster, std::int64_t ranks, const ScaleUp& inside,
                                         LinkTable links);

} // namespace weft::platforms
