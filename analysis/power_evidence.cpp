#include "analysis/evidence_collector.hpp"
#include "analysis/power.hpp"

namespace weft::analysis {

std::vector<EvidenceLine> power_evidence(const platforms::Cluster& cluster, const platforms::Location& location,
                                         const platforms::PowerFigures& figures) {
  EvidenceCollector out;
  for (std::size_t i = 0; i < cluster.part_count(); ++i) {
    const std::string whose = cluster.parts.empty() ? "" : fmt::format("parts.{}.", i);
    const platforms::Cluster part = cluster.part(i);
    const auto& shares = part.accelerator.power_shares.value_or(figures.shares);
    const std::string from = part.accelerator.power_shares ? whose + "accelerator.power_shares." : "power.shares.";
    out.add(whose + "accelerator.tdp", part.accelerator.tdp);
    out.add(from + "compute", shares.compute);
    out.add(from + "memory", shares.memory);
    out.add(from + "communication", shares.communication);
    out.add(from + "waiting", shares.waiting);
    out.add(whose + "node.power_max", part.node.power_max);
    out.add(whose + "node.accelerators_per_rack", part.node.accelerators_per_rack);
    out.add(whose + "node.price", part.node.price);
    if (!part.node.price) out.add(whose + "accelerator.price", part.accelerator.price);
  }
  out.add("power.overhead", figures.overhead);
  if (const auto levels = platforms::switch_levels(cluster); levels > 0) {
    const auto& network = figures.network[std::size_t(levels - 1)];
    const auto& fabric = cluster.fabric;
    if (!fabric.endpoint_power) out.add(fmt::format("power.network.{}.power", levels), network.power);
    if (!fabric.endpoint_price) out.add(fmt::format("power.network.{}.price", levels), network.price);
  }
  out.add("fabric.endpoint_power", cluster.fabric.endpoint_power);
  out.add("fabric.endpoint_price", cluster.fabric.endpoint_price);
  out.add("power.life_years", figures.life_years);
  out.add("location.pue", location.pue);
  out.add("location.electricity", location.electricity);
  out.add("location.grid_carbon", location.grid_carbon);
  return std::move(out.lines);
}

} // namespace weft::analysis
