#pragma once
// Every figure that a step reads, one after the other: what a band is propagated from.

#include "analysis/headline.hpp"

#include <fmt/format.h>
#include <set>
#include <string>

namespace weft::analysis {

/// Where a figure stands. Two cases share a figure when all of this is equal, and its source and bounds are.
struct FigureName {
  std::string owner; ///< whose: a vendor's chips, a node, a fabric, the stacks
  std::string shown; ///< the same as a reader knows it: the chip's own name
  std::string path;  ///< "scale_up.timing.efficiency"
};

/// Calls visit(FigureName, Figure<T>&) for each; figures of equal chips once. A peak that several precisions share is
/// visited once for each of them, under one name.
template <class Visit> class FigureWalk {
public:
  FigureWalk(Case& c, Visit& visit) : c_(c), visit_(visit) {}
  void run() {
    chip(c_.cluster.accelerator);
    node(c_.cluster.node);
    for (platforms::Part& part : c_.cluster.parts) {
      chip(part.accelerator);
      node(part.node);
    }
    fabric();
    stack();
  }

private:
  template <class T> void one(const FigureName& name, Figure<T>& figure) { visit_(name, figure); }
  template <class T> void one(const FigureName& name, std::optional<Figure<T>>& figure) {
    if (figure) visit_(name, *figure);
  }

  void chip(platforms::Accelerator& a) {
    const auto& s = c_.scenario;
    auto name = [&](std::string path) { return FigureName{a.vendor, a.name, std::move(path)}; };
    peaks(a);
    one(name("memory_capacity"), a.memory_capacity);
    one(name("memory_bandwidth"), a.memory_bandwidth);
    one(name("streaming_efficiency"), a.streaming_efficiency);
    if (!s.stack.elementwise_efficiency) one(name("elementwise_efficiency"), a.elementwise_efficiency);
    one(name("overlap_slowdown"), a.overlap_slowdown);
    port(a);
    matmuls(a);
    const auto* used = platforms::attention_row(a, s.stack.attention, s.model.head_dim);
    for (auto& [family, rows] : a.attention)
      for (auto& row : rows) {
        if (&row != used) continue;
        one(name("attention.efficiency"), row.efficiency);
        one(name("attention.ramp_tokens"), row.ramp_tokens);
        one(name("attention.launch"), row.launch);
        one(name("attention.backward_ratio"), row.backward_ratio);
        if (s.model.head_dim % 8 != 0) one(name("attention.misaligned_efficiency"), row.misaligned_efficiency);
      }
    if (s.plan.offload_layers > 0) one(name("host_link"), a.host_link);
  }
  void peaks(platforms::Accelerator& a) {
    using enum Precision;
    const Precision asked = c_.scenario.training.precision;
    const Precision of_matmuls = a.peak.contains(asked) ? asked : asked == mxfp8 ? fp8 : asked == nvfp4 ? fp4 : asked;
    for (auto& [precision, figure] : a.peak)
      if (precision == of_matmuls || precision == bf16) one({a.vendor, a.name, "peak"}, figure);
  }
  void port(platforms::Accelerator& a) {
    auto& timing = a.scale_up.timing;
    auto name = [&](std::string path) { return FigureName{a.vendor, a.name, "scale_up." + std::move(path)}; };
    one(name("bandwidth"), a.scale_up.bandwidth);
    one(name("link_bandwidth"), a.scale_up.link_bandwidth);
    one(name("timing.phase"), timing.phase);
    one(name("timing.efficiency"), timing.efficiency);
    one(name("timing.sqrt_us"), timing.sqrt_us);
    one(name("timing.in_network_efficiency"), timing.in_network_efficiency);
    one(name("timing.in_network_sqrt_us"), timing.in_network_sqrt_us);
    one(name("timing.hop"), timing.hop);
    one(name("timing.point_to_point"), timing.point_to_point);
  }
  void matmuls(platforms::Accelerator& a) {
    const auto& s = c_.scenario;
    auto name = [&](std::string path) { return FigureName{a.vendor, a.name, std::move(path)}; };
    const auto* used = platforms::gemm_timing(a, s.stack.matmuls, s.training.precision);
    auto row = [&](platforms::GemmTiming& gemm) {
      if (&gemm != used) return;
      one(name("gemm.efficiency"), gemm.efficiency);
      one(name("gemm.weight_gradient_efficiency"), gemm.weight_gradient_efficiency);
      one(name("gemm.launch"), gemm.launch);
      one(name("gemm.cast_factor"), gemm.cast_factor);
      if (s.model.experts) one(name("gemm.grouped_factor"), gemm.grouped_factor);
    };
    for (auto& [precision, gemm] : a.gemm)
      row(gemm);
    for (auto& [family, rows] : a.gemm_families)
      for (auto& [precision, gemm] : rows)
        row(gemm);
    if (!s.model.experts || !a.grouped_gemm) return;
    if (used && !used->grouped_factor) one(name("grouped_gemm.factor"), a.grouped_gemm->factor);
    one(name("grouped_gemm.ramp_tokens"), a.grouped_gemm->ramp_tokens);
  }
  void node(platforms::Node& n) {
    auto name = [&](std::string path) { return FigureName{n.name, n.name, std::move(path)}; };
    one(name("nics.bandwidth"), n.nics.bandwidth);
    one(name("nics.efficiency"), n.nics.efficiency);
    one(name("nics.all_to_all_efficiency"), n.nics.all_to_all_efficiency);
    if (!n.pcie) return;
    one(name("pcie.uplink"), n.pcie->uplink);
    one(name("pcie.host"), n.pcie->host);
    one(name("pcie.bridge"), n.pcie->bridge);
  }
  void fabric() {
    auto& c = c_.cluster;
    auto name = [&](std::string path) { return FigureName{c.name, c.name, "fabric." + std::move(path)}; };
    for (auto& tier : c.fabric.tiers)
      one(name(tier.name + ".oversubscription"), tier.oversubscription);
    one(name("latency.base"), c.fabric.latency.base);
    one(name("latency.hop"), c.fabric.latency.hop);
    one(name("latency.point_to_point"), c.fabric.latency.point_to_point);
    one(name("reduction"), c.fabric.reduction);
    if (c.sites.accelerators == 0 || c.accelerators <= c.sites.accelerators) return;
    one(name("sites.bandwidth"), c.sites.bandwidth);
    one(name("sites.round_trip"), c.sites.round_trip);
    one(name("sites.kilometres"), c.sites.kilometres);
    one(name("sites.efficiency"), c.sites.efficiency);
    for (std::size_t i = 0; i < c.sites.links.size(); ++i) {
      one(name(fmt::format("sites.links.{}.bandwidth", i)), c.sites.links[i].bandwidth);
      one(name(fmt::format("sites.links.{}.round_trip", i)), c.sites.links[i].round_trip);
      one(name(fmt::format("sites.links.{}.kilometres", i)), c.sites.links[i].kilometres);
    }
  }
  void stack() {
    auto& s = c_.scenario.stack;
    auto name = [&](std::string path) { return FigureName{"stacks", "stack", std::move(path)}; };
    if (c_.scenario.plan.tp > 1) one(name("tp_hidden_share"), s.tp_hidden_share);
    one(name("wgrad_accumulation_bytes"), s.wgrad_accumulation_bytes);
    one(name("cross_entropy_bytes"), s.cross_entropy_bytes);
    one(name("elementwise_efficiency"), s.elementwise_efficiency);
    one(name("dp_bucket"), s.dp_bucket);
    one(name("dp_ring_rate"), s.dp_ring_rate);
    auto& host = s.host.at(s.cuda_graph);
    one(name("host.dense"), host.dense);
    if (c_.scenario.model.experts) {
      one(name("host.experts"), host.experts);
      if (c_.scenario.plan.overlaps_experts()) one(name("host.size_waits"), host.size_waits);
      one(name("host.expert_loop"), host.expert_loop);
    }
    one(name("host_backward_ratio"), s.host_backward_ratio);
    one(name("step_overhead"), s.step_overhead);
    one(name("optimizer_bytes"), s.optimizer_bytes);
    one(name("gradient_bytes"), s.gradient_bytes);
    one(name("averaging_bytes"), s.averaging_bytes);
    one(name("loss_memory_bytes"), s.loss_memory_bytes);
    one(name("memory_reserve"), s.memory_reserve);
  }

  Case& c_;
  Visit& visit_;
};

template <class Visit> void walk_figures(Case& c, Visit visit) {
  FigureWalk<Visit>(c, visit).run();
}

} // namespace weft::analysis
