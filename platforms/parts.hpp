#pragma once
// Clusters that are not one kind of node, rank after rank: several kinds, part-filled domains, nodes left out.

#include "platforms/base/document.hpp"
#include "platforms/cluster.hpp"

namespace weft::platforms {

/// What only such clusters can get wrong. `tree`: the cluster's.
Result<void> check_parts(const Cluster& cluster, const Value& tree);

} // namespace weft::platforms
