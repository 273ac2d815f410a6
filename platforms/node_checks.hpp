#pragma once
// What a cluster of one kind of node can get wrong.

#include "platforms/base/document.hpp"
#include "platforms/cluster.hpp"

namespace weft::platforms {

/// `torus` may stand at the cluster (else nullptr), then it is the domain's, or at the node. Sets the domain.
Result<void> check_torus(Cluster& cluster, const Value* of_cluster, const Value& node_tree);
/// `tree`: the cluster's; `at`: where it, or its part, is asked for.
Result<void> check_node(const Cluster& cluster, const Value& tree, const Value& node_tree, const Mark& at);
/// Of a cluster that was put together out of others instead of read: whether cards can be shared, whether blocks, the
/// domain and sites hold whole nodes, whether cards fill the planes.
Result<void> check_shape(const Cluster& cluster, const Mark& at);

} // namespace weft::platforms
