#include "sim/collectives/patterns.hpp"

#include <algorithm>
#include <numeric>

namespace weft::sim {
namespace {

constexpr std::int32_t most_channels = 64;

std::int32_t channels_of(const DomainMembers& domains) {
  std::int32_t channels = 1, widest = 1;
  for (const auto& d : domains) {
    const auto g = std::int32_t(d.size());
    widest = std::max(widest, g);
    channels = std::min(std::lcm(channels, g), most_channels + 1);
  }
  return channels > most_channels ? widest : channels;
}

} // namespace

DomainMembers by_domain(const std::vector<std::int32_t>& members, const platforms::Topology& topology) {
  DomainMembers domains;
  std::int64_t last = -1;
  for (std::int32_t m : members) { // members ascend, and so do domains
    if (topology.domain_of(m) != last) domains.emplace_back();
    last = topology.domain_of(m);
    domains.back().push_back(m);
  }
  for (auto& domain : domains)
    topology.order_ring(domain);
  return domains;
}

std::int32_t load_ring(const std::vector<std::int32_t>& members, LinkLoader& loader) {
  const auto domains = by_domain(members, loader.topology());
  if (domains.size() == 1) {
    const auto& ring = domains.front();
    const bool both_ways = loader.scale_up(ring.front()) == platforms::ScaleUpKind::torus && ring.size() > 2;
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const std::int32_t next = ring[(i + 1) % ring.size()];
      loader.flow(ring[i], next);
      if (both_ways) loader.flow(next, ring[i]);
    }
    return both_ways ? 2 : 1;
  }
  const std::int32_t channels = channels_of(domains);
  for (std::int32_t channel = 0; channel < channels; ++channel) {
    std::int32_t entry = channel, previous = -1, first = -1;
    for (std::size_t i = 0; i < domains.size(); ++i) {
      const auto& domain = domains[i];
      const auto g = std::int32_t(domain.size());
      entry %= g;
      if (previous >= 0) loader.flow(previous, domain[std::size_t(entry)]);
      if (i == 0) first = domain[std::size_t(entry)];
      const std::int32_t step = i % 2 == 0 ? 1 : g - 1; // up, then down: leaves on the rail where it came in
      std::int32_t at = entry;
      for (std::int32_t n = 1; n < g; ++n) {
        const std::int32_t next = (at + step) % g;
        loader.flow(domain[std::size_t(at)], domain[std::size_t(next)]);
        at = next;
      }
      previous = domain[std::size_t(at)];
      entry = at;
    }
    loader.flow(previous, first);
  }
  return channels;
}

} // namespace weft::sim
