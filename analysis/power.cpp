#include "analysis/power.hpp"

#include "analysis/headline.hpp"

#include <fmt/format.h>

namespace weft::analysis {
namespace {

using platforms::Cluster;
using platforms::PowerFigures;
using platforms::PowerShares;
using sim::Entry;

const Figure<double>& share_in(Entry entry, const PowerShares& shares) {
  switch (entry) {
  case Entry::useful:
  case Entry::below_peak:
  case Entry::recompute:
  case Entry::overlap_slowdown: return shares.compute;
  case Entry::memory_bound:
  case Entry::optimizer: return shares.memory;
  case Entry::tp:
  case Entry::cp:
  case Entry::ep:
  case Entry::pp:
  case Entry::dp:
  case Entry::wan:
  case Entry::other: return shares.communication;
  case Entry::host:
  case Entry::bubble:
  case Entry::imbalance: break;
  }
  return shares.waiting;
}

/// Scale-out switches and optics for one package of a part.
struct Endpoint {
  Amount power, price;
};
Endpoint endpoint(const Cluster& part, std::int64_t levels, const PowerFigures& figures) {
  Endpoint out{exactly(0), exactly(0)};
  if (levels > 0) {
    const auto& cost = figures.network[std::size_t(levels - 1)];
    const auto& nics = part.node.nics;
    const double speed = double(nics.per_node) * nics.bandwidth.value.count() / double(part.node.accelerators) / 50e9;
    out = {amount(cost.power) * exactly(speed), amount(cost.price) * exactly(speed)};
  }
  if (part.fabric.endpoint_power) out.power = amount(*part.fabric.endpoint_power);
  if (part.fabric.endpoint_price) out.price = amount(*part.fabric.endpoint_price);
  return out;
}

/// Of one node, in dollars; without its price, at least its accelerators'.
Amount node_price(const Cluster& part) {
  if (part.node.price) return amount(*part.node.price);
  const Amount chips = amount(part.accelerator.price, "price of accelerator " + part.accelerator.name) *
                       exactly(double(part.node.accelerators));
  return chips + unknown("price of node " + part.node.name);
}

Amount per_rack(const platforms::Node& node) {
  const auto& f = node.accelerators_per_rack;
  if (!f) return unknown("accelerators in a rack of " + node.name);
  const auto real = [](const std::optional<std::int64_t>& n) { return n ? std::optional(double(*n)) : std::nullopt; };
  return amount(double(f->value), real(f->low), real(f->high), f->evidence);
}

/// Sums over the parts; the first part begins.
void add(Amount& sum, bool first, const Amount& more) {
  sum = first ? more : sum + more;
}

} // namespace

Amount accelerator_watts(const platforms::Accelerator& accelerator, const Headline& headline,
                         const PowerShares& shares) {
  Amount share = exactly(0);
  for (std::size_t e = 0; e < sim::entry_count; ++e)
    if (headline.where[e] > 0)
      share = share + amount(share_in(Entry(e), accelerator.power_shares.value_or(shares))) *
                          exactly(headline.where[e] / headline.step_s);
  return share * amount(accelerator.tdp, "design power of accelerator " + accelerator.name);
}

Power power_of(const Cluster& cluster, const Headline& h, const platforms::Location& location,
               const PowerFigures& figures) {
  Power out;
  out.location = location;
  out.figures = power_evidence(cluster, location, figures);
  out.life_years = amount(figures.life_years);
  const std::int64_t levels = platforms::switch_levels(cluster);
  Amount accelerators, overheads, networks, rated; // W of the whole cluster
  for (std::size_t i = 0; i < cluster.part_count(); ++i) {
    const Cluster part = cluster.part(i);
    const bool first = i == 0;
    const Amount packages = exactly(double(part.accelerators));
    const Amount nodes = packages / exactly(double(part.node.accelerators));
    const Endpoint net = endpoint(part, levels, figures);
    const Amount design = amount(part.accelerator.tdp, "design power of accelerator " + part.accelerator.name) *
                          exactly(double(part.node.accelerators));
    const Amount rating = amount(part.node.power_max, "rated power of node " + part.node.name);
    add(accelerators, first, accelerator_watts(part.accelerator, h, figures.shares) * packages);
    add(overheads, first, (rating - design) * amount(figures.overhead) * nodes);
    add(networks, first, net.power * packages);
    Amount rated_node = rating;
    if (!rating.value) rated_node.at_least = design.known();
    add(rated, first, rated_node * nodes + net.power * packages);
    add(out.racks, first, packages / per_rack(part.node));
    add(out.hardware, first, node_price(part) * nodes + net.price * packages);
  }
  const Amount count = exactly(double(cluster.accelerators));
  out.accelerator = accelerators / count;
  out.overhead = overheads / count;
  out.network = networks / count;
  const Amount pue = amount(location.pue, "PUE of " + location.name);
  out.facility = (accelerators + overheads + networks) * pue;
  out.facility_rated = rated * pue;

  const Amount joules_per_kwh = exactly(3.6e6), step = exactly(h.step_s), tokens = exactly(h.tokens_per_s);
  out.energy_per_step = out.facility * step;
  out.energy_per_token = out.facility / tokens;
  out.carbon_per_token =
      out.energy_per_token / joules_per_kwh * amount(location.grid_carbon, "grid carbon of " + location.name);

  const Amount hours = out.life_years * exactly(365.25 * 24);
  out.hardware_per_hour = out.hardware / hours;
  out.electricity_per_hour =
      out.facility / exactly(1000) * amount(location.electricity, "electricity price of " + location.name);
  out.dollars_per_hour = out.hardware_per_hour + out.electricity_per_hour;
  out.dollars_per_token = out.dollars_per_hour / exactly(3600) / tokens;
  out.dollars_per_effective_pflop_day = out.dollars_per_hour * exactly(24) / exactly(h.effective_flops / 1e15);
  return out;
}

Result<Power> power_at(const Cluster& cluster, const Headline& headline, const std::string& location) {
  const auto figures = platforms::read_power_figures();
  if (!figures) return tl::unexpected(figures.error());
  const auto where = platforms::read_location(location.empty() ? platforms::default_location(cluster) : location, {});
  if (!where) return tl::unexpected(where.error());
  Power out = power_of(cluster, headline, *where, *figures);
  out.by_default = location.empty();
  return out;
}

} // namespace weft::analysis
