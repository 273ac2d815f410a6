#include "analysis/knobs.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace weft::analysis {
namespace {

using platforms::Accelerator;
using platforms::Cluster;
using platforms::Node;
using platforms::ScaleUpKind;

/// Multiplies figures and remembers whether there were any, and whether a share went above 1.
class Turn {
public:
  explicit Turn(double factor) : factor_(factor) {}
  template <class T> void by(Figure<T>& figure) { multiply(figure.value, factor_); }
  template <class T> void by(std::optional<Figure<T>>& figure) {
    if (figure) by(*figure);
  }
  void share(Figure<double>& figure) {
    by(figure);
    if (figure.value > 1.001 && factor_ > 1) possible_ = false; // a derivative is taken at 1 too
  }
  void share(std::optional<Figure<double>>& figure) {
    if (figure) share(*figure);
  }
  /// c of c·√y, for a c² that is multiplied.
  void root(Figure<double>& figure) { multiply(figure.value, std::sqrt(factor_)); }
  void root(std::optional<Figure<double>>& figure) {
    if (figure) root(*figure);
  }
  [[nodiscard]] bool done() const { return any_ && possible_; }

private:
  template <class T> void multiply(T& value, double by) {
    any_ = any_ || !(value == T{});
    value = value * by;
  }
  double factor_;
  bool any_ = false, possible_ = true;
};

/// Of every kind of node, each once more where the cluster keeps the first one's beside its parts.
template <class F> bool nodes(Case& c, double factor, F visit) {
  Turn turn(factor);
  visit(turn, c.cluster.accelerator, c.cluster.node);
  for (platforms::Part& part : c.cluster.parts)
    visit(turn, part.accelerator, part.node);
  return turn.done();
}
template <class F> void matmuls(Accelerator& a, F visit) {
  for (auto& [precision, gemm] : a.gemm)
    visit(gemm);
  for (auto& [family, rows] : a.gemm_families)
    for (auto& [precision, gemm] : rows)
      visit(gemm);
}
template <class F> void attentions(Accelerator& a, F visit) {
  for (auto& [family, rows] : a.attention)
    for (auto& row : rows)
      visit(row);
}
bool several_sites(const Case& c) {
  return c.cluster.sites.accelerators > 0 && c.cluster.accelerators > c.cluster.sites.accelerators;
}

// --- rates -------------------------------------------------------------------------------------------
bool peak(Case& c, double f) {
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node&) {
    for (auto& [precision, figure] : a.peak)
      turn.by(figure);
  });
}
bool memory_bandwidth(Case& c, double f) {
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node&) { turn.by(a.memory_bandwidth); });
}
bool scale_up_bandwidth(Case& c, double f) {
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node& node) {
    turn.by(a.scale_up.bandwidth);
    turn.by(a.scale_up.link_bandwidth);
    turn.by(a.scale_up.timing.low_latency_rate);
    if (!node.pcie) return;
    turn.by(node.pcie->uplink);
    turn.by(node.pcie->host);
    turn.by(node.pcie->bridge);
  });
}
bool card_bandwidth(Case& c, double f) { // uplinks are cards' rates over the oversubscription
  return nodes(c, f, [](Turn& turn, Accelerator&, Node& node) { turn.by(node.nics.bandwidth); });
}
bool site_bandwidth(Case& c, double f) {
  if (!several_sites(c)) return false;
  Turn turn(f);
  turn.by(c.cluster.sites.bandwidth);
  for (auto& link : c.cluster.sites.links)
    turn.by(link.bandwidth);
  return turn.done();
}
bool host_link(Case& c, double f) {
  if (c.scenario.plan.offload_layers == 0) return false;
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node&) { turn.by(a.host_link); });
}
bool ring_rate(Case& c, double f) {
  Turn turn(f);
  turn.by(c.scenario.stack.dp_ring_rate);
  return turn.done();
}

