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

namespace {

bool direct_links(const std::vector<std::int32_t>& domain, const LinkLoader& loader) {
  return loader.scale_up(domain.front()) == platforms::ScaleUpKind::full_mesh;
}

} // namespace

std::int32_t load_pipeline(const std::vector<std::int32_t>& members, LinkLoader& loader) {
  const auto domains = by_domain(members, loader.topology());
  const auto k = std::int64_t(domains.size());
  for (std::size_t d = 0; d < domains.size(); ++d) {
    const auto& domain = domains[d];
    const std::size_t g = domain.size();
    const bool direct = direct_links(domain, loader);
    for (std::size_t i = 0; i < g; ++i) {
      loader.flow(domain[i], domains[(d + 1) % domains.size()][i], k - 1);
      for (std::size_t to = 1; direct && to < g; ++to)
        loader.flow(domain[i], domain[(i + to) % g], k);
      if (!direct && g > 1) loader.flow(domain[i], domain[(i + 1) % g], k * std::int64_t(g - 1));
    }
  }
  return std::int32_t(members.size());
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
  for (const auto& domain : domains) {
    if (!direct_links(domain, loader) || domain.size() < 2) continue;
    // As many channels as members, each in an order of its own: once over every link. With further channels as often;
    // those that do not make a round go along one order, below.
    const auto rounds = channels / std::int32_t(domain.size());
    for (std::int32_t a : domain)
      for (std::int32_t b : domain)
        if (a != b) loader.flow(a, b, rounds);
  }
  for (std::int32_t channel = 0; channel < channels; ++channel) {
    std::int32_t entry = channel, previous = -1, first = -1;
    for (std::size_t i = 0; i < domains.size(); ++i) {
      const auto& domain = domains[i];
      const auto g = std::int32_t(domain.size());
      const bool direct = direct_links(domain, loader);
      entry %= g;
      if (previous >= 0) loader.flow(previous, domain[std::size_t(entry)]);
      if (i == 0) first = domain[std::size_t(entry)];
      const std::int32_t step = i % 2 == 0 ? 1 : g - 1; // up, then down: leaves on the rail where it came in
      std::int32_t at = entry;
      for (std::int32_t n = 1; n < g; ++n) {
        const std::int32_t next = (at + step) % g;
        if (!direct || channel >= channels / g * g) loader.flow(domain[std::size_t(at)], domain[std::size_t(next)]);
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
