#pragma once
// What draws power and costs money beside the chips: shares of the design power by what a chip does, host, scale-out
// switches, years of use (power.yaml).

#include "platforms/cluster.hpp"

#include <cstdint>
#include <vector>

namespace weft::platforms {

/// Switches and optics of a scale-out fabric of so many levels of switches, for an endpoint of 400 Gbit/s.
struct NetworkCost {
  std::int64_t levels = 1;
  Figure<Watts> power;
  Figure<Dollars> price;
};

struct PowerFigures {
  PowerShares shares;               ///< of every chip that does not state its own
  Figure<double> overhead;          ///< drawn share of what a node is rated for beyond its accelerators' design power
  std::vector<NetworkCost> network; ///< lowest first
  Figure<double> life_years;        ///< over which hardware is paid off
};

Result<PowerFigures> read_power_figures();

/// Levels of switches between a cluster's nodes: as many as its tiers say, or as a fat tree of 64-port switches needs
/// to reach them all (64, 2,048, more); 0 for a single node.
std::int64_t switch_levels(const Cluster& cluster);

} // namespace weft::platforms
