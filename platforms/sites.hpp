#pragma once
// Sites joined by wide-area links: what a pair of sites has between it, and how long light takes.

#include "platforms/base/document.hpp"
#include "platforms/cluster.hpp"

namespace weft::platforms {

/// Sites divide evenly into what they hold, there are at most 64, and every pair of sites that the job spans has a
/// bandwidth, an efficiency and a delay.
Result<void> check_sites(const Cluster& cluster, const Value& tree);

/// One way between two sites: half the round trip, or 4.9 µs a kilometre (refractive index 1.468 of G.652 fibre).
Seconds site_delay(const Cluster& cluster, std::int64_t a, std::int64_t b);
BytesPerSecond site_bandwidth(const Cluster& cluster, std::int64_t a, std::int64_t b);

} // namespace weft::platforms
