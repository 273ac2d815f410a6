// Are rates max-min fair, and the same bits in whatever order and however folded?
#include "sim/fluid.hpp"
#include "tests/support.hpp"

#include <limits>
#include <numeric>
#include <random>

using namespace weft;

namespace {

using Uses = std::vector<std::pair<std::int32_t, double>>;
struct System {
  std::vector<double> capacity;
  std::vector<Uses> flows;
};

std::vector<double> rates_of(const System& s) {
  sim::MaxMin solver(s.capacity, s.flows);
  std::vector<double> rates;
  for (std::size_t f = 0; f < s.flows.size(); ++f)
    REQUIRE(solver.add(std::int32_t(f)) == std::int32_t(f));
  solver.solve();
  for (std::size_t f = 0; f < s.flows.size(); ++f)
    rates.push_back(solver.rate(std::int32_t(f)));
  return rates;
}

/// What makes rates max-min fair: no link is overloaded, and every flow crosses a full link on which none is faster.
void check_fair(const System& s, const std::vector<double>& rates) {
  std::vector<double> load(s.capacity.size(), 0), fastest(s.capacity.size(), 0);
  for (std::size_t f = 0; f < s.flows.size(); ++f)
    for (const auto& [link, weight] : s.flows[f]) {
      load[std::size_t(link)] += weight * rates[f];
      fastest[std::size_t(link)] = std::max(fastest[std::size_t(link)], rates[f]);
    }
  for (std::size_t l = 0; l < load.size(); ++l)
    CHECK(load[l] <= s.capacity[l] * (1 + 1e-12));
  for (std::size_t f = 0; f < s.flows.size(); ++f)
    CHECK(std::any_of(s.flows[f].begin(), s.flows[f].end(), [&](const auto& use) {
      const auto l = std::size_t(use.first);
      return load[l] >= s.capacity[l] * (1 - 1e-11) && rates[f] >= fastest[l] * (1 - 1e-11);
    }));
}

struct Random {
  std::mt19937 bits;
  int up_to(int n) { return int(bits() % unsigned(n)); }
  double real() { return double(bits()) / 4294967296.0; }
  template <class T> void shuffle(std::vector<T>& what) {
    for (std::size_t i = what.size(); i > 1; --i)
      std::swap(what[i - 1], what[std::size_t(up_to(int(i)))]);
  }
  System system(int links, int flows, bool whole, bool round_capacities) {
    System s;
    for (int l = 0; l < links; ++l) // round ones make many links fill at one level
      s.capacity.push_back(round_capacities ? 1 + up_to(3) : 1 + 50 * real());
    for (int f = 0; f < flows; ++f) {
      Uses uses;
      const int count = 1 + up_to(4);
      for (int u = 0; u < count; ++u)
        uses.emplace_back(up_to(links), whole ? 1 + up_to(9) : 0.05 + real());
      s.flows.push_back(uses);
    }
    return s;
  }
};

/// Ends of flows that start at 0, by flow.
std::vector<double> ends_of(const System& s, const std::vector<double>& bytes) {
  sim::Fluid fluid(s.capacity, s.flows);
  std::vector<double> ends(s.flows.size(), -1);
  for (std::size_t f = 0; f < s.flows.size(); ++f)
    fluid.start(std::int32_t(f), bytes[f], 0, std::int64_t(f));
  for (double now = fluid.next(0); now < std::numeric_limits<double>::infinity(); now = fluid.next(now))
    for (std::int64_t token : fluid.advance(now))
      ends[std::size_t(token)] = now;
  return ends;
}

} // namespace

