#include "sim/choice.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weft::sim {
namespace {

using platforms::CollectiveLibrary;
using platforms::ScaleUpKind;
using workloads::CollectiveOp;

/// What NCCL's tuner believes of its protocols LL, LL128 and Simple (NVIDIA/nccl@5067397, 2.30.7,
/// src/graph/tuning.cc), in µs. It orders algorithms by these; what they take is priced elsewhere.
struct Protocol {
  double base, nvlink, pcie, network;
};
constexpr std::array<Protocol, 3> ring_protocols{{{6.6, 0.6, 1.0, 2.7}, {14, 1.9, 2.5, 4.0}, {8.4, 3.4, 5.7, 14}}};
constexpr std::array<Protocol, 3> tree_protocols{{{6.8, 0.6, 1.0, 5.0}, {14, 1.25, 1.9, 8.5}, {8.4, 4.0, 4.0, 14}}};
constexpr double switches_us = 25, switches_network_us = 20.9; ///< NVLS inside a domain; NVLSTree between domains
constexpr double post_us = 1;                                  ///< of a message to the network; three for Simple
constexpr double plateau = 1.4; ///< of the latency of Simple rings, from so many bytes per channel and rank on:
constexpr double plateau_from = 64;
constexpr double channels = 16; ///< of a Hopper node with eight cards; they matter to the plateau only
/// Most that LL moves between nodes, GB/s, on Intel hosts: two nodes, more.
constexpr double ll_two_nodes = 39, ll_more_nodes = 20.4;
/// Trees fall short of their model in the middle: by powers of two from 64 B on, for LL, LL128 and Simple.
constexpr std::array<std::array<double, 23>, 3> tree_correction{
    {{1, 1, 1, 1, .9, .8, .7, .7, .7, .7, .6, .5, .4, .4, .5, .6, .7, .8, .9, 1, 1, 1, 1},
     {1, 1, 1, 1, 1, .9, .8, .8, .8, .7, .6, .6, .6, .6, .6, .6, .8, .9, .9, .9, .9, 1, 1},
     {.9, .9, .9, .9, .9, .9, .9, .8, .7, .6, .6, .5, .5, .5, .5, .6, .7, .8, .7, .7, .8, .9, .9}}};

/// An all-reduce as the tuner sees it. Rates are bus bandwidths in bytes per µs.
struct Tuned {
  double bytes, n, k;
  double ring, between; ///< the slower of ports and cards, cards; trees go as fast as rings
  double ll_inside;     ///< most that LL moves inside a domain
  bool pcie;

  /// bytes / rate and the latency of the fastest protocol.
  [[nodiscard]] double ring_us() const {
    double least = 1e300;
    for (std::size_t p = 0; p < 3; ++p) {
      if (p == 1 && pcie) continue; // LL128 needs NVLink
      const Protocol& latency = ring_protocols[p];
      // Alone in its domain a rank pays a network step in full: the tree's.
      const double network = n == k ? tree_protocols[p].network : latency.network;
      const double inside_us = std::max(pcie ? latency.pcie : latency.nvlink, k > 1 ? post_us * (p == 2 ? 3 : 1) : 0);
      double us = latency.base + 2 * (n - k) * inside_us + (k > 1 ? 2 * (k - 1) * network : 0);
      if (p == 2 && k > 1 && bytes / (channels * n) >= plateau_from) us *= plateau;
      const double rate = p == 0 ? std::min(ll(), ring * 0.5) : p == 1 ? ring * 0.92 : ring;
      least = std::min(least, us + bytes / (rate * n / (2 * (n - 1))));
    }
    return least;
  }
  [[nodiscard]] double tree_us() const {
    double least = 1e300;
    const double size = bytes < 64 ? -1 : std::floor(std::log2(bytes / 64));
    for (std::size_t p = 0; p < 3; ++p) {
      if (p == 1 && pcie) continue;
      const Protocol& latency = tree_protocols[p];
      const double hops =
          (std::floor(n / k) - 1) * (pcie ? latency.pcie : latency.nvlink) + std::floor(std::log2(k)) * latency.network;
      double rate = ring * 0.92;
      if (p == 0) rate = std::min(rate / 3.8, ll());
      if (p == 1) rate *= 120.0 / 128;
      if (size >= 0 && size < 23) rate *= tree_correction[p][std::size_t(size)];
      least = std::min(least, latency.base + 2 * hops + bytes / (rate / 2));
    }
    return least;
  }
  /// `reduced`: bus bandwidth of switches that reduce.
  [[nodiscard]] double switches(double reduced) const {
    const double rate = k > 1 ? std::min(reduced, between * (k == 2 ? 2 : 1)) : reduced;
    return switches_us + (k > 1 ? 2 * std::floor(std::log2(k)) * switches_network_us : 0) +
           bytes / (rate * n / (2 * (n - 1)));
  }

private:
  [[nodiscard]] double ll() const { return k == 1 ? ll_inside : 1e3 * (k == 2 ? ll_two_nodes : ll_more_nodes); }
};

bool power_of_two(std::int64_t n) {
  return std::has_single_bit(std::uint64_t(n));
}

} // namespace

