#include "platforms/location.hpp"

#include "platforms/catalog.hpp"
#include "platforms/readers.hpp"

namespace weft::platforms {

Result<Location> read_location(const std::string& name, const Mark& at) {
  static const Fields<Location> table{required("name", &Location::name, "catalog name"),
                                      optional("about", &Location::about, "one line"),
                                      optional("pue", &Location::pue, "power of the site over power of its computers",
                                               [](const std::optional<Figure<double>>& f) {
                                                 return f->value >= 1 ? std::string{} : "must be at least 1";
                                               }),
                                      optional("electricity", &Location::electricity, "USD/kWh"),
                                      optional("grid_carbon", &Location::grid_carbon, "g/kWh of CO2, the grid's mean")};
  auto tree = load_entry("locations", name, at);
  if (!tree) return tl::unexpected(tree.error());
  Location out;
  if (auto ok = read_fields(*tree, table, out, "location"); !ok) return tl::unexpected(ok.error());
  return out;
}

std::string default_location(const Cluster& cluster) {
  return cluster.accelerator.chip_class == ChipClass::us ? "us-hyperscale" : "china-hub";
}

} // namespace weft::platforms
