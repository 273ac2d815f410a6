#include "sim/tier.hpp"

#include <algorithm>

namespace weft::sim {

using platforms::LinkKind;

std::size_t tier_of(LinkKind kind, std::int32_t tier) {
  switch (kind) {
  case LinkKind::scale_up_tx:
  case LinkKind::scale_up_rx:
  case LinkKind::mesh:
  case LinkKind::torus:
  case LinkKind::bridge:
  case LinkKind::pcie_up:
  case LinkKind::pcie_down:
  case LinkKind::host: return scale_up_tier;
  case LinkKind::node_up:
  case LinkKind::node_down: return second_tier;
  case LinkKind::nic_tx:
  case LinkKind::nic_rx: return card_tier;
  case LinkKind::tier_up:
  case LinkKind::tier_down: // no fabric has as many as would reach the sites' number; those beyond would count as one
    return std::min(first_fabric_tier + std::size_t(std::max(0, tier)), site_tier - 1);
  case LinkKind::wan: return site_tier;
  }
  return scale_up_tier;
}

std::string tier_name(std::size_t tier, const platforms::Cluster& cluster) {
  if (tier == scale_up_tier) return "scale-up";
  if (tier == second_tier) return "second scale-up tier";
  if (tier == card_tier) return "NIC";
  if (tier == site_tier) return "site link";
  const std::size_t i = tier - first_fabric_tier;
  return i < cluster.fabric.tiers.size() ? cluster.fabric.tiers[i].name + " uplink" : "fabric";
}

} // namespace weft::sim
