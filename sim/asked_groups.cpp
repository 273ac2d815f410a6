#include "sim/asked_groups.hpp"

#include "sim/collectives/patterns.hpp"

#include <algorithm>

namespace weft::sim {

std::vector<std::int32_t> ranks_of(std::int64_t first, std::int64_t end, std::int64_t step) {
  std::vector<std::int32_t> out;
  for (std::int64_t r = first; r < end; r += step)
    out.push_back(std::int32_t(r));
  return out;
}

std::int64_t ranks_in_domains(const platforms::Topology& topology) {
  std::int64_t first = 0, in_domain = 0;
  for (std::int64_t r = 1; r <= topology.ranks(); ++r) {
    if (r < topology.ranks() && topology.domain_of(r) == topology.domain_of(first)) continue;
    if (in_domain > 0 && r - first != in_domain) return 0;
    in_domain = r - first;
    first = r;
  }
  return in_domain;
}

std::vector<Span> spans_of(const platforms::Cluster& cluster, std::int64_t ranks, GroupKind group) {
  if (cluster.uniform()) {
    const std::int64_t in_domain = std::min(ranks, cluster.ranks_per_domain());
    const std::int64_t domains = (ranks + in_domain - 1) / in_domain;
    switch (group) {
    case GroupKind::domains: return {{in_domain, 1, in_domain}};
    case GroupKind::rails: return {{domains, domains, 1}};
    case GroupKind::world: break;
    }
    return {{ranks, domains, ranks % in_domain == 0 ? in_domain : 0}};
  }
  const platforms::Topology topology(cluster, ranks);
  workloads::Plan everybody;
  everybody.dp = ranks;
  const Symmetry none = Symmetry::none(everybody);
  std::vector<Placement::PlacedLink> links;
  const LinkLoader loader(topology, none, links);
  std::vector<Span> out;
  if (group == GroupKind::world) out.push_back(loader.span(ranks_of(0, ranks, 1)));
  if (group == GroupKind::rails)
    if (const std::int64_t step = ranks_in_domains(topology); step > 0)
      out.push_back(loader.span(ranks_of(0, ranks, step)));
  for (std::int64_t first = 0, next = 0; group == GroupKind::domains && first < ranks; first = next) {
    while (next < ranks && topology.domain_of(next) == topology.domain_of(first))
      ++next;
    out.push_back(loader.span(ranks_of(first, next, 1)));
  }
  return out;
}

} // namespace weft::sim
