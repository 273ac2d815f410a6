// Rail-only (arXiv 2307.12169): NICs of the same position meet in the switches of their rail, and nothing joins the
// rails. A message to another rail crosses the scale-up fabric first, by the port of the peer that stands on it.
#include "platforms/topologies/switch_tree.hpp"

namespace weft::platforms {

std::unique_ptr<ScaleOut> make_rail_only(const Cluster& cluster, const Layout& layout, const ScaleUps& inside,
                                         LinkTable links) {
  const std::int64_t rails = cluster.node.nics.per_node;
  const std::vector<std::int64_t> of_tier(cluster.fabric.tiers.size(), rails);
  return std::make_unique<SwitchTree>(cluster, layout, of_tier, rails, inside, links);
}

} // namespace weft::platforms
