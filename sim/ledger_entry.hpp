#pragma once
// The entries of "where time went" and the communication dimensions, shared by prices, engine and ledgers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::sim {

enum class Entry : std::uint8_t {
  useful,       ///< model FLOP (causal) at peak
  below_peak,   ///< matmul and attention slower than peak
  memory_bound, ///< norms, activations, softmax, cross-entropy
  recompute,    ///< work done again, flash attention's fifth matmul included
  host,         ///< the host cannot issue faster; work once a step
  optimizer,
  overlap_slowdown, ///< compute slowed by communication beside it
  tp,
  cp,
  ep,
  pp,
  dp,
  wan,
  other, ///< exposed communication
  bubble,
  imbalance
};
inline constexpr std::size_t entry_count = 16;
inline constexpr std::array<std::string_view, entry_count> entry_names{
    "useful", "below peak", "memory-bound", "recomputation", "host",  "optimizer", "overlap slowdown", "tp", "cp",
    "ep",     "pp",         "dp",           "wan",           "other", "bubble",    "imbalance"};

/// Dimension of a communication.
enum class Dim : std::uint8_t { tp, cp, ep, pp, dp, wan, other };
inline constexpr std::size_t dim_count = 7;
inline constexpr std::array<std::string_view, dim_count> dim_names{"tp", "cp", "ep", "pp", "dp", "wan", "other"};
constexpr Entry entry_of(Dim d) {
  return Entry(std::uint8_t(Entry::tp) + std::uint8_t(d));
}

/// A set of dimensions, as bits.
using DimSet = std::uint8_t;
constexpr DimSet bit(Dim d) {
  return DimSet(1U << std::uint8_t(d));
}
inline constexpr DimSet all_dims = (1U << dim_count) - 1;

using Breakdown = std::array<double, entry_count>; ///< seconds

} // namespace weft::sim
