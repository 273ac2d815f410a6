// NCCL's double binary tree over domains (src/graph/trees.cc, ncclGetDtree): two trees of half the buffer each; a
// domain that is a leaf of one is inside the other. Every channel enters a domain at another member.
#include "sim/collectives/patterns.hpp"

#include <algorithm>

namespace weft::sim {
namespace {

/// Parent in a binary tree over 0 .. nodes-1 in which odd nodes are leaves; -1 for the root.
std::int64_t binary_parent(std::int64_t nodes, std::int64_t node) {
  if (node == 0) return -1;
  const std::int64_t bit = node & -node, up = (node ^ bit) | (bit << 1);
  return up < nodes ? up : node ^ bit;
}

/// Calls edge(child, parent) for every edge of both trees.
template <class F> void for_edges(std::int64_t nodes, F edge) {
  const bool shifted = nodes % 2 != 0; // the second tree: mirrored, or shifted by one where nodes are odd
  for (std::int64_t v = 0; v < nodes; ++v) {
    const std::int64_t up = binary_parent(nodes, v);
    if (up < 0) continue;
    edge(v, up);
    if (shifted)
      edge((v + 1) % nodes, (up + 1) % nodes);
    else
      edge(nodes - 1 - v, nodes - 1 - up);
  }
}

void both_ways(std::int32_t a, std::int32_t b, std::int64_t times, LinkLoader& loader) {
  loader.flow(a, b, times);
  loader.flow(b, a, times);
}

std::int32_t widest(const DomainMembers& domains) {
  std::size_t most = 1;
  for (const auto& d : domains)
    most = std::max(most, d.size());
  return std::int32_t(most);
}

/// Between domains: member `channel` of each is the one on its card.
void load_edges(const DomainMembers& domains, std::int32_t channels, LinkLoader& loader) {
  auto at = [&](std::int64_t domain, std::int32_t channel) {
    const auto& d = domains[std::size_t(domain)];
    return d[std::size_t(channel) % d.size()];
  };
  for_edges(std::int64_t(domains.size()), [&](std::int64_t child, std::int64_t parent) {
    for (std::int32_t c = 0; c < channels; ++c)
      both_ways(at(child, c), at(parent, c), 1, loader);
  });
}

/// Everybody sends its whole buffer to its domain's switches and gets it back.
void load_switches(const DomainMembers& domains, std::int32_t pieces, LinkLoader& loader) {
  for (const auto& d : domains)
    for (std::size_t i = 0; i < d.size() && d.size() > 1; ++i)
      loader.flow(d[i], d[(i + 1) % d.size()], pieces);
}

} // namespace

std::int32_t load_tree(const std::vector<std::int32_t>& members, LinkLoader& loader) {
  const auto domains = by_domain(members, loader.topology());
  const std::int32_t channels = widest(domains);
  load_edges(domains, channels, loader);
  for (const auto& d : domains) // in a domain a chain from the member on the card, for both trees
    for (std::int32_t c = 0; c < channels; ++c)
      for (std::size_t i = 0; i + 1 < d.size(); ++i)
        both_ways(d[(std::size_t(c) + i) % d.size()], d[(std::size_t(c) + i + 1) % d.size()], 2, loader);
  return 2 * channels;
}

std::int32_t load_switch_tree(const std::vector<std::int32_t>& members, LinkLoader& loader) {
  const auto domains = by_domain(members, loader.topology());
  const std::int32_t channels = widest(domains);
  load_edges(domains, channels, loader);
  load_switches(domains, 2 * channels, loader);
  return 2 * channels;
}

std::int32_t load_fabric_reduction(const std::vector<std::int32_t>& members, LinkLoader& loader) {
  const auto domains = by_domain(members, loader.topology());
  const std::int32_t channels = widest(domains);
  for (std::int32_t c = 0; c < channels; ++c) {
    std::vector<std::int32_t> on_cards;
    for (const auto& d : domains)
      on_cards.push_back(d[std::size_t(c) % d.size()]);
    loader.reduce(on_cards);
  }
  load_switches(domains, channels, loader);
  return channels;
}

} // namespace weft::sim