Choice::Choice(const platforms::Cluster& cluster) {
  std::vector<platforms::Cluster> parts;
  for (std::size_t i = 0; i < cluster.part_count(); ++i)
    parts.push_back(cluster.part(i));
  parts_ = std::make_shared<const std::vector<platforms::Cluster>>(std::move(parts));
}

platforms::CollectiveLibrary Choice::library(const Span& span) const {
  const CollectiveLibrary first = nodes(span).accelerator.collective_library;
  for (std::size_t i = 0; i < parts_->size(); ++i)
    if ((span.parts >> i & 1) != 0 && (*parts_)[i].accelerator.collective_library != first)
      return CollectiveLibrary::other;
  return first;
}

bool Choice::all_reduce_in_switches(const Span& span) const {
  for (std::size_t i = 0; i < parts_->size(); ++i)
    if ((span.parts >> i & 1) != 0 && !(*parts_)[i].accelerator.scale_up.timing.in_network_efficiency) return false;
  return true;
}

Result<Choice> Choice::make(const platforms::Cluster& cluster, const workloads::Collectives& forced) {
  Choice out(cluster);
  const std::pair<CollectiveOp, const std::optional<workloads::NamedAlgorithm>&> all[] = {
      {CollectiveOp::all_reduce, forced.all_reduce},
      {CollectiveOp::all_gather, forced.all_gather},
      {CollectiveOp::reduce_scatter, forced.reduce_scatter},
      {CollectiveOp::all_to_all, forced.all_to_all}};
  for (const auto& [op, named] : all) {
    if (!named) continue;
    const auto algorithm = algorithm_named(named->name);
    // Of those that run in phases, a step knows only what is one activity.
    std::vector<std::string> able;
    for (const AlgorithmRow& row : algorithm_table())
      if (row.id != Algorithm::hierarchical && std::find(row.ops.begin(), row.ops.end(), op) != row.ops.end())
        able.emplace_back(row.name);
    if (!algorithm || std::find(able.begin(), able.end(), named->name) == able.end())
      return fail(named->mark, fmt::format("`{}` runs no {} of a step; these do: {}", named->name, op_name(op),
                                           fmt::join(able, ", ")));
    if (*algorithm != Algorithm::automatic) out.forced_[op] = {*algorithm, named->mark};
  }
  return out;
}

double Choice::cards(const Span& span) const {
  const platforms::Cluster& here = nodes(span);
  const platforms::Nics& nics = here.node.nics;
  const double domain = double(here.ranks_per_domain());
  const double all = double(nics.per_node) * double(here.domain) / double(here.node.accelerators);
  const double mine = double(span.ranks) / double(span.domains);
  const double used = all >= domain ? mine * all / domain : std::min(mine, all);
  return used * nics.bandwidth.value.count() * nics.efficiency.value;
}