// --- times -------------------------------------------------------------------------------------------
bool launch(Case& c, double f) {
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node&) {
    matmuls(a, [&](auto& gemm) { turn.by(gemm.launch); });
    attentions(a, [&](auto& row) { turn.by(row.launch); });
  });
}
bool scale_up_latency(Case& c, double f) {
  Turn inside(f);
  auto& latency = c.cluster.fabric.latency;
  inside.by(latency.tree_inside);
  inside.by(latency.switches_inside);
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node&) {
    turn.by(a.scale_up.timing.phase);
    turn.by(a.scale_up.timing.hop);
    turn.by(a.scale_up.timing.point_to_point);
  });
}
bool scale_up_root(Case& c, double f) {
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node&) {
    turn.root(a.scale_up.timing.sqrt_us);
    turn.root(a.scale_up.timing.in_network_sqrt_us);
  });
}
bool fabric_latency(Case& c, double f) {
  Turn turn(f);
  auto& latency = c.cluster.fabric.latency;
  turn.by(latency.base);
  turn.by(latency.hop);
  turn.by(latency.point_to_point);
  turn.by(latency.switches_hop);
  turn.by(latency.reduction);
  return turn.done();
}
bool site_latency(Case& c, double f) { // kilometres of fibre stand for the time that they take
  if (!several_sites(c)) return false;
  Turn turn(f);
  auto& sites = c.cluster.sites;
  turn.by(sites.round_trip);
  turn.by(sites.kilometres);
  for (auto& link : sites.links) {
    turn.by(link.round_trip);
    turn.by(link.kilometres);
  }
  return turn.done();
}
bool host_time(Case& c, double f) {
  Turn turn(f);
  for (auto& [graph, host] : c.scenario.stack.host) {
    turn.by(host.dense);
    turn.by(host.experts);
    turn.by(host.size_waits);
    turn.by(host.expert_loop);
  }
  turn.by(c.scenario.stack.step_overhead);
  return turn.done();
}

// --- shares and ratios -------------------------------------------------------------------------------
bool matmul_efficiency(Case& c, double f) {
  return nodes(c, f, [&](Turn& turn, Accelerator& a, Node&) {
    const auto* used = platforms::gemm_timing(a, c.scenario.stack.matmuls, c.scenario.training.precision);
    matmuls(a, [&](auto& gemm) {
      auto turned = [&](auto& figure) { &gemm == used ? turn.share(figure) : turn.by(figure); };
      turned(gemm.efficiency);
      turned(gemm.weight_gradient_efficiency);
    });
  });
}
bool attention_efficiency(Case& c, double f) {
  return nodes(c, f, [&](Turn& turn, Accelerator& a, Node&) {
    const auto* used = platforms::attention_row(a, c.scenario.stack.attention, c.scenario.model.head_dim);
    attentions(a, [&](auto& row) {
      &row == used ? turn.share(row.efficiency) : turn.by(row.efficiency);
      turn.by(row.misaligned_efficiency);
    });
  });
}
bool memory_efficiency(Case& c, double f) {
  Turn stack(f);
  stack.share(c.scenario.stack.elementwise_efficiency);
  const bool chip = nodes(c, f, [](Turn& turn, Accelerator& a, Node&) {
    turn.share(a.streaming_efficiency);
    turn.share(a.elementwise_efficiency);
  });
  return chip && (stack.done() || !c.scenario.stack.elementwise_efficiency);
}
bool scale_up_efficiency(Case& c, double f) { // switches that reduce reach more than the line: no share
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node&) {
    turn.share(a.scale_up.timing.efficiency);
    turn.by(a.scale_up.timing.in_network_efficiency);
  });
}
bool card_efficiency(Case& c, double f) {
  Turn fabric(f);
  fabric.by(c.cluster.fabric.reduction);
  return nodes(c, f, [](Turn& turn, Accelerator&, Node& node) {
    turn.share(node.nics.efficiency);
    turn.share(node.nics.all_to_all_efficiency);
  });
}
bool oversubscription(Case& c, double f) {
  Turn turn(f);
  for (auto& tier : c.cluster.fabric.tiers)
    turn.by(tier.oversubscription);
  return turn.done();
}
bool core_theft(Case& c, double f) {
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node&) { turn.by(a.overlap_slowdown); });
}

