#include "sim/collective.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weft::sim {

using platforms::LinkKind;
using workloads::CollectiveOp;

double bus_factor(CollectiveOp op, std::int64_t ranks) {
  const double share = double(ranks - 1) / double(ranks);
  switch (op) {
  case CollectiveOp::all_reduce: return 2 * share;
  case CollectiveOp::all_gather:
  case CollectiveOp::reduce_scatter:
  case CollectiveOp::all_to_all: return share;
  case CollectiveOp::broadcast:
  case CollectiveOp::send: return 1;
  }
  return 1;
}

CollectivePricer::CollectivePricer(const platforms::Cluster& cluster) : cluster_(cluster) {
  for (std::size_t i = 0; i < cluster.part_count(); ++i)
    parts_.push_back(nodes_of(cluster.part(i)));
  across_ = parts_.front();
  tier_efficiency_ = across_.card_efficiency;
  auto slower = [](auto& of_all, const auto& one) { of_all.value = std::max(of_all.value, one.value); };
  for (const Nodes& one : parts_) {
    slower(across_.timing.phase, one.timing.phase);
    slower(across_.timing.hop, one.timing.hop);
    slower(across_.timing.point_to_point, one.timing.point_to_point);
    across_.exchange_slower = std::max(across_.exchange_slower, one.exchange_slower);
    tier_efficiency_ = std::max(tier_efficiency_, one.card_efficiency);
  }
}

CollectivePricer::Nodes CollectivePricer::nodes_of(const platforms::Cluster& cluster) {
  const auto& port = cluster.accelerator.scale_up;
  const auto& nics = cluster.node.nics;
  Nodes out;
  out.timing = port.timing;
  out.mesh = cluster.node.scale_up == platforms::ScaleUpKind::full_mesh;
  const bool direct = out.mesh || cluster.node.scale_up == platforms::ScaleUpKind::torus;
  const double line = direct && port.link_bandwidth
                          ? port.link_bandwidth->value.count()
                          : port.bandwidth.value.count() / double(cluster.accelerator.ranks_per_accelerator);
  out.port_rate = line * port.timing.efficiency.value;
  out.card_efficiency = nics.efficiency.value;
  if (nics.all_to_all_efficiency) out.exchange_slower = nics.efficiency.value / nics.all_to_all_efficiency->value;
  return out;
}

double CollectivePricer::capacity(const platforms::Link& link) const {
  const Nodes& nodes = parts_[std::size_t(link.part)];
  switch (link.kind) {
  case LinkKind::scale_up_tx:
  case LinkKind::scale_up_rx:
  case LinkKind::mesh:
  case LinkKind::node_up:
  case LinkKind::node_down:
  case LinkKind::torus:
  case LinkKind::bridge:
  case LinkKind::pcie_up:
  case LinkKind::pcie_down:
  case LinkKind::host: return link.capacity.count() * nodes.timing.efficiency.value;
  case LinkKind::nic_tx:
  case LinkKind::nic_rx: return link.capacity.count() * nodes.card_efficiency;
  case LinkKind::tier_up:
  case LinkKind::tier_down: return link.capacity.count() * tier_efficiency_;
  case LinkKind::wan: return link.capacity.count() * cluster_.sites.efficiency->value; // checked when read
  }
  return 0;
}

double CollectivePricer::in_domain_latency(const Nodes& nodes, double phases, double bytes, bool in_network) {
  const auto& timing = nodes.timing;
  double rate = nodes.port_rate;
  if (in_network) rate *= timing.in_network_efficiency->value / timing.efficiency.value;
  const double y_us = bytes / rate * 1e6;
  return timing.phase.value.count() * phases + timing.sqrt_us.value * std::sqrt(y_us) * 1e-6;
}

Transfer CollectivePricer::all_to_all(double bytes, const Placement::Communicator& c) const {
  const double n = double(c.span.ranks), k = double(c.span.domains), pair = bytes / n / double(c.split);
  const Nodes& here = nodes(c);
  if (c.span.domains == 1) {
    const double on_port = here.mesh ? pair : pair * (n - 1);
    if (c.algorithm != Algorithm::pairwise)
      return {Algorithm::all_to_all, in_domain_latency(here, 1, on_port, false), pair, pair};
    return {Algorithm::pairwise, (n - 1) * here.timing.phase.value.count(), pair, pair};
  }
  // Sends to all peers go out at once; what is paid one after the other is a post per domain.
  const double steps = c.algorithm == Algorithm::pairwise ? n - n / k : k - 1;
  const double latency = cluster_.fabric.latency.base.value.count() +
                         steps * cluster_.fabric.latency.hop.value.count() + c.span.longest_delay;
  return {c.algorithm == Algorithm::pairwise ? Algorithm::pairwise : Algorithm::all_to_all, latency,
          pair * c.cross_share * here.exchange_slower, pair * c.cross_share};
}

