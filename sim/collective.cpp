#include "sim/collective.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace weft::sim {

using platforms::LinkKind;
using workloads::CollectiveOp;

double bus_factor(CollectiveOp op, std::int64_t ranks) {
  const double share = double(ranks - 1) / double(ranks);
  switch (op) {
  case CollectiveOp::all_reduce: return 2 * share;
  case CollectiveOp::all_gather:
  case CollectiveOp::reduce_scatter:
  case CollectiveOp::all_to_all:
  case CollectiveOp::all_to_all_back: return share;
  case CollectiveOp::broadcast:
  case CollectiveOp::send: return 1;
  }
  return 1;
}

CollectivePricer::CollectivePricer(const platforms::Cluster& cluster, Choice choice)
    : cluster_(cluster), choice_(std::move(choice)), tier_efficiency_(0) {
  for (std::size_t i = 0; i < cluster.part_count(); ++i)
    parts_.push_back(nodes_of(cluster.part(i)));
  for (const Nodes& one : parts_)
    tier_efficiency_ = std::max(tier_efficiency_, one.card_efficiency);
}

const CollectivePricer::Nodes& CollectivePricer::across(std::uint64_t parts) const {
  auto [known, fresh] = across_.try_emplace(parts);
  Nodes& out = known->second;
  if (!fresh) return out;
  auto slower = [](auto& of_all, const auto& one) { of_all.value = std::max(of_all.value, one.value); };
  out = parts_[std::size_t(std::countr_zero(parts))];
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if ((parts >> i & 1) == 0) continue;
    slower(out.timing.phase, parts_[i].timing.phase);
    slower(out.timing.hop, parts_[i].timing.hop);
    slower(out.timing.point_to_point, parts_[i].timing.point_to_point);
    out.exchange_slower = std::max(out.exchange_slower, parts_[i].exchange_slower);
  }
  return out;
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

double CollectivePricer::in_domain_latency(const Nodes& nodes, double phases, double bytes, bool in_network,
                                           const Paid& paid) {
  const auto& timing = nodes.timing;
  double rate = nodes.port_rate;
  if (in_network) rate *= timing.in_network_efficiency->value / timing.efficiency.value;
  const double y_us = bytes / rate * 1e6;
  const double c = in_network && timing.in_network_sqrt_us ? timing.in_network_sqrt_us->value : timing.sqrt_us.value;
  return paid.base * timing.phase.value.count() * phases + paid.inside * c * std::sqrt(y_us) * 1e-6;
}

Transfer CollectivePricer::all_to_all(double bytes, const Span& span, const Placement::Pattern& p,
                                      const Paid& paid) const {
  const double n = double(span.ranks), k = double(span.domains), pair = bytes / n / double(p.split);
  const Nodes& here = nodes(span);
  if (span.domains == 1) {
    const double flow = pair * double(p.parts) * p.most, on_port = here.mesh ? flow : flow * (n - 1);
    const double latency = p.algorithm == Algorithm::pairwise ? in_domain_latency(here, n - 1, on_port, false, paid)
                                                              : in_domain_latency(here, 1, on_port, false, paid);
    return {p.algorithm, 0, latency, pair, pair};
  }
  // Sends to all peers go out at once; what is paid one after the other is a post per domain.
  const double steps = p.algorithm == Algorithm::pairwise ? n - n / k : k - 1;
  const double latency = paid.base * cluster_.fabric.latency.base.value.count() +
                         paid.outside * steps * cluster_.fabric.latency.hop.value.count() +
                         paid.between_sites * span.longest_delay;
  const double slower = paid.outside > 0 ? here.exchange_slower : 1; // at the cards
  return {p.algorithm, 0, latency, pair * p.cross_share * slower, pair * p.cross_share};
}

