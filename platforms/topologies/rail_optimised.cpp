// Rail-optimised fat tree: in a block, NIC i of every node meets on leaf switch i. Same rail and block: one leaf.
// Anything else climbs; above the leaves the tiers are a Clos, one for each plane that is bound to NICs.
#include "platforms/topologies/switch_tree.hpp"

namespace weft::platforms {

std::unique_ptr<ScaleOut> make_rail_optimised(const Cluster& cluster, const Layout& layout, const ScaleUps& inside,
                                              LinkTable links) {
  const std::int64_t planes = separate_planes(cluster);
  std::vector<std::int64_t> rails(cluster.fabric.tiers.size(), planes);
  if (!rails.empty()) rails[0] = cluster.node.nics.per_node;
  return std::make_unique<SwitchTree>(cluster, layout, rails, planes, inside, links);
}

} // namespace weft::platforms