Transfer CollectivePricer::stepwise(CollectiveOp op, double bytes, const Placement::Communicator& c) const {
  const auto& timing = nodes(c).timing;
  const auto& fabric = cluster_.fabric.latency;
  const double n = double(c.span.ranks), k = double(c.span.domains), phases = op == CollectiveOp::all_reduce ? 2 : 1;
  const double levels = std::ceil(std::log2(k)), on_edge = bytes / double(c.split);
  // No step knows which of them crosses sites: as many as there are levels of sites, each by the longest way.
  const double between = std::ceil(std::log2(double(c.span.sites))) * c.span.longest_delay;
  if (c.algorithm == Algorithm::tree) {
    const double hops = (std::ceil(n / k) - 1) * tree_hop_inside_s + levels * fabric.hop.value.count() + between;
    return {c.algorithm, fabric.base.value.count() + 2 * hops, on_edge, on_edge};
  }
  if (c.algorithm == Algorithm::switch_tree)
    return {c.algorithm, switch_tree_hop_inside_s + 2 * (levels * switch_tree_hop_outside_s + between), on_edge,
            on_edge};
  // Halving-doubling and NHR: log2 steps, all inside one domain or all along a rail.
  // Halving with members beyond a power of two hands their buffers over and back: two more of both phases together.
  const auto whole = double(std::bit_floor(std::uint64_t(c.span.ranks)));
  const bool beyond = c.algorithm == Algorithm::halving_doubling && whole != n;
  const double steps = beyond ? std::log2(whole) + 1 : std::ceil(std::log2(n));
  const double start = k > 1 ? fabric.base.value.count() : timing.phase.value.count();
  const double hop = k > 1 ? fabric.hop.value.count() : timing.hop.value.count();
  return {c.algorithm, phases * (start + steps * hop + between), phases * on_edge, phases * on_edge};
}

Transfer CollectivePricer::price(CollectiveOp op, Bytes size, const Placement::Communicator& c, double rate) const {
  const auto& timing = nodes(c).timing;
  const auto& fabric = cluster_.fabric.latency;
  const double n = double(c.span.ranks), k = double(c.span.domains), bytes = size.count();
  const double phases = op == CollectiveOp::all_reduce ? 2 : 1;
  if (c.span.ranks <= 1) return {};
  if (rate > 0) {
    Transfer t = price(op, size, c);
    t.latency += bus_factor(op, c.span.ranks) * bytes / rate;
    t.units = 0;
    return t;
  }
  if (op == CollectiveOp::send) {
    const double latency =
        c.span.domains == 1 ? timing.point_to_point.value.count() : fabric.point_to_point.value.count();
    const double each = bytes / double(c.split);
    return {Algorithm::send, latency + c.span.longest_delay, each, each};
  }
  if (c.role == Role::world) {
    // A scalar for everybody: a double binary tree's latency, no bytes worth a flow. NCCL tuning.cc:
    // base + 2·[(n/k − 1)·hop inside + log2(k)·hop outside].
    const double hops = (std::ceil(n / k) - 1) * timing.hop.value.count() +
                        std::ceil(std::log2(std::max(1.0, k))) * fabric.hop.value.count();
    const double between = std::ceil(std::log2(double(c.span.sites))) * c.span.longest_delay;
    return {Algorithm::tree, fabric.base.value.count() + 2 * (hops + between), 0, 0};
  }
  if (c.all_to_all) return all_to_all(bytes, c);
  switch (c.algorithm) {
  case Algorithm::tree:
  case Algorithm::switch_tree:
  case Algorithm::halving_doubling:
  case Algorithm::nhr: return stepwise(op, bytes, c);
  default: break;
  }
  const double moved = bus_factor(op, c.span.ranks) * bytes;
  if (c.span.domains == 1 && nodes(c).mesh &&
      c.algorithm != Algorithm::ring) { // every pair exchanges S/n directly, twice for an all-reduce
    const double on_link = phases * bytes / n;
    return {Algorithm::mesh, in_domain_latency(nodes(c), phases, on_link, false), on_link, on_link};
  }
  if (c.span.domains == 1) {
    const bool chosen = c.algorithm == Algorithm::automatic && timing.in_network_ranks &&
                        c.span.ranks >= timing.in_network_ranks->value;
    const bool in_network = op == CollectiveOp::all_reduce && timing.in_network_efficiency &&
                            (chosen || c.algorithm == Algorithm::in_network);
    const double on_edge = moved / double(c.split);
    const double latency = in_domain_latency(nodes(c), phases, on_edge, in_network);
    if (!in_network) return {Algorithm::ring, latency, on_edge, on_edge};
    // Each rank sends S and receives S; the reduction's rate is a bus bandwidth of its own.
    const double relative = timing.in_network_efficiency->value / timing.efficiency.value;
    return {Algorithm::in_network, latency, moved / relative, bytes};
  }
  const double hops = (n - k) * timing.hop.value.count() + (k - 1) * fabric.hop.value.count() + c.span.ring_delay;
  return {Algorithm::ring, phases * (fabric.base.value.count() + hops), moved / double(c.split),
          moved / double(c.split)};
}

double CollectivePricer::isolated(CollectiveOp op, Bytes size, const Placement& placement,
                                  const Placement::Communicator& c, const std::vector<double>& capacity) const {
  const Transfer t = price(op, size, c);
  double slowest = 0;
  for (const LinkUse& use : placement.uses_of(c))
    slowest = std::max(slowest, t.units * double(placement.own_weight(c, use)) / capacity[use.link]);
  return t.latency + slowest;
}

} // namespace weft::sim
