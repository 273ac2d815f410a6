#pragma once
// Links below their line rate, and links that are gone: does every name exist, and does every route have a way left?

#include "platforms/base/diagnostic.hpp"
#include "platforms/cluster.hpp"

namespace weft::platforms {

/// Errors stand at the entry's name: no such link (with what was meant), a link named twice, a removed link without
/// which two ranks have no way to each other. Builds the topology when the cluster names any link, else costs nothing.
Result<void> check_degraded(const Cluster& cluster);

} // namespace weft::platforms
