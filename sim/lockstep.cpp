#include "sim/lockstep.hpp"

#include <algorithm>
#include <numeric>

namespace weft::sim {

std::vector<std::vector<std::int32_t>> lockstep_groups(const Program& program, const Folded& folded,
                                                       const Placement& placement) {
  std::vector<std::int32_t> root(folded.ranks.size());
  std::iota(root.begin(), root.end(), 0);
  auto find = [&root](std::int32_t r) {
    while (root[std::size_t(r)] != r)
      r = root[std::size_t(r)] = root[std::size_t(root[std::size_t(r)])];
    return r;
  };
  for (const auto& c : folded.communicators) {
    const Role role = placement.communicators[std::size_t(c.representative)].role;
    if (!(program.fused & bit(role))) continue;
    for (std::int32_t m : c.members) {
      const std::int32_t a = find(c.members.front()), b = find(m);
      root[std::size_t(std::max(a, b))] = std::min(a, b);
    }
  }
  std::vector<std::vector<std::int32_t>> out;
  std::vector<std::int32_t> group(root.size(), -1);
  for (std::size_t rc = 0; rc < root.size(); ++rc) {
    auto& at = group[std::size_t(find(std::int32_t(rc)))];
    if (at < 0) {
      at = std::int32_t(out.size());
      out.emplace_back();
    }
    out[std::size_t(at)].push_back(std::int32_t(rc));
  }
  return out;
}

} // namespace weft::sim
