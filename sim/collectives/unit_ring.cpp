// load_ring over the units of a symmetry: what one unit of a run adds, as often as the run has units, and the edges
// between units. With g members in every domain, each of the g channels enters a domain at another member; all
// together, every member sends to the one after it g - 1 times (in every other domain to the one before it), and to
// the member at its own place in the next domain once.
#include "sim/collectives/patterns.hpp"

#include <algorithm>
#include <tuple>

namespace weft::sim {

UnitRings::UnitRings(LinkLoader& loader) : loader_(loader), symmetry_(loader.symmetry()) {
  for (const auto& g : loader.topology().groups())
    if (symmetry_.width() % g.ranks != 0) {
      blocks_.push_back(g.ranks);
      whole_domains_ = whole_domains_ && g.ranks % loader.topology().ranks_per_domain() == 0;
    }
  std::sort(blocks_.begin(), blocks_.end());
  blocks_.erase(std::unique(blocks_.begin(), blocks_.end()), blocks_.end());
}

std::int32_t UnitRings::load(const std::vector<std::int32_t>& members, Algorithm algorithm) {
  if (algorithm == Algorithm::ring || algorithm == Algorithm::pipeline)
    return load_ring(members, algorithm == Algorithm::pipeline);
  return algorithm == Algorithm::nhr ? load_strides(members) : 0;
}

std::int32_t UnitRings::load_ring(const std::vector<std::int32_t>& members, bool pipeline) {
  std::vector<Segment> segments;
  std::int64_t stretch = -1, domains = 0;
  for (const auto& domain : by_domain(members, loader_.topology())) {
    const std::int64_t at = domain.front() / (symmetry_.units() * symmetry_.width());
    if (at != stretch) segments.emplace_back();
    stretch = at;
    segments.back().push_back(domain);
    ++domains;
  }
  if (!even(segments)) return 0;
  const std::int64_t k = domains * symmetry_.units();
  const std::int64_t within = pipeline ? k : 1, across = pipeline ? k - 1 : 1; // pieces of a flow
  for (const auto& run : symmetry_.runs()) {
    std::size_t position = 0;
    for (const Segment& segment : segments)
      for (std::size_t d = 0; d < segment.size(); ++d, ++position) {
        inside(segment[d], position % 2 == 0, run, within);
        if (d + 1 < segment.size()) join(segment[d], segment[d + 1], run.first, run.first, across * run.count, 0);
      }
  }
  for (std::size_t s = 0; s < segments.size(); ++s) {
    for (const Edges& edges : between(segments[s]))
      join(segments[s].back(), segments[s].front(), edges.from_unit, edges.from_unit + 1, across * edges.count, 0);
    const bool closes = s + 1 == segments.size();
    // Through an odd number of domains a channel comes back one place further on.
    const bool shifted = closes && !pipeline && k % 2 != 0;
    join(segments[s].back(), segments[closes ? 0 : s + 1].front(), symmetry_.units() - 1, 0, across, shifted ? 1 : 0);
  }
  return std::int32_t(std::int64_t(segments.front().front().size()) * (pipeline ? k : 1));
}

/// Every domain holds as many members, and where a ring's direction shows on the links, all units begin alike.
bool UnitRings::even(const std::vector<Segment>& segments) const {
  const auto kind = loader_.scale_up(0);
  const bool ports = kind == platforms::ScaleUpKind::switched || kind == platforms::ScaleUpKind::two_tier;
  const bool mesh = kind == platforms::ScaleUpKind::full_mesh;
  const std::size_t g = segments.front().front().size();
  if (!whole_domains_) return false;
  return std::all_of(segments.begin(), segments.end(), [&](const Segment& segment) {
    return (g <= 2 || ports || mesh || segment.size() % 2 == 0) &&
           std::all_of(segment.begin(), segment.end(), [&](const Domain& d) { return d.size() == g; });
  });
}

void UnitRings::inside(const Domain& domain, bool upwards, const Symmetry::Run& run, std::int64_t times) {
  const std::size_t g = domain.size();
  if (loader_.scale_up(0) == platforms::ScaleUpKind::full_mesh) {
    for (std::int32_t a : domain)
      for (std::int32_t b : domain)
        if (a != b) loader_.flow(symmetry_.moved(a, 0, run.first), symmetry_.moved(b, 0, run.first), times * run.count);
    return;
  }
  for (std::size_t i = 0; i < g && g > 1; ++i)
    loader_.flow(symmetry_.moved(domain[i], 0, run.first),
                 symmetry_.moved(domain[(i + (upwards ? 1 : g - 1)) % g], 0, run.first),
                 times * run.count * std::int64_t(g - 1));
}

void UnitRings::join(const Domain& from, const Domain& to, std::int64_t from_unit, std::int64_t to_unit,
                     std::int64_t times, std::size_t shift) {
  for (std::size_t i = 0; i < from.size(); ++i)
    loader_.flow(symmetry_.moved(from[i], 0, from_unit), symmetry_.moved(to[(i + shift) % to.size()], 0, to_unit),
                 times);
}

/// Edges from every unit to the next one of its stretch, alike where they join the same runs through the same blocks.
const std::vector<UnitRings::Edges>& UnitRings::between(const Segment& segment) {
  const std::int64_t domain = loader_.topology().ranks_per_domain();
  const std::int64_t leaves = segment.back().front() / domain * domain;
  const std::int64_t enters = segment.front().front() / domain * domain;
  auto [known, fresh] = known_.try_emplace({leaves, enters});
  if (!fresh) return known->second;
  std::map<std::tuple<std::size_t, std::size_t, std::uint64_t>, Edges> kinds;
  const auto& runs = symmetry_.runs();
  std::size_t run = 0;
  for (std::int64_t u = 0; u + 1 < symmetry_.units(); ++u) {
    const std::size_t next = run + (run + 1 < runs.size() && u + 1 >= runs[run + 1].first ? 1 : 0);
    const std::int64_t from = symmetry_.moved(leaves, 0, u), to = symmetry_.moved(enters, 0, u + 1);
    std::uint64_t crossed = 0;
    for (std::size_t b = 0; b < blocks_.size(); ++b)
      crossed |= std::uint64_t(from / blocks_[b] != to / blocks_[b]) << b;
    ++kinds.try_emplace({run, next, crossed}, Edges{u, 0}).first->second.count;
    run = next;
  }
  for (const auto& [kind, edges] : kinds)
    known->second.push_back(edges);
  return known->second;
}

} // namespace weft::sim
