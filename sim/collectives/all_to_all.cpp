#include "sim/collectives/patterns.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace weft::sim {

void LinkLoader::all_to_all(const std::vector<std::int32_t>& members, const Exchange& how, std::vector<LinkUse>& out) {
  auto load = [&](std::int32_t rank) { return rank == how.busiest ? how.most : how.others; };
  auto carry = [&](std::int32_t a, std::int32_t b, double flows) {
    const auto times = std::int64_t(std::llround(flows * how.parts));
    if (times > 0) how.back ? flow(b, a, times) : flow(a, b, times);
  };
  if (how.cross_share >= 1 || domains(members) == 1) {
    for (std::int32_t a : members)
      for (std::int32_t b : members)
        if (a != b) carry(a, b, load(b));
    flush(out);
    return;
  }
  // Tokens cross to a domain once, on the sender's rail, and are handed on inside it: every rank's port carries
  // (g-1)/g of all copies. A unit is one byte of each crossing flow, so ports weigh as many as make up those bytes.
  std::map<std::int64_t, std::pair<double, double>> of_domain; // members, what they get
  for (std::int32_t m : members) {
    auto& [count, sum] = of_domain[topology_.domain_of(m)];
    ++count;
    sum += load(m);
  }
  const std::size_t first = out.size();
  const auto n = double(members.size());
  for (std::int32_t a : members)
    for (std::int32_t b : members) {
      const auto& [g, sum] = of_domain.at(topology_.domain_of(b));
      if (topology_.domain_of(a) != topology_.domain_of(b)) carry(a, b, sum / g);
    }
  flush(out);
  for (std::int32_t a : members)
    for (std::int32_t b : members)
      if (a != b && topology_.domain_of(a) == topology_.domain_of(b))
        carry(a, b, load(b) * n / (of_domain.at(topology_.domain_of(b)).first * how.cross_share));
  std::vector<LinkUse> inside;
  flush(inside);
  out.insert(out.end(), inside.begin(), inside.end());
  std::sort(out.begin() + std::ptrdiff_t(first), out.end(),
            [](const LinkUse& x, const LinkUse& y) { return x.link < y.link; });
}

} // namespace weft::sim