TEST_CASE("closed forms: halves, weights, a chain of bottlenecks, real weights, a flow on no link") {
  CHECK(rates_of({{10}, {{{0, 1}}, {{0, 1}}}}) == std::vector<double>{5, 5});
  CHECK(rates_of({{18}, {{{0, 8}}, {{0, 1}}}}) == std::vector<double>{2, 2}); // eight ninths and one
  // Flow 0 crosses all links; each link has one more flow, and what flow 0 leaves of it.
  CHECK(rates_of({{2, 6, 10}, {{{0, 1}, {1, 1}, {2, 1}}, {{0, 1}}, {{1, 1}}, {{2, 1}}}}) ==
        std::vector<double>{1, 1, 5, 9});
  CHECK(rates_of({{1, 8}, {{{0, 1}}, {{0, 1}, {1, 2}}, {{1, 2}}}}) == std::vector<double>{0.5, 0.5, 3.5});
  CHECK(rates_of({{3}, {{{0, 0.25}}, {{0, 1.25}}}}) == std::vector<double>{2, 2});
  CHECK(rates_of({{3}, {{{0, 1}, {0, 1}}, {{0, 1}}}}) == std::vector<double>{1, 1}); // a link listed twice
  CHECK(rates_of({{3}, {{}}}) == std::vector<double>{std::numeric_limits<double>::infinity()});
}

TEST_CASE("a class of eight beside one flow lets it end at 0.900 s, as eight flows do; not at 0.200") {
  const auto folded = ends_of({{1e9}, {{{0, 8}}, {{0, 1}}}}, {1e9, 1e8});
  System each{{1e9}, std::vector<Uses>(9, {{0, 1}})};
  std::vector<double> bytes(9, 1e9);
  bytes[8] = 1e8;
  const auto unfolded = ends_of(each, bytes);
  CHECK(folded[1] == doctest::Approx(0.900).epsilon(1e-14));
  CHECK(folded[1] == unfolded[8]);
  CHECK(folded[0] == unfolded[0]);
}

TEST_CASE("rates are max-min fair on random systems, with few levels and with hundreds") {
  Random random{std::mt19937(3)};
  for (int round = 0; round < 300; ++round) {
    const System s = random.system(1 + random.up_to(round < 250 ? 20 : 400), 1 + random.up_to(round < 250 ? 40 : 900),
                                   round % 2 == 0, round % 3 == 0);
    check_fair(s, rates_of(s));
  }
}

TEST_CASE("the order of links, flows and uses changes no bit") {
  Random random{std::mt19937(4)};
  for (int round = 0; round < 200; ++round) {
    const System s = random.system(2 + random.up_to(round < 180 ? 20 : 300), 2 + random.up_to(round < 180 ? 40 : 600),
                                   true, round % 2 == 0);
    const auto rates = rates_of(s);
    std::vector<std::size_t> flows(s.flows.size());
    std::vector<std::int32_t> links(s.capacity.size());
    std::iota(flows.begin(), flows.end(), 0);
    std::iota(links.begin(), links.end(), 0);
    random.shuffle(flows);
    random.shuffle(links);
    System other;
    other.capacity.resize(s.capacity.size());
    for (std::size_t l = 0; l < links.size(); ++l)
      other.capacity[std::size_t(links[l])] = s.capacity[l];
    for (std::size_t f : flows) {
      Uses uses;
      for (const auto& [link, weight] : s.flows[f])
        uses.emplace_back(links[std::size_t(link)], weight);
      random.shuffle(uses);
      other.flows.push_back(uses);
    }
    const auto permuted = rates_of(other);
    for (std::size_t i = 0; i < flows.size(); ++i)
      CHECK(permuted[i] == rates[flows[i]]);
  }
}

