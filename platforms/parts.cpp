#include "platforms/parts.hpp"

#include "platforms/layout.hpp"
#include "platforms/topologies/switch_tree.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace weft::platforms {
namespace {

/// Planes between which a node passes messages on.
std::int64_t separate(const Cluster& c) {
  return c.fabric.kind == FabricKind::rail_only ? c.node.nics.per_node : separate_planes(c);
}

Result<void> check_alike(const Cluster& c, const Value& parts) {
  if (c.fabric.kind == FabricKind::clos && separate(c) == 1) return {};
  for (std::size_t i = 1; i < c.parts.size(); ++i) {
    const Cluster other = c.part(i);
    if (other.ranks_per_node() != c.ranks_per_node() || other.node.nics.per_node != c.node.nics.per_node)
      return fail(
          parts.items[i].mark,
          fmt::format("rails and planes need nodes alike in ranks and network cards: {} has {} and {}, {} {} and "
                      "{}",
                      c.node.name, c.ranks_per_node(), c.node.nics.per_node, other.node.name, other.ranks_per_node(),
                      other.node.nics.per_node));
  }
  return {};
}

Result<void> check_fill(const Cluster& c, const Value& tree) {
  const Value* fill = tree.find("fill");
  if (!fill) return {};
  if (c.fill.empty()) return fail(fill->mark, "`fill` needs at least one figure");
  std::int64_t widest = c.domain;
  for (const Part& part : c.parts)
    widest = std::max(widest, part.domain);
  for (std::size_t i = 0; i < c.fill.size(); ++i)
    if (c.fill[i] < 1 || c.fill[i] > widest)
      return fail(fill->items[i].mark, fmt::format("a scale-up domain has 1 to {} accelerators in use", widest));
  return {};
}

/// Links are numbered for every place, also where nobody stands.
Result<void> check_places(const Cluster& c, const Value& tree) {
  constexpr std::int64_t most = 16'777'216, most_parts = 64;
  if (std::int64_t(c.parts.size()) > most_parts)
    return fail(tree.find("parts")->mark, fmt::format("more than {} parts", most_parts));
  std::int64_t places = 0, domain = 0;
  for (std::size_t i = 0; i < c.part_count(); ++i) {
    const Cluster part = c.part(i);
    for (std::int64_t left = part.accelerators; left > 0; ++domain) {
      const std::size_t at = std::min(std::size_t(domain), c.fill.size() - 1);
      left -= c.fill.empty() ? part.domain : std::min(part.domain, c.fill[at]);
      places += part.ranks_per_domain();
      if (places > most) {
        const Value* said = tree.find("fill") ? tree.find("fill") : tree.find("parts");
        return fail(said ? said->mark : tree.mark,
                    "domains filled so thinly have more than 16,777,216 places for ranks");
      }
    }
  }
  return {};
}

Result<void> check_without(const Cluster& c, const Layout& layout) {
  std::set<std::string> seen;
  const std::int64_t last = layout.places() - 1;
  for (const Absent& w : c.without) {
    const auto found = find_absent(w.name);
    if (!found)
      return fail(w.mark, fmt::format("`{}` names nothing that can be left out", w.name),
                  "`accelerator 17`, `node 3` or `domain 2`, counted from 0");
    if (!seen.insert(w.name).second) return fail(w.mark, fmt::format("`{}` is left out twice", w.name));
    const std::int64_t end = found->first == AbsentKind::domain ? layout.domain_of(last)
                             : found->first == AbsentKind::node ? layout.node_of(last)
                                                                : layout.package_of(last);
    if (found->second > end) return fail(w.mark, fmt::format("`{}` is behind the last one in use, {}", w.name, end));
  }
  return {};
}

/// Messages change planes at somebody of the sender's or the receiver's node.
Result<void> check_reach(const Cluster& c, const Value& tree, const Layout& layout) {
  const std::int64_t planes = separate(c), nics = c.node.nics.per_node, ranks = c.ranks_per_node();
  if (planes == 1 || layout.uniform()) return {};
  std::set<std::int64_t> met;
  for (std::int64_t rank = 0; rank < layout.ranks(); ++rank) {
    const std::int64_t place = layout.place(rank), node = layout.node_of(place);
    const Layout::Part& part = layout.parts()[layout.part_of(place)];
    const std::int64_t position = (place - part.first) % part.per_node;
    met.insert(position * nics / ranks * planes / nics);
    const bool ends = rank + 1 == layout.ranks() || layout.node_of(layout.place(rank + 1)) != node;
    if (!ends) continue;
    if (std::int64_t(met.size()) < planes && rank + 1 < layout.ranks()) {
      const Value* at = tree.find("without") ? tree.find("without") : tree.find("fill");
      return fail(at ? at->mark : tree.mark,
                  fmt::format("node {} has nobody on {} of its {} rails or planes, between which messages cross nodes",
                              node, planes - std::int64_t(met.size()), planes));
    }
    met.clear();
  }
  return {};
}

} // namespace

Cluster Cluster::part(std::size_t which) const {
  Cluster out = *this;
  out.parts.clear();
  if (parts.empty()) return out;
  out.accelerator = parts[which].accelerator;
  out.node = parts[which].node;
  out.domain = parts[which].domain;
  out.accelerators = parts[which].accelerators;
  return out;
}

std::vector<const Accelerator*> Cluster::chips() const {
  if (parts.empty()) return {&accelerator};
  std::vector<const Accelerator*> out;
  for (const Part& p : parts)
    if (std::none_of(out.begin(), out.end(), [&](const Accelerator* a) { return a->name == p.accelerator.name; }))
      out.push_back(&p.accelerator);
  return out;
}

std::string Cluster::chip_names() const {
  std::string out;
  for (const Accelerator* a : chips())
    out += (out.empty() ? "" : " + ") + a->name;
  return out;
}

std::int64_t Cluster::ranks() const {
  if (parts.empty()) return accelerators * accelerator.ranks_per_accelerator;
  std::int64_t out = 0;
  for (const Part& p : parts)
    out += p.accelerators * p.accelerator.ranks_per_accelerator;
  return out;
}

Result<void> check_parts(const Cluster& c, const Value& tree) {
  if (auto ok = check_fill(c, tree); !ok) return ok;
  if (c.uniform()) return {};
  if (!c.parts.empty())
    if (auto ok = check_alike(c, *tree.find("parts")); !ok) return ok;
  if (auto ok = check_places(c, tree); !ok) return ok;
  const Layout layout(c, c.ranks());
  if (auto ok = check_without(c, layout); !ok) return ok;
  return check_reach(c, tree, layout);
}

} // namespace weft::platforms
