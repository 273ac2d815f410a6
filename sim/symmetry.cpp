#include "sim/symmetry.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace weft::sim {

using platforms::LinkGroup;
using platforms::LinkId;
using platforms::Topology;
using workloads::Dimension;
using workloads::Plan;

namespace {

/// Smallest factor that makes `n` a multiple of `of`.
std::int64_t factor(std::int64_t n, std::int64_t of) {
  return of / std::gcd(n, of);
}

struct Order {
  std::int64_t inside = 1;          ///< ranks between two values of dp
  std::int64_t inside_of_stage = 1; ///< the same among the ranks of one stage
  bool cp_inside = false;
};
Order order_of(const Plan& plan) {
  Order out;
  for (Dimension d : plan.order) {
    if (d == Dimension::dp) break;
    const std::int64_t size = d == Dimension::tp   ? plan.tp
                              : d == Dimension::cp ? plan.cp
                              : d == Dimension::pp ? plan.pp
                                                   : 1;
    out.inside *= size;
    if (d != Dimension::pp) out.inside_of_stage *= size;
    if (d == Dimension::cp) out.cp_inside = true;
  }
  return out;
}

/// Blocks at whose borders units differ. Those that cannot limit matter for the count of bytes alone: where a border
/// runs through a unit, or where one block holds a unit's segments of several stretches.
std::vector<std::int64_t> borders(const Topology& topology, std::int64_t width, std::int64_t stretch) {
  std::set<std::int64_t> out;
  for (const LinkGroup& g : topology.groups())
    if (width % g.ranks != 0 &&
        (g.binding || g.ranks % width != 0 || (stretch < topology.ranks() && g.ranks > stretch)))
      out.insert(g.ranks);
  for (const auto& [link, share] : topology.degraded()) // one that cannot limit otherwise
    if (const LinkGroup& g = topology.groups()[topology.group_of(link)]; width % g.ranks != 0) out.insert(g.ranks);
  return {out.begin(), out.end()};
}

} // namespace

Symmetry Symmetry::none(const Plan& plan) {
  Symmetry out;
  out.width_ = plan.ranks();
  out.replicas_ = plan.dp;
  out.runs_ = {{0, 1}};
  return out;
}

Symmetry Symmetry::find(const workloads::Scenario& scenario, const Topology& topology) {
  const Plan& plan = scenario.plan;
  if (scenario.jitter.any() || topology.hashed()) return none(plan); // no two ranks, or no two links, are alike
  if (!topology.layout().uniform()) return none(plan);               // places are not ranks
  const Order order = order_of(plan);
  std::int64_t replicas = factor(order.inside, topology.ranks_per_domain());
  if (scenario.model.experts) replicas = std::lcm(replicas, factor(order.inside_of_stage, plan.ep * plan.expert_tp));
  if (plan.shard() < plan.replicas())
    replicas = std::lcm(replicas, order.cp_inside ? factor(plan.cp, plan.shard()) : plan.shard());
  if (plan.ranks() != topology.ranks() || plan.dp % replicas != 0 || plan.dp == replicas) return none(plan);
  for (const LinkGroup& g : topology.groups()) { // a few replicas more, and blocks have no border inside a unit
    const std::int64_t more = std::lcm(replicas, factor(order.inside, g.ranks));
    const bool straddles = g.ranks % (order.inside * replicas) != 0 && order.inside * replicas % g.ranks != 0;
    if (straddles && plan.dp % more == 0 && plan.dp > more) replicas = more;
  }
  Symmetry out;
  out.replicas_ = replicas;
  out.width_ = order.inside * replicas;
  out.units_ = plan.dp / replicas;
  out.outer_ = plan.ranks() / (out.units_ * out.width_);
  for (const LinkGroup& g : topology.groups()) // any two sites have a link of their own: no site is like another
    if (g.kind == platforms::LinkKind::wan && out.width_ % g.ranks == 0) return none(plan);
  out.cut(scenario, topology);
  if (std::int64_t(out.runs_.size()) == out.units_) return none(plan);
  return out;
}

void Symmetry::cut(const workloads::Scenario& scenario, const Topology& topology) {
  std::set<std::int64_t> starts{0};
  auto apart = [&](std::int64_t first, std::int64_t last) { // units that are like no other
    for (std::int64_t u = first; u <= last; ++u)
      starts.insert({u, u + 1});
  };
  for (const auto& slow : scenario.slow_ranks)
    if (slow.rank < topology.ranks()) apart(unit_of(slow.rank), unit_of(slow.rank));
  for (const auto& [link, share] : topology.degraded()) {
    const LinkGroup& g = topology.groups()[topology.group_of(link)];
    if (width_ % g.ranks != 0) continue; // its block is cut off below, or it cannot limit but for this
    const std::int64_t unit = unit_of(std::int64_t(link - g.first) / g.per_block * g.ranks);
    apart(unit, unit);
  }
  // A ring through an odd number of domains comes back one place further on (unit_ring.cpp): where that is another
  // rail, the unit that closes it sends as no other does.
  const bool last_apart = units_ % 2 != 0;
  const std::vector<std::int64_t> blocks = borders(topology, width_, units_ * width_);
  const bool nested = outer_ == 1 && topology.sites() == 1 && starts.size() == 1 && topology.degraded().empty() &&
                      std::all_of(blocks.begin(), blocks.end(), [&](std::int64_t b) { return b % width_ == 0; });
  const std::int64_t ranks = units_ * width_ * outer_;
  if (nested) {
    // Full blocks of a tier can be exchanged whole; so can the full ones inside the block that is not.
    for (const std::int64_t b : blocks) {
      starts.insert(ranks / b * b / width_);
      if (last_apart) starts.insert((ranks - 1) / b * b / width_);
    }
  } else {
    for (const std::int64_t b : blocks)
      for (std::int64_t at = b; at < ranks; at += b) {
        const std::int64_t unit = unit_of(at);
        starts.insert(unit);
        if (at % width_ != 0) starts.insert(unit + 1); // the border runs through the unit
      }
  }
  if (last_apart) starts.insert(units_ - 1);
  runs_.clear();
  for (const std::int64_t first : starts) {
    if (first >= units_) break;
    if (!runs_.empty()) runs_.back().count = first - runs_.back().first;
    runs_.push_back({first, units_ - first});
  }
}

std::size_t Symmetry::run_of(std::int64_t unit) const {
  if (runs_.size() == 1) return 0;
  const auto after =
      std::upper_bound(runs_.begin(), runs_.end(), unit, [](std::int64_t u, const Run& run) { return u < run.first; });
  return std::size_t(after - runs_.begin()) - 1;
}

LinkId Symmetry::canonical(LinkId link, const Topology& topology) const {
  if (units_ == 1) return link;
  const LinkGroup& g = topology.groups()[topology.group_of(link)];
  const std::int64_t i = std::int64_t(link - g.first), block = i / g.per_block;
  return g.first + LinkId(canonical(block * g.ranks) / g.ranks * g.per_block + i % g.per_block);
}

std::int64_t Symmetry::links_like(LinkId link, const Topology& topology) const {
  const LinkGroup& g = topology.groups()[topology.group_of(link)];
  return runs_[run_of(unit_of(std::int64_t(link - g.first) / g.per_block * g.ranks))].count;
}

} // namespace weft::sim
