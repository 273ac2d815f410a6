#include "sim/isolation.hpp"

#include <algorithm>

namespace weft::sim {

RoleSet find_isolated(const workloads::Scenario& s, const platforms::Topology& topology, const Placement& placement) {
  const workloads::Plan& plan = s.plan;
  RoleSet candidates = layer_roles;
  if (plan.ep_overlap || plan.schedule == workloads::Schedule::dualpipe) candidates &= ~bit(Role::ep);
  if (s.uneven() && plan.cp * plan.ep > 1) candidates = 0; // lockstep would not be exact
  std::vector<RoleSet> roles(placement.links.size(), 0);
  std::vector<double> capacity;
  for (const auto& link : placement.links)
    capacity.push_back(topology.link(link.id).capacity.count());
  RoleSet shared = 0; // roles that meet another communicator of their own on a link, or whose links are not alike
  // s per unit on the slowest link, of a part's first communicator of a role
  std::vector<std::array<double, role_count>> paces(topology.layout().parts().size());
  for (const auto& c : placement.communicators) {
    if (c.span.domains > 1) shared |= bit(c.role);
    double slowest = 0; // of those inside a domain: those across are shared anyway
    for (const LinkUse& use : placement.uses_of(c))
      slowest = std::max(slowest, double(use.weight) / capacity[use.link] / c.split);
    auto& pace = paces[std::size_t(std::max(0, c.part))]; // in several parts: in several domains
    if (pace[index(c.role)] == 0) pace[index(c.role)] = slowest;
    if (pace[index(c.role)] != slowest) shared |= bit(c.role);
    for (const LinkUse& use : placement.uses_of(c)) {
      if (roles[use.link] & bit(c.role)) shared |= bit(c.role);
      roles[use.link] |= bit(c.role);
    }
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
