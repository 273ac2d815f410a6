#include "platforms/layout.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <set>

namespace weft::platforms {
namespace {

/// Parts begin where the lowest tier's blocks do, so that no switch stands between two kinds of nodes.
std::int64_t aligned(const Cluster& cluster, std::int64_t accelerators, std::int64_t domain) {
  const std::int64_t block =
      cluster.fabric.tiers.empty() ? domain : std::lcm(domain, cluster.fabric.tiers.front().accelerators);
  return (accelerators + block - 1) / block * block;
}

class Places {
public:
  explicit Places(const Cluster& cluster) : fill_(cluster.fill) {
    for (const Absent& w : cluster.without)
      if (const auto found = find_absent(w.name)) without_.insert(*found);
  }
  /// Appends the places in use of a part's domains, one after the other, until it has `ranks`.
  void take(Layout::Part& part, std::int64_t ranks, std::vector<std::int64_t>& out) const {
    const std::int64_t per_domain = part.per_domain / part.per_accelerator,
                       per_node = part.per_node / part.per_accelerator;
    for (std::int64_t domain = 0; ranks > 0; ++domain) {
      if (without_.contains({AbsentKind::domain, part.first_domain + domain})) continue;
      const std::int64_t used = fill_.empty() ? per_domain : fill_of(part.first_domain + domain);
      for (std::int64_t i = 0; i < std::min(used, per_domain) && ranks > 0; ++i) {
        const std::int64_t accelerator = domain * per_domain + i;
        if (without_.contains({AbsentKind::node, part.first_node + accelerator / per_node}) ||
            without_.contains({AbsentKind::accelerator, part.first_package + accelerator}))
          continue;
        for (std::int64_t die = 0; die < part.per_accelerator && ranks > 0; ++die, --ranks)
          out.push_back(part.first + accelerator * part.per_accelerator + die);
      }
    }
    part.places = out.back() + 1 - part.first;
  }

private:
  [[nodiscard]] std::int64_t fill_of(std::int64_t domain) const {
    return fill_[std::size_t(std::min(domain, std::int64_t(fill_.size()) - 1))];
  }
  const std::vector<std::int64_t>& fill_;
  std::set<std::pair<AbsentKind, std::int64_t>> without_;
};

} // namespace

Layout::Layout(const Cluster& cluster, std::int64_t ranks) : ranks_(ranks) {
  if (cluster.uniform()) {
    parts_.push_back({0, ranks, cluster.ranks_per_node(), cluster.ranks_per_domain(),
                      cluster.accelerator.ranks_per_accelerator, 0, 0, 0, 0, cluster.node.scale_up});
    return;
  }
  const Places places(cluster);
  Part next;
  for (std::size_t i = 0; i < cluster.part_count() && ranks > 0; ++i) {
    const Cluster part = cluster.part(i);
    next.per_node = part.ranks_per_node();
    next.per_domain = part.ranks_per_domain();
    next.per_accelerator = part.accelerator.ranks_per_accelerator;
    next.scale_up = part.node.scale_up;
    next.first_accelerator = aligned(cluster, next.first_accelerator, part.domain);
    const std::int64_t here = std::min(ranks, part.ranks());
    places.take(next, here, place_);
    ranks -= here;
    const std::int64_t domains = (next.places + next.per_domain - 1) / next.per_domain;
    Part after = next;
    if (ranks > 0) next.places = domains * next.per_domain;
    parts_.push_back(next);
    after.first += domains * next.per_domain;
    after.first_node += domains * (next.per_domain / next.per_node);
    after.first_domain += domains;
    after.first_accelerator += domains * part.domain;
    after.first_package += domains * part.domain;
    next = after;
  }
}

std::int64_t Layout::rank_at(std::int64_t place) const {
  if (place_.empty()) return place < ranks_ ? place : -1;
  const auto at = std::lower_bound(place_.begin(), place_.end(), place);
  return at != place_.end() && *at == place ? std::int64_t(at - place_.begin()) : -1;
}

std::size_t Layout::part_of(std::int64_t place) const {
  if (parts_.size() == 1) return 0;
  const auto after = std::upper_bound(parts_.begin(), parts_.end(), place,
                                      [](std::int64_t at, const Part& part) { return at < part.first; });
  return std::size_t(after - parts_.begin()) - 1;
}

std::optional<std::pair<AbsentKind, std::int64_t>> find_absent(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, AbsentKind>, 3> kinds{
      {{"accelerator ", AbsentKind::accelerator}, {"node ", AbsentKind::node}, {"domain ", AbsentKind::domain}}};
  for (const auto& [prefix, kind] : kinds) {
    if (!name.starts_with(prefix)) continue;
    std::int64_t number = -1;
    const char *first = name.data() + prefix.size(), *last = name.data() + name.size();
    const auto [end, error] = std::from_chars(first, last, number);
    if (error == std::errc{} && end == last && number >= 0) return std::pair{kind, number};
  }
  return std::nullopt;
}

} // namespace weft::platforms