Algorithm Choice::by_nccl(CollectiveOp op, double bytes, const Span& span) const {
  if (op != CollectiveOp::all_reduce) return Algorithm::ring;
  const platforms::Cluster& here = nodes(span);
  const auto& port = here.accelerator.scale_up;
  const double line = 1e-6 * port.bandwidth.value.count() / double(here.accelerator.ranks_per_accelerator);
  const double inside = line * port.timing.efficiency.value, between = 1e-6 * cards(span);
  const double ring = span.domains == 1 ? inside : span.ranks == span.domains ? between : std::min(inside, between);
  const double ll = port.timing.low_latency_rate ? 1e-6 * port.timing.low_latency_rate->value.count() : inside / 2;
  const Tuned tuned{bytes,
                    double(span.ranks),
                    double(span.domains),
                    ring,
                    between,
                    ll,
                    nodes(span).node.scale_up == ScaleUpKind::pcie};
  std::vector<std::pair<double, Algorithm>> offered{{tuned.ring_us(), Algorithm::ring}};
  if (span.domains > 1) offered.emplace_back(tuned.tree_us(), Algorithm::tree);
  const Algorithm reducing = span.domains > 1 ? Algorithm::switch_tree : Algorithm::in_network;
  const bool from = span.domains > 1
                        ? span.ranks >= 2 * span.domains
                        : port.timing.in_network_ranks && span.ranks >= port.timing.in_network_ranks->value;
  if (from && refusal(reducing, span).empty())
    offered.emplace_back(tuned.switches(line * port.timing.in_network_efficiency->value), reducing);
  return std::min_element(offered.begin(), offered.end(),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

/// hicann/hcomm, coll_alg_operator.cc (least cost, Atlas A2) and alg_configurator.cc (by servers, the others).
Algorithm Choice::by_hccl(CollectiveOp op, double bytes, const Span& span, bool phases) const {
  const std::int64_t k = span.domains;
  const bool several = span.ranks > k;
  Algorithm between = Algorithm::ring;
  switch (library(span)) {
  case CollectiveLibrary::hccl_a2:
    // 60 µs a step and equal bytes: rings take k - 1 steps, the nonuniform one ⌈log2 k⌉ of them; ties go to the ring.
    // Halving takes as many, or as many and more bytes, and loses ties.
    if (k - 1 > std::int64_t(std::bit_width(std::uint64_t(k - 1)))) between = Algorithm::nhr;
    if (several && span.per_domain > 1 && nodes(span).node.scale_up == ScaleUpKind::full_mesh) {
      const double from = op == CollectiveOp::all_reduce ? 1048576 : 32768; // bytes of a rank's piece
      if (!phases || bytes / double(span.ranks) >= from) return Algorithm::pipeline;
    }
    break;
  case CollectiveLibrary::hccl_a3: between = k < 8 && !power_of_two(k) ? Algorithm::ring : Algorithm::nhr; break;
  case CollectiveLibrary::hccl_950: between = Algorithm::nhr; break;
  default: between = k < 8 && !power_of_two(k) ? Algorithm::ring : Algorithm::halving_doubling;
  }
  if (!several) return between;
  if (!phases || span.per_domain <= 1)
    return Algorithm::ring; // one activity: the ring puts the same bytes on ports and cards
  return between == Algorithm::ring ? Algorithm::hierarchical : between;
}

Algorithm Choice::in_phases(CollectiveOp op, double bytes, const Span& span) const {
  if (op == CollectiveOp::all_to_all) return Algorithm::all_to_all;
  if (span.domains == 1)
    if (nodes(span).node.scale_up == ScaleUpKind::full_mesh) return Algorithm::mesh;
  switch (library(span)) {
  case CollectiveLibrary::nccl: return by_nccl(op, bytes, span);
  case CollectiveLibrary::hccl_910:
  case CollectiveLibrary::hccl_a2:
  case CollectiveLibrary::hccl_a3:
  case CollectiveLibrary::hccl_950: return span.domains > 1 ? by_hccl(op, bytes, span, true) : Algorithm::ring;
  case CollectiveLibrary::other: break;
  }
  return Algorithm::ring;
}

Algorithm Choice::of(const Call& asked, const Span& span) const {
  Call call = asked;
  if (call.op == CollectiveOp::all_to_all_back) call.op = CollectiveOp::all_to_all;
  if (call.rate > 0) return Algorithm::ring;
  const auto forced = forced_.find(call.op);
  if (forced != forced_.end() && refusal(forced->second.algorithm, span).empty()) return forced->second.algorithm;
  const bool hccl = library(span) >= CollectiveLibrary::hccl_910;
  if (hccl && span.domains > 1 && call.op != CollectiveOp::all_to_all) return by_hccl(call.op, call.bytes, span, false);
  return in_phases(call.op, call.bytes, span);
}

std::string Choice::refusal(Algorithm algorithm, const Span& span) const {
  const bool reduces = all_reduce_in_switches(span);
  switch (algorithm) {
  case Algorithm::mesh:
    if (span.domains == 1 && nodes(span).node.scale_up == ScaleUpKind::full_mesh) break;
    return "algorithm `mesh` needs direct links between all ranks: a full mesh, inside one scale-up domain";
  case Algorithm::in_network:
    if (span.domains == 1 && reduces) break;
    return fmt::format("algorithm `in-network` needs switches that reduce, inside one scale-up domain; {} has {}",
                       nodes(span).accelerator.name, span.domains == 1 ? "none" : "none between domains");
  case Algorithm::switch_tree:
    if (span.domains > 1 && span.per_domain > 1 && reduces) break;
    return fmt::format("algorithm `nvls-tree` joins several scale-up domains whose switches reduce; here {}",
                       !reduces            ? "no switch does"
                       : span.domains == 1 ? "there is one domain"
                                           : "domains have one rank, or not equally many");
  case Algorithm::fabric_reduction:
    if (span.domains > 1 && span.per_domain > 1 && reduces && nodes(span).fabric.reduction) break;
    return fmt::format(
        "algorithm `sharp` joins several scale-up domains whose switches reduce, as the fabric's do; here {}",
        !nodes(span).fabric.reduction ? "those of the fabric do not (fabric.reduction)"
        : !reduces                    ? "those inside domains do not"
        : span.domains == 1           ? "there is one domain"
                                      : "domains have one rank, or not equally many");
  case Algorithm::pipeline:
    if (span.domains > 1 && span.per_domain > 1) break;
    return "algorithm `pipeline` joins scale-up domains with equally many ranks each: it needs two of both";
  default: break;
  }
  return {};
}

} // namespace weft::sim
