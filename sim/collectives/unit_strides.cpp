// load_nhr over the units of a symmetry. In a step every member sends as far along the row of all members as every
// other one, so units of a run send alike; edges that join the same runs through the same blocks are loaded once.
#include "sim/collectives/patterns.hpp"

#include <algorithm>
#include <tuple>

namespace weft::sim {

std::int32_t UnitRings::load_strides(const std::vector<std::int32_t>& members) {
  if (!whole_domains_) return 0;
  for (const Stride& s : strides(members))
    loader_.flow(symmetry_.moved(members[s.from], 0, s.from_unit), symmetry_.moved(members[s.to], 0, s.to_unit),
                 s.times);
  return std::int32_t(std::int64_t(members.size()) * symmetry_.units());
}

/// The same for all members in the same domains: cached by these.
const std::vector<UnitRings::Stride>& UnitRings::strides(const std::vector<std::int32_t>& members) {
  const std::int64_t domain = loader_.topology().ranks_per_domain(), units = symmetry_.units();
  std::vector<std::int64_t> places;
  for (const std::int32_t m : members)
    places.push_back(m / domain);
  auto [known, fresh] = strides_.try_emplace(places);
  if (!fresh) return known->second;
  // The row: stretch by stretch, in each of them unit by unit.
  std::vector<std::size_t> starts; // of stretches among the members
  for (std::size_t i = 0; i < members.size(); ++i)
    if (i == 0 || members[i] / (units * symmetry_.width()) != members[i - 1] / (units * symmetry_.width()))
      starts.push_back(i);
  auto at = [&](std::int64_t place) { // member, unit
    const auto next = std::upper_bound(starts.begin(), starts.end(), std::size_t(place / units));
    const std::size_t first = *(next - 1), size = (next == starts.end() ? members.size() : *next) - first;
    const std::int64_t inside = place - std::int64_t(first) * units;
    return std::pair(first + std::size_t(inside % std::int64_t(size)), inside / std::int64_t(size));
  };
  std::map<std::tuple<std::size_t, std::size_t, std::uint64_t>, Stride> kinds;
  const std::int64_t n = std::int64_t(members.size()) * units;
  for (std::int64_t distance = 1; distance < n; distance *= 2) {
    const std::int64_t pieces = (n - 1 + distance) / (2 * distance);
    for (std::int64_t place = 0; place < n; ++place) {
      const auto [from, from_unit] = at(place);
      const auto [to, to_unit] = at((place + distance) % n);
      const std::int64_t sends = symmetry_.moved(members[from], 0, from_unit) / domain * domain;
      const std::int64_t receives = symmetry_.moved(members[to], 0, to_unit) / domain * domain;
      std::uint64_t way = symmetry_.run_of(from_unit) * symmetry_.runs().size() + symmetry_.run_of(to_unit);
      for (const std::int64_t b : blocks_) { // which blocks it leaves, and which of those that stand for others
        way = 2 * way + std::uint64_t(sends / b != receives / b);
        for (const std::int64_t rank : {sends, receives})
          way = way * symmetry_.runs().size() + symmetry_.run_of(symmetry_.unit_of(rank / b * b));
      }
      kinds.try_emplace({from, to, way}, Stride{from, to, from_unit, to_unit, 0}).first->second.times += pieces;
    }
  }
  for (const auto& [kind, stride] : kinds)
    known->second.push_back(stride);
  return known->second;
}

} // namespace weft::sim
