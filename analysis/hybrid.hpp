#pragma once
// A cluster and its software put together out of two others, part by part: what a swap simulates
// (analysis/docs/swap.md). Ranks stay as many as the plan has; everything else is counted by package, as sold: a
// package of one cluster in the other's socket has that socket's port and cards.

#include "analysis/headline.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace weft::analysis {

/// What is taken from one cluster or the other.
enum class SwapPart {
  compute,   ///< peaks, memory, ranks a package, link to the host
  scale_up,  ///< kind, bandwidths, node and domain, torus or PCIe tree, whether its switches reduce; collective library
  scale_out, ///< cards and their rate, tiers, oversubscription, planes, routing, sites, whether its switches reduce
  kernels,   ///< efficiencies of matmuls, attention, streaming; launches; the software stack
  line_rate, ///< achieved over nominal rate of scale-up links, cards, exchanges, switches that reduce, sites
  latency    ///< of phases, hops, sends, the √ term; σ, what a collective takes from compute beside it
};
inline constexpr std::size_t swap_part_count = 6;
inline constexpr std::array<std::string_view, swap_part_count> swap_part_names{
    "compute and HBM",         "scale-up fabric and domain", "scale-out fabric",
    "efficiencies of kernels", "share of line rate",         "latency and core theft"};

/// Bit p: part p is the second one's.
using SwapSet = unsigned;
constexpr SwapSet bit(SwapPart part) {
  return 1U << unsigned(part);
}
inline constexpr SwapSet swap_all = (1U << swap_part_count) - 1;
/// The fabrics, what is reached of their rates, latencies: the network, without the chip.
inline constexpr SwapSet swap_network =
    bit(SwapPart::scale_up) | bit(SwapPart::scale_out) | bit(SwapPart::line_rate) | bit(SwapPart::latency);

/// The first one with those parts of the second; `recompute: auto` on either side is auto in every one. Where nodes are
/// of two sizes, a package keeps its cards and a block of a tier holds the nearest number of whole nodes; what cannot
/// be (cards that do not come out whole or cannot be shared, a site that is not made of blocks) is an error. REQUIRES:
/// check_swappable.
Result<Case> hybrid(const Case& first, const Case& second, SwapSet from_second);

/// Whether two scenarios differ in their hardware and software only: equal model, training and plan (but for
/// `recompute: auto`), equal ranks, one kind of node, nothing degraded, left out or part-filled.
Result<void> check_swappable(const Case& first, const Case& second);

} // namespace weft::analysis