Transfer CollectivePricer::stepwise(CollectiveOp op, double bytes, const Span& span, const Placement::Pattern& p,
                                    const Paid& paid) const {
  const auto& timing = nodes(span).timing;
  const auto& fabric = cluster_.fabric.latency;
  const double n = double(span.ranks), k = double(span.domains), phases = op == CollectiveOp::all_reduce ? 2 : 1;
  const double levels = std::ceil(std::log2(k)), on_edge = bytes / double(p.split);
  // No step knows which of them crosses sites: as many as there are levels of sites, each by the longest way.
  const double between = paid.between_sites * std::ceil(std::log2(double(span.sites))) * span.longest_delay;
  if (p.algorithm == Algorithm::tree) {
    const double hops = paid.inside * (std::ceil(n / k) - 1) * fabric.tree_inside.value.count() +
                        paid.outside * levels * fabric.hop.value.count() + between;
    const double start = k > 1 ? paid.base * fabric.base.value.count()
                               : in_domain_latency(nodes(span), 2, 2 * (n - 1) / n * bytes, false, paid);
    return {p.algorithm, 0, start + 2 * hops, on_edge, on_edge};
  }
  if (p.algorithm == Algorithm::switch_tree)
    return {p.algorithm, 0,
            paid.inside * fabric.switches_inside.value.count() +
                2 * (paid.outside * levels * fabric.switches_hop.value.count() + between),
            on_edge, on_edge};
  if (p.algorithm == Algorithm::fabric_reduction) {
    const platforms::Cluster& here = choice_.nodes(span);
    const double slower = // all its links wait
        paid.outside > 0 ? here.node.nics.efficiency.value / here.fabric.reduction->value : 1;
    const double hops =
        paid.inside * fabric.switches_inside.value.count() + paid.outside * fabric.reduction.value.count();
    return {p.algorithm, 0, hops + 2 * between, on_edge * slower, on_edge};
  }
  // Halving-doubling and NHR: log2 steps, all inside one domain or all along a rail.
  // Halving with members beyond a power of two hands their buffers over and back: two more of both phases together.
  const auto whole = double(std::bit_floor(std::uint64_t(span.ranks)));
  const bool beyond = p.algorithm == Algorithm::halving_doubling && whole != n;
  const double steps = beyond ? std::log2(whole) + 1 : std::ceil(std::log2(n));
  const double hop = k > 1 ? paid.outside * fabric.hop.value.count() : paid.inside * timing.hop.value.count();
  const double moved = phases * bytes * ((beyond ? whole - 1 + n : n - 1) / n); // about what a rank sends
  const double start = k > 1 ? paid.base * phases * fabric.base.value.count()
                             : in_domain_latency(nodes(span), phases, moved, false, paid);
  return {p.algorithm, 0, start + phases * (steps * hop + between), phases * on_edge, phases * on_edge};
}

Transfer CollectivePricer::in_domain(CollectiveOp op, double bytes, const Span& span, const Placement::Pattern& p,
                                     const Paid& paid) const {
  const Nodes& here = nodes(span);
  const auto& timing = here.timing;
  const double phases = op == CollectiveOp::all_reduce ? 2 : 1;
  if (p.algorithm == Algorithm::mesh) { // every pair exchanges S/n directly, twice for an all-reduce
    const double on_link = phases * bytes / double(span.ranks);
    return {Algorithm::mesh, 0, in_domain_latency(here, phases, on_link, false, paid), on_link, on_link};
  }
  if (p.algorithm != Algorithm::in_network) {
    const double on_edge = bus_factor(op, span.ranks) * bytes / double(p.split);
    return {Algorithm::ring, 0, in_domain_latency(here, phases, on_edge, false, paid), on_edge, on_edge};
  }
  // Each rank sends S and receives S, however many there are; the rate is a bus bandwidth of so many.
  const double on_edge = bus_factor(op, platforms::in_network_measured_ranks) * bytes;
  const double relative = timing.in_network_efficiency->value / timing.efficiency.value;
  return {Algorithm::in_network, 0, in_domain_latency(here, phases, on_edge, true, paid), on_edge / relative, bytes};
}

