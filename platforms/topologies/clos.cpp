// A k-tier fat tree: a message climbs to the lowest block that holds both ends; above the last tier everything meets.
// With planes bound to NICs the tree stands once a plane (DeepSeek-V3: 8 planes of two layers, arXiv 2505.09343).
#include "platforms/topologies/switch_tree.hpp"

namespace weft::platforms {

std::unique_ptr<ScaleOut> make_clos(const Cluster& cluster, const Layout& layout, const ScaleUps& inside,
                                    LinkTable links) {
  const std::int64_t planes = separate_planes(cluster);
  const std::vector<std::int64_t> rails(cluster.fabric.tiers.size(), planes);
  return std::make_unique<SwitchTree>(cluster, layout, rails, planes, inside, links);
}

} // namespace weft::platforms
