#include "analysis/evidence_collector.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/base/precision_names.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

void add_scale_up(EvidenceCollector& out, const std::string& whose, const platforms::Accelerator& a) {
  out.add(whose + ".scale_up.bandwidth", a.scale_up.bandwidth);
  out.add(whose + ".scale_up.link_bandwidth", a.scale_up.link_bandwidth);
  out.add(whose + ".scale_up.timing.efficiency", a.scale_up.timing.efficiency);
  out.add(whose + ".scale_up.timing.phase", a.scale_up.timing.phase);
}
void add_nics(EvidenceCollector& out, const std::string& whose, const platforms::Node& node) {
  out.add(whose + "node.nics.bandwidth", node.nics.bandwidth);
  out.add(whose + "node.nics.efficiency", node.nics.efficiency);
}
void add_fabric(EvidenceCollector& out, const platforms::Cluster& c) {
  out.add("cluster.built", c.built);
  for (const auto& tier : c.fabric.tiers) {
    out.add("fabric." + tier.name + ".oversubscription", tier.oversubscription);
    if (c.fabric.routing == platforms::Routing::hashed && tier.uplinks)
      out.add("fabric." + tier.name + ".uplinks", *tier.uplinks);
  }
  out.add("fabric.latency.hop", c.fabric.latency.hop);
}
std::string part_name(const platforms::Cluster& c, std::size_t i) {
  return c.parts.empty() ? "" : fmt::format("parts.{}.", i);
}

/// `whose`: "accelerator", or that of a part.
void add_accelerator(EvidenceCollector& out, const std::string& whose, const workloads::Scenario& s,
                     const platforms::Accelerator& a) {
  const std::string precision(enum_name(s.training.precision));
  if (auto it = a.peak.find(s.training.precision); it != a.peak.end())
    out.add(whose + ".peak." + precision, it->second);
  out.add(whose + ".memory_capacity", a.memory_capacity);
  out.add(whose + ".memory_bandwidth", a.memory_bandwidth);
  add_scale_up(out, whose, a);
  if (const auto* gemm = platforms::gemm_timing(a, s.stack.matmuls, s.training.precision)) {
    const std::string& family = s.stack.matmuls;
    const std::string path = a.gemm_families.contains(family) ? ".gemm_families." + family + "." : ".gemm.";
    out.add(whose + path + precision + ".efficiency", gemm->efficiency);
    out.add(whose + path + precision + ".weight_gradient_efficiency", gemm->weight_gradient_efficiency);
  }
  if (const auto* row = platforms::attention_row(a, s.stack.attention, s.model.head_dim))
    out.add(fmt::format("{}.attention.{}.{}.efficiency", whose, s.stack.attention, row->head_dim), row->efficiency);
  out.add(whose + ".streaming_efficiency", a.streaming_efficiency);
  out.add(whose + ".elementwise_efficiency", a.elementwise_efficiency);
  out.add(whose + ".overlap_slowdown", a.overlap_slowdown);
  out.add(whose + ".measured_runs", a.measured_runs);
}

std::string chip_sentence(const workloads::Scenario& s, const platforms::Accelerator& a) {
  const std::int64_t runs = a.measured_runs.value;
  std::string out =
      runs > 0 ? fmt::format("{} measured training runs stand behind {}", runs, a.name)
               : fmt::format("No measured training run with a known plan stands behind {}: treat it as a projection",
                             a.name);
  if (const auto* gemm = platforms::gemm_timing(a, s.stack.matmuls, s.training.precision)) {
    const Figure<double>& efficiency = gemm->efficiency;
    out += fmt::format("; matmul efficiency {:.3g} is {}", efficiency.value, enum_name(efficiency.evidence));
    if (efficiency.low && efficiency.high) out += fmt::format(" ({:.3g} to {:.3g})", *efficiency.low, *efficiency.high);
  }
  if (auto it = a.peak.find(s.training.precision); it != a.peak.end()) {
    out += fmt::format("; peak {} is {}", print_quantity(it->second.value), enum_name(it->second.evidence));
    if (it->second.low && it->second.high)
      out += fmt::format(" (sources say {} to {})", print_quantity(*it->second.low), print_quantity(*it->second.high));
  }
  return out;
}

} // namespace

std::vector<EvidenceLine> interconnect_evidence(const platforms::Cluster& c) {
  EvidenceCollector out;
  for (std::size_t i = 0; i < c.part_count(); ++i) {
    const platforms::Cluster part = c.part(i);
    add_scale_up(out, part_name(c, i) + "accelerator", part.accelerator);
    add_nics(out, part_name(c, i), part.node);
  }
  add_fabric(out, c);
  return std::move(out.lines);
}

std::vector<EvidenceLine> evidence(const workloads::Scenario& s, const platforms::Cluster& c) {
  EvidenceCollector out;
  for (std::size_t i = 0; i < c.part_count(); ++i) {
    const platforms::Cluster part = c.part(i);
    add_accelerator(out, part_name(c, i) + "accelerator", s, part.accelerator);
    add_nics(out, part_name(c, i), part.node);
  }
  add_fabric(out, c);
  out.add("stack.tp_hidden_share", s.stack.tp_hidden_share);
  out.add("stack.cross_entropy_bytes", s.stack.cross_entropy_bytes);
  out.add("stack.host.dense", s.stack.issue().dense);
  if (s.model.experts) {
    out.add("stack.host.experts", s.stack.issue().experts);
    if (s.plan.overlaps_experts()) out.add("stack.host.size_waits", s.stack.issue().size_waits);
    out.add("stack.host.expert_loop", s.stack.issue().expert_loop);
  }
  out.add("stack.step_overhead", s.stack.step_overhead);
  out.add("stack.optimizer_bytes", s.stack.optimizer_bytes);
  if (s.stack.gradient_bytes.value > 0) out.add("stack.gradient_bytes", s.stack.gradient_bytes);
  if (s.stack.averaging_bytes.value > 0) out.add("stack.averaging_bytes", s.stack.averaging_bytes);
  out.add("stack.memory_reserve", s.stack.memory_reserve);
  return std::move(out.lines);
}

std::string evidence_sentence(const workloads::Scenario& s, const platforms::Cluster& c) {
  std::string out;
  for (const platforms::Accelerator* chip : c.chips())
    out += (out.empty() ? "" : ". ") + chip_sentence(s, *chip);
  for (std::size_t i = 0; i < c.part_count(); ++i) {
    const platforms::Node node = c.part(i).node;
    const auto& cards = node.nics.efficiency;
    out += fmt::format("; network card efficiency{} {:.3g} is {}", c.parts.empty() ? "" : " of " + node.name,
                       cards.value, enum_name(cards.evidence));
    if (cards.low && cards.high) out += fmt::format(" ({:.2g} to {:.2g})", *cards.low, *cards.high);
  }
  if (c.accelerators > c.built.value)
    out += c.built.value > 0 ? fmt::format("; {} accelerators were built, the pattern is repeated to {}", c.built.value,
                                           c.accelerators)
                             : std::string("; nobody built this cluster");
  return out + ".";
}

} // namespace weft::analysis
