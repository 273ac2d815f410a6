#include "sim/fold.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

namespace weft::sim {
namespace {

/// 128 bits, so that colours can stand for signatures without a second look.
struct Colour {
  std::uint64_t a = 0, b = 0;
  friend bool operator==(const Colour&, const Colour&) = default;
  friend auto operator<=>(const Colour&, const Colour&) = default;
  Colour& operator+=(const Colour& o) {
    a += o.a;
    b += o.b;
    return *this;
  }
};
struct ColourHash {
  std::size_t operator()(const Colour& c) const { return std::size_t(c.a ^ (c.b >> 1)); }
};

std::uint64_t mix(std::uint64_t x) { // splitmix64's finaliser
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
Colour mix(Colour c, std::uint64_t salt) {
  return {mix(c.a ^ mix(salt)), mix(c.b + mix(salt ^ 0x5851f42d4c957f2dULL))};
}
Colour times(Colour c, std::uint64_t w) {
  return {c.a * w, c.b * w};
}

std::size_t distinct(const std::vector<Colour>& colours) {
  std::vector<Colour> sorted = colours;
  std::sort(sorted.begin(), sorted.end());
  return std::size_t(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
}

class Refiner {
public:
  Refiner(const Placement& p, const StartColours& start, const std::vector<bool>& solver_link)
      : p_(p), solver_link_(solver_link) {
    auto colours = [](const std::vector<std::uint64_t>& from, std::uint64_t kind) {
      std::vector<Colour> out;
      for (std::uint64_t c : from)
        out.push_back(mix(Colour{c, c}, kind));
      return out;
    };
    rank = colours(start.rank, 1);
    communicator = colours(start.communicator, 2);
    link = colours(start.link, 3);
  }

  void run() {
    for (std::size_t classes = 0;;) {
      step();
      const std::size_t now = distinct(rank) + distinct(communicator) + distinct(link);
      if (now == classes) return;
      classes = now;
    }
  }

  std::vector<Colour> rank, communicator, link;

private:
  void step() {
    std::vector<Colour> link_sum(link.size());
    std::vector<Colour> next(communicator.size());
    for (std::size_t i = 0; i < communicator.size(); ++i) {
      const auto& c = p_.communicators[i];
      scratch_.clear();
      const auto members = p_.members_of(c);
      const bool channel = is_channel(c.role);
      for (std::size_t m = 0; m < members.size(); ++m) // a channel's ends differ: sender first
        scratch_.push_back(mix(rank[std::size_t(members[m])], channel ? 10 + m : 10));
      for (const LinkUse& use : p_.uses_of(c))
        if (solver_link_[use.link]) scratch_.push_back(mix(link[use.link], 20));
      std::sort(scratch_.begin(), scratch_.end()); // a set: how many alike does not matter
      Colour sum = mix(communicator[i], 30);
      for (std::size_t s = 0; s < scratch_.size(); ++s)
        if (s == 0 || !(scratch_[s] == scratch_[s - 1])) sum += scratch_[s];
      next[i] = mix(sum, 31);
      for (const LinkUse& use : p_.uses_of(c)) // weights add up: the multiset of what crosses the link
        if (solver_link_[use.link])
          link_sum[use.link] += times(mix(communicator[i], 40), std::uint64_t(p_.weight(c, use)));
    }
    for (std::size_t r = 0; r < rank.size(); ++r) {
      Colour sum = mix(rank[r], 50);
      for (std::size_t role = 0; role < role_count; ++role)
        if (const std::int32_t c = p_.cells[r].communicator[role]; c >= 0)
          sum += mix(communicator[std::size_t(c)], 60 + role);
      rank[r] = mix(sum, 51);
    }
    for (std::size_t l = 0; l < link.size(); ++l) {
      if (!solver_link_[l]) continue;
      Colour sum = mix(link[l], 70);
      sum += link_sum[l];
      link[l] = mix(sum, 71);
    }
    communicator = std::move(next);
  }

  const Placement& p_;
  const std::vector<bool>& solver_link_;
  std::vector<Colour> scratch_;
};

/// Class of every element, numbered by first appearance (so by lowest member: no dependence on hash values).
std::vector<std::int32_t> number(const std::vector<Colour>& colours, std::vector<std::int32_t>& representatives) {
  std::unordered_map<Colour, std::int32_t, ColourHash> ids;
  std::vector<std::int32_t> out(colours.size());
  for (std::size_t i = 0; i < colours.size(); ++i) {
    auto [it, fresh] = ids.try_emplace(colours[i], std::int32_t(ids.size()));
    if (fresh) representatives.push_back(std::int32_t(i));
    out[i] = it->second;
  }
  return out;
}
std::vector<std::int32_t> each_its_own(std::size_t n, std::vector<std::int32_t>& representatives) {
  std::vector<std::int32_t> out(n);
  std::iota(out.begin(), out.end(), 0);
  representatives = out;
  return out;
}

/// Weights of the quotient: at the first link of each class, summed over a communicator class.
void load_links(const Placement& p, const FoldInput& in, const std::vector<std::int32_t>& communicator_class,
                const std::vector<std::int32_t>& link_class, const std::vector<std::int32_t>& first, Folded& out) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> weight;
  std::map<std::pair<std::int32_t, std::int32_t>, double> load, begins;
  for (std::size_t i = 0; i < p.communicators.size(); ++i)
    for (const LinkUse& use : p.uses_of(p.communicators[i])) {
      const auto& c = p.communicators[i];
      const std::int32_t l = link_class[use.link];
      load[{communicator_class[i], in.group[use.link]}] += double(c.count * use.weight);
      begins[{communicator_class[i], in.group[use.link]}] += double(c.count * use.begins);
      if (first[std::size_t(l)] == std::int32_t(use.link) && in.solver_link[use.link])
        weight[{communicator_class[i], l}] += p.weight(c, use);
    }
  for (const auto& [key, w] : load)
    out.loads.push_back({key.first, key.second, w, begins[key]});
  for (std::size_t l = 0; l < out.links.size(); ++l)
    out.links[l].bytes_per_second = in.capacity[std::size_t(first[l])];
  for (const auto& [key, w] : weight) {
    out.links[std::size_t(key.second)].solved = true;
    out.communicators[std::size_t(key.first)].uses.push_back({std::uint32_t(key.second), w});
  }
  for (auto& c : out.communicators)
    if (c.uses.empty()) { // alone on all its links: its isolated closed form
      const auto& real = p.communicators[std::size_t(c.representative)];
      for (const LinkUse& use : p.uses_of(real))
        c.unit_seconds = std::max(c.unit_seconds, double(p.own_weight(real, use)) / in.capacity[use.link]);
    }
}

} // namespace

std::uint64_t colour_of(std::initializer_list<std::uint64_t> properties) {
  std::uint64_t out = 0;
  for (std::uint64_t p : properties)
    out = mix(mix(p) + 3 * out);
  return out;
}

Folded fold(const Placement& p, const FoldInput& in, bool identity) {
  const StartColours& start = in.start;
  std::vector<std::int32_t> rank_reps, communicator_reps, link_reps, communicator_class, link_class;
  Folded out;
  out.symmetry = p.symmetry;
  if (identity) {
    out.rank_class = each_its_own(start.rank.size(), rank_reps);
    communicator_class = each_its_own(start.communicator.size(), communicator_reps);
    link_class = each_its_own(start.link.size(), link_reps);
  } else {
    Refiner refiner(p, start, in.solver_link);
    refiner.run();
    out.rank_class = number(refiner.rank, rank_reps);
    communicator_class = number(refiner.communicator, communicator_reps);
    link_class = number(refiner.link, link_reps);
  }
  out.ranks.resize(rank_reps.size());
  for (std::size_t i = 0; i < rank_reps.size(); ++i) {
    auto& r = out.ranks[i];
    r.representative = rank_reps[i];
    const auto& cell = p.cells[std::size_t(rank_reps[i])];
    r.stage = cell.stage;
    r.part = cell.part;
    for (std::size_t role = 0; role < role_count; ++role) {
      const std::int32_t c = cell.communicator[role];
      r.communicator[role] = c < 0 ? -1 : communicator_class[std::size_t(c)];
    }
  }
  for (std::size_t i = 0; i < p.cells.size(); ++i)
    out.ranks[std::size_t(out.rank_class[i])].count += p.cells[i].count;
  out.communicators.resize(communicator_reps.size());
  for (std::size_t i = 0; i < communicator_reps.size(); ++i) {
    auto& c = out.communicators[i];
    c.representative = communicator_reps[i];
    const auto& real = p.communicators[std::size_t(c.representative)];
    c.wan = real.span.sites > 1;
    for (std::int32_t m : p.members_of(real))
      c.members.push_back(out.rank_class[std::size_t(m)]);
    std::sort(c.members.begin(), c.members.end());
    c.members.erase(std::unique(c.members.begin(), c.members.end()), c.members.end());
  }
  for (std::size_t i = 0; i < p.communicators.size(); ++i)
    out.communicators[std::size_t(communicator_class[i])].count += p.communicators[i].count;
  out.links.resize(link_reps.size());
  for (std::size_t i = 0; i < link_reps.size(); ++i)
    out.links[i].representative = p.links[std::size_t(link_reps[i])].id;
  for (std::size_t l = 0; l < p.links.size(); ++l)
    out.links[std::size_t(link_class[l])].count += p.links[l].count;
  load_links(p, in, communicator_class, link_class, link_reps, out);
  return out;
}

} // namespace weft::sim