TEST_CASE("classes give the bits of their members: flows of summed weight, links of equal rows") {
  Random random{std::mt19937(5)};
  for (int round = 0; round < 200; ++round) {
    const System members = random.system(1 + random.up_to(10), 1 + random.up_to(20), true, round % 2 == 0);
    System folded = members, unfolded;
    std::vector<int> copies;
    for (std::size_t l = 0; l < members.capacity.size(); ++l) { // each link up to three times
      const int links = 1 + random.up_to(3);
      copies.push_back(links);
      for (int i = 0; i < links; ++i)
        unfolded.capacity.push_back(members.capacity[l]);
    }
    std::vector<std::size_t> class_of;
    for (std::size_t f = 0; f < members.flows.size(); ++f) {
      const int count = 1 + random.up_to(7);
      for (auto& use : folded.flows[f])
        use.second *= count;
      Uses uses;
      for (const auto& [link, weight] : members.flows[f]) {
        const std::int32_t first = std::accumulate(copies.begin(), copies.begin() + link, 0);
        for (int i = 0; i < copies[std::size_t(link)]; ++i)
          uses.emplace_back(first + i, weight);
      }
      for (int i = 0; i < count; ++i) {
        unfolded.flows.push_back(uses);
        class_of.push_back(f);
      }
    }
    std::vector<double> bytes, bytes_of_each;
    for (std::size_t f = 0; f < members.flows.size(); ++f)
      bytes.push_back(1 + 9 * random.real());
    for (std::size_t f : class_of)
      bytes_of_each.push_back(bytes[f]);
    const auto rates = rates_of(folded), rates_of_each = rates_of(unfolded);
    const auto ends = ends_of(folded, bytes), ends_of_each = ends_of(unfolded, bytes_of_each);
    for (std::size_t i = 0; i < class_of.size(); ++i) {
      CHECK(rates_of_each[i] == rates[class_of[i]]);
      CHECK(ends_of_each[i] == ends[class_of[i]]);
    }
  }
}

TEST_CASE("flows that come and go leave the bits of a system built at once") {
  Random random{std::mt19937(6)};
  for (int round = 0; round < 60; ++round) {
    const System all = random.system(2 + random.up_to(60), 80, true, round % 2 == 0);
    sim::MaxMin solver(all.capacity, all.flows);
    std::vector<std::int32_t> id(all.flows.size(), -1);
    for (int step = 0; step < 60; ++step) {
      for (int change = 1 + random.up_to(4); change > 0; --change) {
        const auto f = std::size_t(random.up_to(80));
        if (id[f] < 0)
          id[f] = solver.add(std::int32_t(f));
        else {
          solver.remove(id[f]);
          id[f] = -1;
        }
      }
      std::vector<double> before(all.flows.size(), -1);
      for (std::size_t f = 0; f < id.size(); ++f)
        if (id[f] >= 0) before[f] = solver.rate(id[f]);
      const auto changed = solver.solve();
      System now{all.capacity, {}};
      std::vector<std::size_t> live;
      for (std::size_t f = 0; f < id.size(); ++f)
        if (id[f] >= 0) {
          now.flows.push_back(all.flows[f]);
          live.push_back(f);
        }
      const auto rates = rates_of(now);
      for (std::size_t i = 0; i < live.size(); ++i) {
        const std::int32_t flow = id[live[i]];
        CHECK(solver.rate(flow) == rates[i]);
        const bool told = std::find(changed.begin(), changed.end(), flow) != changed.end();
        CHECK(told == (solver.rate(flow) != before[live[i]]));
      }
      CHECK(solver.settled());
    }
  }
}

TEST_CASE("flows that end at one date but for rounding end together, and a flow of no bytes at once") {
  sim::Fluid fluid({0.1, 1, 1}, {{{0, 1}}, {{1, 1}}, {{2, 1}}});
  fluid.start(0, 0.3, 0, 10); // 0.3 / 0.1 is one bit short of 3
  fluid.start(1, 3, 0, 11);
  fluid.start(2, 3.0001, 0, 12);
  const double first = fluid.next(0);
  CHECK(first < 3);
  CHECK(fluid.advance(first) == std::vector<std::int64_t>{10, 11});
  fluid.start(0, 0, first, 13);
  CHECK(fluid.next(first) == first);
  CHECK(fluid.advance(first) == std::vector<std::int64_t>{13});
  CHECK(fluid.next(first) == 3.0001);
  CHECK(fluid.advance(3.0001) == std::vector<std::int64_t>{12});
  CHECK(fluid.next(4) == std::numeric_limits<double>::infinity());
}
