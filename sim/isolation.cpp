#include "sim/isolation.hpp"

#include <algorithm>

namespace weft::sim {

RoleSet may_be_isolated(const workloads::Scenario& s) {
  const workloads::Plan& plan = s.plan;
  if (s.uneven() && plan.cp * plan.ep > 1) return 0; // lockstep would not be exact
  const bool beside = plan.ep_overlap || plan.schedule == workloads::Schedule::dualpipe;
  return beside ? layer_roles & ~bit(Role::ep) : layer_roles;
}

RoleSet find_isolated(const workloads::Scenario& s, const platforms::Topology& topology, const Placement& placement) {
  RoleSet candidates = may_be_isolated(s);
  std::vector<RoleSet> roles(placement.links.size(), 0);
  std::vector<double> capacity;
  for (const auto& link : placement.links)
    capacity.push_back(topology.link(link.id).capacity.count());
  RoleSet shared = 0; // roles that meet another communicator of their own on a link, or whose links are not alike
  // s per unit on the slowest link, of the patterns of a part's first communicator of a role. What the patterns are and
  // in which order follows from calls and spans, so it is the same in all that lie alike.
  std::vector<std::array<std::vector<double>, role_count>> pace(topology.layout().parts().size());
  for (const auto& c : placement.communicators) {
    if (c.span.domains > 1) shared |= bit(c.role);
    auto& paces = pace[std::size_t(std::max(0, c.span.part))][index(c.role)]; // in several parts: in several domains
    if (paces.size() < c.patterns.size()) paces.resize(c.patterns.size(), 0);
    for (std::size_t p = 0; p < c.patterns.size(); ++p) {
      double slowest = 0; // of those inside a domain: those across are shared anyway
      for (const LinkUse& use : placement.uses_of(c.patterns[p]))
        slowest = std::max(slowest, double(use.weight) / capacity[use.link] / c.patterns[p].split);
      double& first = paces[p];
      if (first == 0) first = slowest;
      if (first != slowest) shared |= bit(c.role);
    }
    for (const Placement::Pattern& pattern : c.patterns)
      for (const LinkUse& use : placement.uses_of(pattern))
        if (roles[use.link] & bit(c.role)) shared |= bit(c.role);
    for (const Placement::Pattern& pattern : c.patterns)
      for (const LinkUse& use : placement.uses_of(pattern))
        roles[use.link] |= bit(c.role);
  }
  candidates &= ~shared;
  for (RoleSet before = ~candidates; before != candidates;) {
    before = candidates;
    for (RoleSet on_link : roles)
      if (on_link & ~candidates) candidates &= ~on_link;
  }
  return candidates;
}

} // namespace weft::sim
