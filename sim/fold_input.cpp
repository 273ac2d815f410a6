#include "sim/fold_input.hpp"

#include <bit>

namespace weft::sim {

FoldInput fold_input(const Placement& placement, const platforms::Topology& topology,
                     const CollectivePricer& collectives, const std::vector<double>& speed, RoleSet fused) {
  FoldInput in;
  std::vector<bool> binding;
  for (const auto& placed : placement.links) {
    const platforms::Link link = topology.link(placed.id);
    const double capacity = collectives.capacity(link);
    binding.push_back(link.binding);
    in.capacity.push_back(capacity);
    in.group.push_back(std::int32_t(topology.group_of(placed.id)));
    in.start.link.push_back(colour_of({std::bit_cast<std::uint64_t>(capacity), std::uint64_t(link.kind), placed.tier}));
  }
  in.solver_link.assign(binding.size(), false);
  for (const auto& c : placement.communicators) {
    if (fused & bit(c.role)) continue;
    for (const Placement::Pattern& pattern : c.patterns)
      for (const LinkUse& use : placement.uses_of(pattern))
        in.solver_link[use.link] = binding[use.link];
  }
  for (std::size_t r = 0; r < placement.cells.size(); ++r)
    in.start.rank.push_back(colour_of({std::bit_cast<std::uint64_t>(speed[r]), std::uint64_t(placement.cells[r].stage),
                                       std::uint64_t(placement.cells[r].kind)}));
  for (const auto& c : placement.communicators) {
    std::uint64_t colour = colour_of({std::uint64_t(c.role), std::uint64_t(c.span.ranks), std::uint64_t(c.span.domains),
                                      std::uint64_t(c.span.per_domain), std::uint64_t(c.span.sites),
                                      std::bit_cast<std::uint64_t>(c.span.ring_delay),
                                      std::bit_cast<std::uint64_t>(c.span.longest_delay), c.span.parts});
    for (const Placement::Pattern& pattern : c.patterns)
      colour = colour_of({colour, std::uint64_t(pattern.algorithm), std::uint64_t(pattern.split),
                          std::uint64_t(pattern.parts), std::bit_cast<std::uint64_t>(pattern.cross_share),
                          std::bit_cast<std::uint64_t>(pattern.most), std::uint64_t(pattern.back), pattern.tiers});
    in.start.communicator.push_back(colour);
  }
  return in;
}

} // namespace weft::sim
