#pragma once
// The tiers of an interconnect: kinds of links that are bought together, and that a what-if makes ideal together.

#include "platforms/cluster.hpp"
#include "platforms/topology.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::sim {

/// A set of tiers, as bits. A tier's number says how far from the rank it is.
using TierSet = std::uint32_t;
inline constexpr std::size_t scale_up_tier = 0;     ///< ports, mesh and torus links, bridges, PCIe below the host
inline constexpr std::size_t second_tier = 1;       ///< between the nodes of a domain (two_tier)
inline constexpr std::size_t card_tier = 2;         ///< network cards
inline constexpr std::size_t first_fabric_tier = 3; ///< uplinks of the fabric's lowest tier; the next ones follow
inline constexpr std::size_t site_tier = 31;        ///< links between sites
inline constexpr std::size_t most_tiers = 32;
constexpr TierSet tier_bit(std::size_t tier) {
  return TierSet{1} << tier;
}

/// `tier`: Link::tier.
std::size_t tier_of(platforms::LinkKind kind, std::int32_t tier);
/// "scale-up", "NIC", "pod uplink", ...
std::string tier_name(std::size_t tier, const platforms::Cluster& cluster);

} // namespace weft::sim
