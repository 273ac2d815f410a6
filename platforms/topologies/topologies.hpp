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
  LinkTable(std::vector<LinkGroup>& groups, std::map<LinkId, double>& shares, std::int32_t part = 0)
      : groups_(groups), shares_(shares), part_(part) {}
  /// `count` links of one kind, owners 0 .. count-1; returns the first id.
  LinkId add(LinkKind kind, std::int64_t count, Block block, BytesPerSecond capacity, bool binding,
             std::int32_t tier = -1, std::int64_t unused = 0) {
    const LinkId first = groups_.empty() ? 0 : groups_.back().first + LinkId(groups_.back().count);
    std::int64_t number = 0; // parts count on
    for (const LinkGroup& g : groups_)
      if (g.kind == kind && g.tier == tier) number = g.number + g.count;
    groups_.push_back(
        {{}, kind, tier, first, count, block.links, block.ranks, capacity, binding, unused, part_, number});
    return first;
  }
  /// A link of another capacity than its group's.
  void set_share(LinkId link, double share) { shares_[link] = share; }
  void set_part(std::int32_t part) { part_ = part; }

private:
  std::vector<LinkGroup>& groups_;
  std::map<LinkId, double>& shares_;
  std::int32_t part_ = 0;
};

constexpr std::int64_t blocks(std::int64_t things, std::int64_t per_block) {
  return (things + per_block - 1) / per_block;
}

/// `cluster` has one kind of node, `ranks` are its places.
using MakeScaleUp = std::unique_ptr<ScaleUp> (*)(const Cluster&, std::int64_t ranks, LinkTable);
std::unique_ptr<ScaleUp> make_switched(const Cluster& cluster, std::int64_t ranks, LinkTable links);
std::unique_ptr<ScaleUp> make_full_mesh(const Cluster& cluster, std::int64_t ranks, LinkTable links);
std::unique_ptr<ScaleUp> make_two_tier(const Cluster& cluster, std::int64_t ranks, LinkTable links);
std::unique_ptr<ScaleUp> make_torus(const Cluster& cluster, std::int64_t ranks, LinkTable links);
std::unique_ptr<ScaleUp> make_pcie(const Cluster& cluster, std::int64_t ranks, LinkTable links);

/// Scale-up fabrics of all parts; they outlive the scale-out one, as messages may cross them on their way to a NIC.
using ScaleUps = std::vector<std::unique_ptr<ScaleUp>>;
using MakeScaleOut = std::unique_ptr<ScaleOut> (*)(const Cluster&, const Layout&, const ScaleUps&, LinkTable);
std::unique_ptr<ScaleOut> make_clos(const Cluster& cluster, const Layout& layout, const ScaleUps& inside,
                                    LinkTable links);
std::unique_ptr<ScaleOut> make_rail_optimised(const Cluster& cluster, const Layout& layout, const ScaleUps& inside,
                                              LinkTable links);
std::unique_ptr<ScaleOut> make_rail_only(const Cluster& cluster, const Layout& layout, const ScaleUps& inside,
                                         LinkTable links);

} // namespace weft::platforms