Transfer CollectivePricer::by_pattern(CollectiveOp op, double bytes, const Span& span, const Placement::Pattern& p,
                                      const Paid& paid) const {
  switch (p.algorithm) {
  case Algorithm::send: {
    const double latency = span.domains == 1 ? nodes(span).timing.point_to_point.value.count()
                                             : cluster_.fabric.latency.point_to_point.value.count();
    const double each = bytes / double(p.split);
    return {Algorithm::send, 0, paid.base * latency + paid.between_sites * span.longest_delay, each, each};
  }
  case Algorithm::all_to_all:
  case Algorithm::pairwise: return all_to_all(bytes, span, p, paid);
  case Algorithm::tree:
  case Algorithm::switch_tree:
  case Algorithm::fabric_reduction:
  case Algorithm::halving_doubling:
  case Algorithm::nhr: return stepwise(op, bytes, span, p, paid);
  default: break;
  }
  if (span.domains == 1) return in_domain(op, bytes, span, p, paid);
  const auto& timing = nodes(span).timing;
  const auto& fabric = cluster_.fabric.latency;
  const double n = double(span.ranks), k = double(span.domains), phases = op == CollectiveOp::all_reduce ? 2 : 1;
  const bool pipeline = p.algorithm == Algorithm::pipeline;
  const double moved = (pipeline ? phases : bus_factor(op, span.ranks)) * bytes / double(p.split);
  // A pipeline's pieces go along the rails while others cross the domain.
  const double inside = pipeline ? timing.phase.value.count() : (n - k) * timing.hop.value.count();
  const double hops =
      paid.inside * inside + paid.outside * (k - 1) * fabric.hop.value.count() + paid.between_sites * span.ring_delay;
  return {p.algorithm, 0, phases * (paid.base * fabric.base.value.count() + hops), moved, moved};
}

std::size_t CollectivePricer::pattern_of(const Call& call, const Placement::Communicator& c) const {
  if (c.patterns.size() <= 1) return 0;
  const Algorithm algorithm = choice_.of(call, c.span);
  const bool back = call.op == CollectiveOp::all_to_all_back;
  const auto at = std::find_if(c.patterns.begin(), c.patterns.end(),
                               [&](const Placement::Pattern& p) { return p.algorithm == algorithm && p.back == back; });
  if (at == c.patterns.end()) throw std::logic_error("a message takes links that its communicator has not");
  return std::size_t(at - c.patterns.begin());
}

Transfer CollectivePricer::price(CollectiveOp op, Bytes size, const Placement::Communicator& c, double rate,
                                 TierSet ideal) const {
  if (c.span.ranks <= 1) return {};
  const std::size_t pattern = c.patterns.empty() ? 0 : pattern_of({op, size.count(), rate}, c);
  Paid paid;
  if (ideal != 0) {
    if ((c.tiers(pattern) & ~ideal) == 0) // nothing to wait for
      return {c.patterns.empty() ? Algorithm::tree : c.patterns[pattern].algorithm, pattern};
    auto left = [ideal](std::size_t tier) { return (ideal & tier_bit(tier)) ? 0.0 : 1.0; };
    paid = {1, left(scale_up_tier), left(card_tier), left(site_tier)};
  }
  if (c.patterns.empty()) {
    // A scalar for everybody: a double binary tree's latency, no bytes worth a flow. NCCL tuning.cc:
    // base + 2·[(n/k − 1)·hop inside + log2(k)·hop outside].
    const auto& fabric = cluster_.fabric.latency;
    const double n = double(c.span.ranks), k = double(c.span.domains);
    const double hops = paid.inside * (std::ceil(n / k) - 1) * nodes(c.span).timing.hop.value.count() +
                        paid.outside * std::ceil(std::log2(std::max(1.0, k))) * fabric.hop.value.count();
    const double between = paid.between_sites * std::ceil(std::log2(double(c.span.sites))) * c.span.longest_delay;
    return {Algorithm::tree, 0, fabric.base.value.count() + 2 * (hops + between), 0, 0};
  }
  Transfer out = by_pattern(op, size.count(), c.span, c.patterns[pattern], paid);
  out.pattern = pattern;
  out.units *= c.patterns[pattern].parts;
  if (rate > 0) {
    out.latency += bus_factor(op, c.span.ranks) * size.count() / rate;
    out.units = 0;
  }
  return out;
}

double CollectivePricer::isolated(CollectiveOp op, Bytes size, const Placement& placement,
                                  const Placement::Communicator& c, const std::vector<double>& capacity,
                                  TierSet ideal) const {
  const Transfer t = price(op, size, c, 0, ideal);
  double slowest = 0;
  if (!c.patterns.empty())
    for (const LinkUse& use : placement.uses_of(c.patterns[t.pattern]))
      if (!(ideal & tier_bit(placement.links[use.link].tier)))
        slowest = std::max(slowest, t.units / c.patterns[t.pattern].parts * double(placement.own_weight(c, use)) /
                                        capacity[use.link]);
  return t.latency + slowest;
}

} // namespace weft::sim
