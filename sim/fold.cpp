#include "sim/fold.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <utility>

namespace weft::sim {
namespace {

/// 128 bits, so that colours can stand for signatures without a second look.
struct Colour {
  std::uint64_t a = 0, b = 0;
  friend bool operator==(const Colour&, const Colour&) = default;
  Colour& operator+=(const Colour& o) {
    a += o.a;
    b += o.b;
    return *this;
  }
};
constexpr std::uint64_t mix(std::uint64_t x) { // splitmix64's finaliser
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
constexpr Colour salt(std::uint64_t kind) {
  return {mix(kind), mix(kind ^ 0x5851f42d4c957f2dULL)};
}
constexpr Colour mix(Colour c, Colour salt) {
  return {mix(c.a ^ salt.a), mix(c.b + salt.b)};
}
Colour times(Colour c, std::uint64_t w) {
  return {c.a * w, c.b * w};
}

/// Classes of ranks, of communicators or of links.
struct Partition {
  std::vector<std::int32_t> of; ///< class of every element
  std::vector<Colour> colour;   ///< by class
  std::vector<std::int32_t> representatives;

  /// One class a colour, numbered by first appearance (so by lowest member: no dependence on hash values).
  void number(const std::vector<Colour>& colours) {
    of.resize(colours.size());
    colour.clear();
    representatives.clear();
    slots_.assign(std::bit_ceil(2 * colours.size() + 1), -1);
    for (std::size_t i = 0; i < colours.size(); ++i) {
      std::size_t at = colours[i].a & (slots_.size() - 1);
      while (slots_[at] >= 0 && !(colour[std::size_t(slots_[at])] == colours[i]))
        at = (at + 1) & (slots_.size() - 1);
      if (slots_[at] < 0) {
        slots_[at] = std::int32_t(colour.size());
        colour.push_back(colours[i]);
        representatives.push_back(std::int32_t(i));
      }
      of[i] = slots_[at];
    }
  }
  void each_its_own(std::size_t elements) {
    of.resize(elements);
    std::iota(of.begin(), of.end(), 0);
    representatives = of;
  }
  /// By class.
  [[nodiscard]] std::vector<Colour> mixed(std::uint64_t kind) const {
    std::vector<Colour> out;
    out.reserve(colour.size());
    const Colour by = salt(kind);
    for (const Colour& c : colour)
      out.push_back(mix(c, by));
    return out;
  }

private:
  std::vector<std::int32_t> slots_; ///< hash table of classes
};

/// Which classes were met in the round at hand.
class Met {
public:
  explicit Met(std::size_t classes) : round_(classes, 0) {}
  void next_round() { ++now_; }
  bool first_time(std::int32_t c) { return std::exchange(round_[std::size_t(c)], now_) != now_; }

private:
  std::vector<std::int32_t> round_;
  std::int32_t now_ = 0;
};

class Refiner {
public:
  Refiner(const Placement& p, const StartColours& start, const std::vector<bool>& solver_link)
      : p_(p), solver_link_(solver_link) {
    number(rank, start.rank, 1);
    number(communicator, start.communicator, 2);
    number(link, start.link, 3);
    first_edge_.reserve(p.communicators.size() + 1);
    for (const auto& c : p.communicators) {
      first_edge_.push_back(edges_.size());
      for (std::uint32_t pattern = 0; pattern < c.patterns.size(); ++pattern)
        for (const LinkUse& use : p.uses_of(c.patterns[pattern]))
          if (solver_link[use.link]) edges_.push_back({use.link, pattern, std::uint64_t(p.weight(c, use))});
      patterns_ = std::max(patterns_, c.patterns.size());
    }
    first_edge_.push_back(edges_.size());
  }

  void run() {
    for (std::size_t classes = 0;;) {
      step();
      const std::size_t now = rank.colour.size() + communicator.colour.size() + link.colour.size();
      if (now == classes) return;
      classes = now;
    }
  }

  Partition rank, communicator, link;

private:
  struct Edge {
    std::uint32_t link = 0, pattern = 0;
    std::uint64_t weight = 0;
  };
  /// Of classes, by pattern.
  [[nodiscard]] std::vector<std::vector<Colour>> mixed(const Partition& classes, std::uint64_t kind) const {
    std::vector<std::vector<Colour>> out;
    for (std::size_t pattern = 0; pattern < patterns_; ++pattern)
      out.push_back(classes.mixed(kind + pattern));
    return out;
  }

  static void number(Partition& out, const std::vector<std::uint64_t>& start, std::uint64_t kind) {
    std::vector<Colour> colours;
    for (std::uint64_t c : start)
      colours.push_back(mix(Colour{c, c}, salt(kind)));
    out.number(colours);
  }
  static Colour of(const std::vector<Colour>& by_class, const Partition& classes, std::size_t element) {
    return by_class[std::size_t(classes.of[element])];
  }

  void step() {
    const std::vector<Colour> communicators = communicators_now(), ranks = ranks_now(), links = links_now();
    communicator.number(communicators);
    rank.number(ranks);
    link.number(links);
  }

  /// Each sees sets: how many alike does not matter. A channel's ends differ: sender first.
  [[nodiscard]] std::vector<Colour> communicators_now() const {
    const auto own = communicator.mixed(30), member = rank.mixed(10), receiver = rank.mixed(11);
    const auto below = mixed(link, 200);
    Met ranks_met(rank.colour.size()), links_met(link.colour.size());
    std::vector<Colour> out(communicator.of.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto& c = p_.communicators[i];
      const auto members = p_.members_of(c);
      Colour sum = of(own, communicator, i);
      ranks_met.next_round();
      if (is_channel(c.role)) {
        sum += of(member, rank, std::size_t(members[0]));
        sum += of(receiver, rank, std::size_t(members[1]));
      } else
        for (std::int32_t m : members)
          if (ranks_met.first_time(rank.of[std::size_t(m)])) sum += of(member, rank, std::size_t(m));
      std::size_t e = first_edge_[i];
      for (std::uint32_t pattern = 0; e < first_edge_[i + 1]; ++pattern)
        for (links_met.next_round(); e < first_edge_[i + 1] && edges_[e].pattern == pattern; ++e)
          if (links_met.first_time(link.of[edges_[e].link])) sum += of(below[pattern], link, edges_[e].link);
      out[i] = mix(sum, salt(31));
    }
    return out;
  }

  [[nodiscard]] std::vector<Colour> ranks_now() const {
    std::vector<std::vector<Colour>> in_role;
    for (std::size_t role = 0; role < role_count; ++role)
      in_role.push_back(communicator.mixed(60 + role));
    const auto own = rank.mixed(50);
    std::vector<Colour> out(rank.of.size());
    for (std::size_t r = 0; r < out.size(); ++r) {
      Colour sum = of(own, rank, r);
      for (std::size_t role = 0; role < role_count; ++role)
        if (const std::int32_t c = p_.cells[r].communicator[role]; c >= 0)
          sum += of(in_role[role], communicator, std::size_t(c));
      out[r] = mix(sum, salt(51));
    }
    return out;
  }

  /// Each sees sums of weights: the multiset of what crosses it.
  [[nodiscard]] std::vector<Colour> links_now() const {
    const auto own = link.mixed(70);
    const auto crossing = mixed(communicator, 300);
    std::vector<Colour> out(link.of.size());
    for (std::size_t l = 0; l < out.size(); ++l)
      out[l] = solver_link_[l] ? of(own, link, l) : of(link.colour, link, l);
    for (std::size_t i = 0; i < communicator.of.size(); ++i)
      for (std::size_t e = first_edge_[i]; e < first_edge_[i + 1]; ++e)
        out[edges_[e].link] += times(of(crossing[edges_[e].pattern], communicator, i), edges_[e].weight);
    for (std::size_t l = 0; l < out.size(); ++l)
      if (solver_link_[l]) out[l] = mix(out[l], salt(71));
    return out;
  }

  const Placement& p_;
  const std::vector<bool>& solver_link_;
  std::vector<Edge> edges_;             ///< communicator by communicator, pattern by pattern, links of the solver only
  std::size_t patterns_ = 0;            ///< most that a communicator has
  std::vector<std::size_t> first_edge_; ///< by communicator, and one past the last
};

/// Weights of the quotient: at the first link of each class, summed over a communicator class, pattern by pattern.
void load_links(const Placement& p, const FoldInput& in, const Partition& communicator, const Partition& link,
                Folded& out) {
  std::vector<std::vector<std::int32_t>> of_class(out.communicators.size());
  for (std::size_t i = 0; i < p.communicators.size(); ++i)
    of_class[std::size_t(communicator.of[i])].push_back(std::int32_t(i));
  for (std::size_t l = 0; l < out.links.size(); ++l)
    out.links[l].bytes_per_second = in.capacity[std::size_t(link.representatives[l])];
  std::map<std::int32_t, std::pair<double, double>> loads; // by hardware group: all of it, what begins there
  std::map<std::int32_t, std::int64_t> weight;             // by link class
  for (std::size_t k = 0; k < of_class.size(); ++k)
    for (std::size_t pattern = 0; pattern < out.communicators[k].paths.size(); ++pattern) {
      loads.clear();
      weight.clear();
      for (const std::int32_t i : of_class[k]) {
        const auto& c = p.communicators[std::size_t(i)];
        for (const LinkUse& use : p.uses_of(c.patterns[pattern])) {
          auto& load = loads[in.group[use.link]];
          load.first += double(c.count * use.weight);
          load.second += double(c.count * use.begins);
          const std::int32_t l = link.of[use.link];
          if (link.representatives[std::size_t(l)] == std::int32_t(use.link) && in.solver_link[use.link])
            weight[l] += p.weight(c, use);
        }
      }
      for (const auto& [group, load] : loads)
        out.loads.push_back({std::int32_t(k), std::int32_t(pattern), group, load.first, load.second});
      for (const auto& [l, w] : weight) {
        out.links[std::size_t(l)].solved = true;
        out.communicators[k].paths[pattern].uses.push_back({std::uint32_t(l), w});
      }
    }
  for (auto& c : out.communicators) {
    const auto& real = p.communicators[std::size_t(c.representative)];
    for (std::size_t pattern = 0; pattern < c.paths.size(); ++pattern) {
      c.paths[pattern].parts = real.patterns[pattern].parts;
      if (Folded::Path& path = c.paths[pattern]; path.uses.empty()) // alone on all its links: its isolated closed form
        for (const LinkUse& use : p.uses_of(real.patterns[pattern]))
          path.unit_seconds =
              std::max(path.unit_seconds, double(p.own_weight(real, use)) / in.capacity[use.link] / path.parts);
    }
  }
}

} // namespace

std::uint64_t colour_of(std::initializer_list<std::uint64_t> properties) {
  std::uint64_t out = 0;
  for (std::uint64_t p : properties)
    out = mix(mix(p) + 3 * out);
  return out;
}

std::int32_t most_parts(const Folded& folded) {
  std::int32_t out = 1;
  for (const auto& communicator : folded.communicators)
    for (const auto& path : communicator.paths)
      out = std::max(out, path.parts);
  return out;
}

Folded fold(const Placement& p, const FoldInput& in, bool identity) {
  const StartColours& start = in.start;
  Folded out;
  out.symmetry = p.symmetry;
  Partition rank, communicator, link;
  if (identity) {
    rank.each_its_own(start.rank.size());
    communicator.each_its_own(start.communicator.size());
    link.each_its_own(start.link.size());
  } else {
    Refiner refiner(p, start, in.solver_link);
    refiner.run();
    rank = std::move(refiner.rank);
    communicator = std::move(refiner.communicator);
    link = std::move(refiner.link);
  }
  const auto &rank_reps = rank.representatives, &communicator_reps = communicator.representatives,
             &link_reps = link.representatives;
  const auto &communicator_class = communicator.of, &link_class = link.of;
  out.rank_class = rank.of;
  out.ranks.resize(rank_reps.size());
  for (std::size_t i = 0; i < rank_reps.size(); ++i) {
    auto& r = out.ranks[i];
    r.representative = rank_reps[i];
    const auto& cell = p.cells[std::size_t(rank_reps[i])];
    r.stage = cell.stage;
    r.part = cell.part;
    r.kind = cell.kind;
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
    c.paths.resize(real.patterns.size());
    for (std::int32_t m : p.members_of(real))
      c.members.push_back(out.rank_class[std::size_t(m)]);
    std::sort(c.members.begin(), c.members.end());
    c.members.erase(std::unique(c.members.begin(), c.members.end()), c.members.end());
  }
  for (std::size_t i = 0; i < p.communicators.size(); ++i)
    out.communicators[std::size_t(communicator_class[i])].count += p.communicators[i].count;
  out.links.resize(link_reps.size());
  for (std::size_t i = 0; i < link_reps.size(); ++i) {
    out.links[i].representative = p.links[std::size_t(link_reps[i])].id;
    out.links[i].tier = p.links[std::size_t(link_reps[i])].tier;
  }
  for (std::size_t l = 0; l < p.links.size(); ++l) {
    auto& of_class = out.links[std::size_t(link_class[l])];
    of_class.count += p.links[l].count;
    auto group = std::find_if(of_class.groups.begin(), of_class.groups.end(),
                              [&](const auto& g) { return g.first == in.group[l]; });
    if (group == of_class.groups.end()) group = of_class.groups.insert(group, {in.group[l], 0});
    group->second += p.links[l].count;
  }
  load_links(p, in, communicator, link, out);
  return out;
}

} // namespace weft::sim
