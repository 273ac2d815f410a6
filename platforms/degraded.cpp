#include "platforms/degraded.hpp"

#include "platforms/topology.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace weft::platforms {
namespace {

tl::unexpected<Error> unknown(const DegradedLink& d, const std::vector<LinkGroup>& groups) {
  const std::string message = fmt::format("the cluster has no link `{}`", d.link);
  std::vector<std::string> names;
  for (const auto& g : groups)
    names.push_back(g.name);
  const std::size_t space = d.link.rfind(' ');
  const bool numbered = space != std::string::npos && space + 1 < d.link.size() &&
                        d.link.find_first_not_of("0123456789", space + 1) == std::string::npos;
  const std::string name = numbered ? d.link.substr(0, space) : d.link;
  std::int64_t count = 0;
  for (const auto& g : groups)
    if (g.name == name) count = g.number + g.count;
  if (count > 0) return fail(d.mark, message, fmt::format("there are `{} 0` to `{} {}`", name, name, count - 1));
  const std::string near = nearest(name, names);
  if (near.empty()) return fail(d.mark, message, fmt::format("kinds of links: {}", fmt::join(names, ", ")));
  return fail(d.mark, message,
              fmt::format("did you mean `{}{}`?", near, numbered ? d.link.substr(space) : std::string(" 0")));
}

/// Looks for a route over a removed link. Enough pairs to meet every link that any route takes: a rank with all of
/// its scale-up domain, and with every position of the first and the last node and the first rank of every site.
class Routes {
public:
  Routes(const Topology& topology, std::set<LinkId> removed) : topology_(topology), removed_(std::move(removed)) {}

  Result<void> check(const std::vector<std::pair<LinkId, const DegradedLink*>>& links) {
    const std::int64_t ranks = topology_.ranks();
    std::vector<std::int64_t> everywhere; // the first and the last node, and somebody of every site
    for (std::int64_t r = 0; r < ranks; ++r) {
      const bool ends =
          topology_.node_of(r) == topology_.node_of(0) || topology_.node_of(r) == topology_.node_of(ranks - 1);
      if (ends || topology_.site_of(r) != topology_.site_of(r - 1)) everywhere.push_back(r);
    }
    std::int64_t first = 0; // of the rank's domain
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
      if (topology_.domain_of(rank) != topology_.domain_of(first)) first = rank;
      for (std::int64_t other = first; other < ranks && topology_.domain_of(other) == topology_.domain_of(rank);
           ++other)
        look(rank, other);
      for (const std::int64_t other : everywhere)
        both(rank, other);
    }
    if (blocked_ < 0) return {};
    for (const auto& [id, d] : links)
      if (id == LinkId(blocked_))
        return fail(d->mark, fmt::format("without `{}` rank {} has no way to rank {}", d->link, from_, to_),
                    "a share above 0 stands for the parallel links that are left");
    return {};
  }

private:
  void both(std::int64_t a, std::int64_t b) {
    look(a, b);
    look(b, a);
  }
  void look(std::int64_t from, std::int64_t to) {
    if (blocked_ >= 0) return;
    path_.clear();
    topology_.append_path(from, to, path_);
    for (LinkId link : path_)
      if (removed_.contains(link)) {
        blocked_ = link;
        from_ = from;
        to_ = to;
        return;
      }
  }
  const Topology& topology_;
  std::set<LinkId> removed_;
  std::vector<LinkId> path_;
  std::int64_t blocked_ = -1, from_ = 0, to_ = 0;
};

} // namespace

Result<void> check_degraded(const Cluster& cluster) {
  if (cluster.degraded.empty()) return {};
  const Topology topology(cluster, cluster.ranks());
  const auto& groups = topology.groups();
  std::set<LinkId> seen, removed;
  std::vector<std::pair<LinkId, const DegradedLink*>> links;
  for (const DegradedLink& d : cluster.degraded) {
    const auto id = find_link(groups, d.link);
    if (!id) return unknown(d, groups);
    if (!seen.insert(*id).second) return fail(d.mark, fmt::format("link `{}` is degraded twice", d.link));
    links.emplace_back(*id, &d);
    if (d.share == 0) removed.insert(*id);
  }
  if (removed.empty()) return {};
  return Routes(topology, std::move(removed)).check(links);
}

} // namespace weft::platforms