// --- sizes -------------------------------------------------------------------------------------------
bool memory_capacity(Case& c, double f) {
  return nodes(c, f, [](Turn& turn, Accelerator& a, Node&) { turn.by(a.memory_capacity); });
}

/// Behind a switch a domain grows with its node, cards along; in two tiers by nodes. Direct links would need ports
/// that the chip does not have. What stays inside one domain says nothing of a fabric beyond it.
bool domain_size(Case& c, double f) {
  Cluster& k = c.cluster;
  if (!k.uniform() || !k.degraded.empty() || k.accelerators <= k.domain) return false;
  auto times = [f](std::int64_t& n) {
    const double to = double(n) * f;
    n = std::llround(to);
    return n >= 1 && double(n) == to;
  };
  if (k.node.scale_up == ScaleUpKind::two_tier)
    return times(k.domain) && k.domain % k.node.accelerators == 0 && k.domain <= k.accelerators;
  if (k.node.scale_up != ScaleUpKind::switched) return false;
  if (!times(k.domain) || !times(k.node.accelerators) || !times(k.node.nics.per_node)) return false;
  const auto& tiers = k.fabric.tiers;
  const std::int64_t planes = k.fabric.plane_of == platforms::PlaneOf::nic ? k.fabric.planes : 1;
  return k.domain <= k.accelerators && k.accelerators % k.node.accelerators == 0 &&
         k.node.nics.per_node % planes == 0 &&
         (tiers.empty() || tiers.front().accelerators % k.node.accelerators == 0) &&
         (k.sites.accelerators == 0 || k.sites.accelerators % k.domain == 0);
}

} // namespace

const std::vector<Knob>& knobs() {
  using enum KnobKind;
  static const std::vector<Knob> table{
      {"peak FLOP/s", "of matmuls and attention alike", rate, true, peak},
      {"HBM bandwidth", "", rate, true, memory_bandwidth},
      {"scale-up bandwidth", "ports, direct links, PCIe", rate, true, scale_up_bandwidth},
      {"NIC bandwidth", "uplinks of the fabric grow with it", rate, true, card_bandwidth},
      {"site bandwidth", "between sites", rate, true, site_bandwidth},
      {"host link", "to the host's memory, where layers are offloaded", rate, true, host_link},
      {"dp ring rate", "most that the stack's dp rings move", rate, false, ring_rate},
      {"kernel launch", "of matmuls and attention", time, false, launch},
      {"scale-up latency", "phase, hop, send, inside a domain", time, true, scale_up_latency},
      {"scale-up chunking", "c² of the c·√y that chunks of a collective cost", time, true, scale_up_root},
      {"fabric latency", "base, hop, send, between domains", time, true, fabric_latency},
      {"site latency", "round trip between sites", time, true, site_latency},
      {"host time", "issue of layers and what is done once a step", time, false, host_time},
      {"oversubscription", "of every tier", ratio, true, oversubscription},
      {"core theft", "slow-down of compute beside a collective", ratio, false, core_theft},
      {"matmul efficiency", "of the peak", share, false, matmul_efficiency},
      {"attention efficiency", "of the peak", share, false, attention_efficiency},
      {"memory efficiency", "of the HBM bandwidth", share, false, memory_efficiency},
      {"scale-up efficiency", "of the line rate", share, false, scale_up_efficiency},
      {"NIC efficiency", "of the line rate", share, false, card_efficiency},
      {"HBM capacity", "with the least recomputation that fits", size, true, memory_capacity},
      {"scale-up domain", "accelerators that share a scale-up fabric", size, true, domain_size}};
  return table;
}

const Knob* find_knob(std::string_view name) {
  for (const Knob& knob : knobs())
    if (knob.name == name) return &knob;
  return nullptr;
}

std::optional<Case> scaled(const Case& c, const Knob& knob, double factor) {
  Case out = c;
  if (!knob.scale(out, factor)) return std::nullopt;
  return out;
}

std::string_view kind_name(KnobKind kind) {
  constexpr std::array<std::string_view, 5> names{"rate", "time", "share", "ratio", "size"};
  return names[std::size_t(kind)];
}

} // namespace weft::analysis
