#pragma once
// Watts, dollars and grams of a cluster that trains: what a simulated step draws, what its site adds, what the hardware
// costs over its life. Nothing is simulated here; what the catalog does not know stays unknown, by name.

#include "analysis/amount.hpp"
#include "analysis/evidence.hpp"
#include "platforms/location.hpp"
#include "platforms/power_figures.hpp"

#include <string>
#include <vector>

namespace weft::analysis {

struct Headline;

/// Power is in W, money in US dollars. "Mean" is over the step; "rated" is what a site has to provide.
struct Power {
  platforms::Location location;
  bool by_default = false; ///< nobody named the location

  Amount accelerator;    ///< mean of one package: Σ time in a state × share × design power
  Amount overhead;       ///< mean of host, fans, cards, node switches, for each package
  Amount network;        ///< scale-out switches and optics, for each package
  Amount facility;       ///< mean of the whole site
  Amount facility_rated; ///< nodes at their rating
  Amount racks;          ///< of nodes

  Amount energy_per_step;  ///< J
  Amount energy_per_token; ///< J
  Amount carbon_per_token; ///< g of CO2, of the grid

  Amount hardware;                        ///< nodes and scale-out network; no building, no storage
  Amount hardware_per_hour;               ///< paid off evenly over life_years, used all the time
  Amount electricity_per_hour;            ///< at the mean
  Amount dollars_per_hour;                ///< both
  Amount dollars_per_token;               ///< both
  Amount dollars_per_effective_pflop_day; ///< of 1e15 causal model FLOP/s for a day
  Amount life_years;

  std::vector<EvidenceLine> figures; ///< what all that stands on
};

Power power_of(const platforms::Cluster& cluster, const Headline& headline, const platforms::Location& location,
               const platforms::PowerFigures& figures);

std::vector<EvidenceLine> power_evidence(const platforms::Cluster& cluster, const platforms::Location& location,
                                         const platforms::PowerFigures& figures);

/// The same with the figures and the location read; an empty name takes platforms::default_location.
Result<Power> power_at(const platforms::Cluster& cluster, const Headline& headline, const std::string& location);

/// What one package draws on average in W, by how long a step spends in what.
Amount accelerator_watts(const platforms::Accelerator& accelerator, const Headline& headline,
                         const platforms::PowerShares& shares);

} // namespace weft::analysis
