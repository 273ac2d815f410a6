#include "platforms/power_figures.hpp"

#include "platforms/catalog.hpp"
#include "platforms/readers.hpp"

#include <algorithm>

namespace weft {

using platforms::NetworkCost;

Result<void> read_value(const Value& value, NetworkCost& out) {
  static const Fields<NetworkCost> table{
      required("levels", &NetworkCost::levels, "of switches", between<std::int64_t>(1, 3)),
      required("power", &NetworkCost::power, "of an endpoint of 400 Gbit/s", platforms::positive),
      required("price", &NetworkCost::price, "of an endpoint of 400 Gbit/s", platforms::positive)};
  return read_fields(value, table, out, "network cost");
}

} // namespace weft

namespace weft::platforms {

Result<PowerFigures> read_power_figures() {
  static const Fields<PowerFigures> table{
      required("shares", &PowerFigures::shares, "of the design power, by what a package does"),
      required("overhead", &PowerFigures::overhead, "drawn share of the rest of a node's rating", share_of_one),
      required("network", &PowerFigures::network, "by levels of switches, lowest first"),
      required("life_years", &PowerFigures::life_years, "over which hardware is paid off",
               [](const Figure<double>& f) { return f.value > 0 ? std::string{} : "must be above 0"; })};
  auto tree = read_document(catalog_root() + "/platforms/power.yaml");
  if (!tree) return tl::unexpected(tree.error());
  PowerFigures out;
  if (auto ok = read_fields(*tree, table, out, "power.yaml"); !ok) return tl::unexpected(ok.error());
  for (std::size_t i = 0; i < out.network.size(); ++i)
    if (out.network[i].levels != std::int64_t(i) + 1)
      return fail(tree->find("network")->items[i].mark, "`network` goes through the levels from 1 on");
  if (out.network.size() != 3) return fail(tree->find("network")->mark, "`network` has 3 levels");
  return out;
}

std::int64_t switch_levels(const Cluster& cluster) {
  if (cluster.accelerators <= cluster.node.accelerators) return 0;
  const auto crossed = std::count_if(cluster.fabric.tiers.begin(), cluster.fabric.tiers.end(),
                                     [&](const FabricTier& t) { return t.accelerators < cluster.accelerators; });
  constexpr std::int64_t one_switch = 64, two_levels = one_switch * one_switch / 2;
  const std::int64_t reach = cluster.accelerators <= one_switch ? 1 : cluster.accelerators <= two_levels ? 2 : 3;
  return std::min<std::int64_t>(std::max(std::int64_t(crossed) + 1, reach), 3);
}

} // namespace weft::platforms
