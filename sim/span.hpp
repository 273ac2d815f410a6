#pragma once
// How a communicator's ranks lie: what latencies and the choice of an algorithm follow from.

#include <cstdint>

namespace weft::sim {

struct Span {
  std::int64_t ranks = 0;
  std::int64_t domains = 0;    ///< scale-up domains it touches
  std::int64_t per_domain = 0; ///< ranks in each of them; 0: not the same in all
  std::int64_t sites = 1;
  std::int32_t part = 0;    ///< of the cluster, in which all of them are; -1: in several
  std::uint64_t parts = 1;  ///< in which some of them are, as bits
  double ring_delay = 0;    ///< s of light between sites on the longest way through the ring
  double longest_delay = 0; ///< s between the two sites farthest apart
};

} // namespace weft::sim
