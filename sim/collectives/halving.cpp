// Collectives of log2(p) steps. Steps come one after the other and no two share a link out at once; what they put on
// a link together is loaded as one activity, its flows weighted by the pieces that each step moves.
#include "sim/collectives/patterns.hpp"

#include <bit>

namespace weft::sim {

std::int32_t load_halving(const std::vector<std::int32_t>& members, LinkLoader& loader) {
  const std::size_t p = members.size(), whole = std::bit_floor(p), extra = p - whole;
  // Those beyond a power of two hand their buffer to a neighbour first and get the result back at the end.
  std::vector<std::int32_t> active;
  for (std::size_t i = 0; i < p; ++i) {
    if (i >= 2 * extra || i % 2 == 0) active.push_back(members[i]);
    if (i < 2 * extra && i % 2 == 1) loader.flow(members[i], members[i - 1], std::int64_t(whole));
  }
  for (std::size_t i = 0; i < 2 * extra; i += 2)
    loader.flow(members[i], members[i + 1], std::int64_t(whole));
  for (std::size_t distance = 1; distance < whole; distance *= 2) // the far half first: distance pieces of whole
    for (std::size_t i = 0; i < whole; ++i)
      loader.flow(active[i], active[i ^ distance], std::int64_t(distance));
  return std::int32_t(whole);
}

std::int32_t load_nhr(const std::vector<std::int32_t>& members, LinkLoader& loader) {
  const std::size_t p = members.size();
  for (std::size_t distance = 1; distance < p; distance *= 2)
    for (std::size_t i = 0; i < p; ++i)
      loader.flow(members[i], members[(i + distance) % p], std::int64_t((p - 1 + distance) / (2 * distance)));
  return std::int32_t(p);
}

} // namespace weft::sim
