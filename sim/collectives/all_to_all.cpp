#include "sim/collectives/patterns.hpp"

#include <algorithm>
#include <cmath>

namespace weft::sim {

void LinkLoader::all_to_all(const std::vector<std::int32_t>& members, double cross_share, std::vector<LinkUse>& out) {
  const std::int64_t spanned = domains(members);
  for (std::int32_t a : members)
    for (std::int32_t b : members)
      if (a != b && (spanned == 1 || topology_.domain_of(a) != topology_.domain_of(b) || cross_share >= 1)) flow(a, b);
  const std::size_t first = out.size();
  flush(out);
  if (spanned == 1 || cross_share >= 1) return;
  // Tokens cross to a domain once, on the sender's rail, and are handed on inside it: every rank's port carries
  // (g-1)/g of all copies. A unit is one byte of each crossing flow, so ports weigh as many as make up those bytes.
  const auto n = double(members.size());
  for (std::int32_t a : members) {
    const auto g = double(std::count_if(members.begin(), members.end(), [&](std::int32_t b) {
      return topology_.domain_of(a) == topology_.domain_of(b);
    }));
    if (g < 2) continue;
    const auto weight = std::int32_t(std::llround((g - 1) / g * n / cross_share / (g - 1)));
    for (std::int32_t b : members)
      if (a != b && topology_.domain_of(a) == topology_.domain_of(b))
        for (std::int32_t i = 0; i < weight; ++i)
          flow(a, b);
  }
  std::vector<LinkUse> inside;
  flush(inside);
  out.insert(out.end(), inside.begin(), inside.end());
  std::sort(out.begin() + std::ptrdiff_t(first), out.end(),
            [](const LinkUse& x, const LinkUse& y) { return x.link < y.link; });
}

} // namespace weft::sim
