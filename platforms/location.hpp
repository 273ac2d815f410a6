#pragma once
// Where a cluster stands: what its site adds to every watt, what a kilowatt-hour costs and emits there.

#include "platforms/cluster.hpp"

#include <optional>
#include <string>

namespace weft::platforms {

struct Location {
  std::string name;
  std::string about;
  std::optional<Figure<double>> pue;                         ///< power of the site over power of its computers
  std::optional<Figure<DollarsPerKilowattHour>> electricity; ///< what a bill says
  std::optional<Figure<GramsPerKilowattHour>> grid_carbon;   ///< CO2 of the grid's mean, whatever was contracted
};

/// A catalog name or a file. `at`: who asked for it.
Result<Location> read_location(const std::string& name, const Mark& at);

/// Where a cluster is taken to stand when nobody says: a hyperscaler's site in the United States for chips that may be
/// sold anywhere, a Chinese computing hub for export-compliant and domestic ones; by the first part's chip.
std::string default_location(const Cluster& cluster);

} // namespace weft::platforms
