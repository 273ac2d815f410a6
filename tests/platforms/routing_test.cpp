// Do hashed flows take one link each, as balls fall into bins, and the same one every time?
#include "tests/platforms/worlds.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>

using namespace weft;
using namespace weft::platforms;
using test::cluster;

namespace {

Cluster hashed(const std::string& more, const std::string& tiers, int accelerators) {
  return cluster(fmt::format("{{name: h100-superpod, accelerators: {}, fabric: {{routing: hashed, tiers: [{}]{}}}}}",
                             accelerators, tiers, more));
}
std::string tier(int accelerators, double oversubscription, const std::string& more = "") {
  return fmt::format(
      "{{name: leaf, accelerators: {}, oversubscription: {{value: {}, source: test, evidence: assumed}}{}}}",
      accelerators, oversubscription, more);
}
const LinkGroup& group(const Topology& t, const std::string& name) {
  for (const LinkGroup& g : t.groups())
    if (g.name == name) return g;
  FAIL("no such group");
  return t.groups().front();
}
LinkId uplink(const Topology& t, std::int64_t from, std::int64_t to, const FlowKey& key) {
  std::vector<LinkId> path;
  t.append_path(from, to, path, key);
  for (LinkId l : path)
    if (t.link(l).kind == LinkKind::tier_up) return l;
  FAIL("no uplink");
  return 0;
}

/// Mean of the fullest of n bins after n balls, counted: P(none above m) = n! / n^n · [x^n] (Σ x^j / j! for j ≤ m)^n.
double expected_fullest(int n) {
  double mean = 0, scale = 1;
  for (int i = 1; i <= n; ++i)
    scale *= double(i) / n;
  for (int m = 0; m < n; ++m) {
    std::vector<double> power(std::size_t(n) + 1, 0), one(std::size_t(m) + 1, 1);
    for (int j = 1; j <= m; ++j)
      one[std::size_t(j)] = one[std::size_t(j - 1)] / j;
    power[0] = 1;
    for (int i = 0; i < n; ++i) {
      std::vector<double> next(power.size(), 0);
      for (std::size_t a = 0; a < power.size(); ++a)
        for (std::size_t b = 0; b < one.size() && a + b < next.size(); ++b)
          next[a + b] += power[a] * one[b];
      power = std::move(next);
    }
    mean += 1 - power.back() * scale; // P(fullest > m)
  }
  return mean;
}

} // namespace

TEST_CASE("how many links stand in parallel: what the tier says, else ports of the card's rate") {
  const auto links = [](const Cluster& c) {
    const Topology t(c, c.ranks());
    const LinkGroup& up = group(t, "leaf uplink");
    CHECK(up.capacity.count() * double(up.count) ==
          doctest::Approx(128 * 50e9 / c.fabric.tiers[0].oversubscription.value));
    return up.count / (128 / 32);
  };
  const std::string fields = ", kind: clos";
  CHECK(links(hashed(fields, tier(32, 1), 128)) == 32);
  CHECK(links(hashed(fields, tier(32, 0.5), 128)) == 64);
  CHECK(links(hashed(fields, tier(32, 7), 128)) == 5); // 32 / 7, rounded
  CHECK(links(hashed(fields, tier(32, 2, ", uplinks: {value: 4, source: test, evidence: assumed}"), 128)) == 4);
  CHECK(links(hashed(fields + ", planes: 2, plane_of: port", tier(32, 1), 128)) == 64); // ports of half the rate
  const Cluster balanced = cluster("{name: h100-superpod, accelerators: 512, fabric: {routing: adaptive}}");
  CHECK(!Topology(balanced, 512).hashed());
  const Cluster one_block = hashed(fields, tier(32, 1), 32);
  CHECK(!Topology(one_block, 32).hashed()); // nothing climbs
}

TEST_CASE("a flow keeps its links; another seed, another stream or queue pair may take others") {
  const Cluster c = hashed(", kind: clos", tier(32, 1), 128);
  const Topology t(c, 128);
  CHECK(uplink(t, 0, 40, {1, 2, 3}) == uplink(t, 0, 40, {1, 2, 3}));
  std::set<LinkId> seeds, streams, pairs, peers;
  for (std::uint64_t i = 0; i < 64; ++i) {
    seeds.insert(uplink(t, 0, 40, {i, 0, 0}));
    streams.insert(uplink(t, 0, 40, {0, i, 0}));
    pairs.insert(uplink(t, 0, 40, {0, 0, i}));
    peers.insert(uplink(t, 0, std::int64_t(32 + i), {0, 0, 0}));
  }
  for (const auto& set : {seeds, streams, pairs, peers}) {
    CHECK(set.size() > 20); // of 32, 64 draws: 28 expected
    CHECK(*set.begin() >= group(t, "leaf uplink").first);
    CHECK(*set.rbegin() < group(t, "leaf uplink").first + 32); // leaf 0's own
  }
}

TEST_CASE("collisions are those of balls in bins") {
  const int n = 32;
  const Cluster c = hashed(", kind: clos", tier(n, 1), 2 * n);
  const Topology t(c, 2 * n);
  double sum = 0, down = 0;
  const int seeds = 2000;
  for (int seed = 0; seed < seeds; ++seed) {
    std::map<LinkId, int> on;
    for (int rank = 0; rank < n; ++rank) {
      std::vector<LinkId> path;
      t.append_path(rank, n + rank, path, {std::uint64_t(seed), 0, 0});
      for (LinkId l : path)
        ++on[l];
    }
    int most_up = 0, most_down = 0;
    for (const auto& [link, flows] : on) {
      if (t.link(link).kind == LinkKind::tier_up) most_up = std::max(most_up, flows);
      if (t.link(link).kind == LinkKind::tier_down) most_down = std::max(most_down, flows);
    }
    sum += most_up;
    down += most_down;
  }
  const double expected = expected_fullest(n);
  CHECK(expected == doctest::Approx(3.53).epsilon(0.02));
  CHECK(sum / seeds == doctest::Approx(expected).epsilon(0.02));
  CHECK(down / seeds == doctest::Approx(expected).epsilon(0.02));
}

TEST_CASE("hashed flows go round a removed link while others are left") {
  const Cluster whole = hashed(", kind: clos", tier(8, 2), 16); // four uplinks a leaf
  const Cluster less = cluster("{name: h100-superpod, accelerators: 16, degraded: [{link: leaf uplink 1, share: 0}], "
                               "fabric: {kind: clos, routing: hashed, tiers: [" +
                               tier(8, 2) + "]}}");
  const Topology a(whole, 16), b(less, 16);
  std::map<LinkId, int> on;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const LinkId link = uplink(b, 0, 8, {seed, 0, 0});
    ++on[link];
    CHECK(b.link_name(link) != "leaf uplink 1");
  }
  CHECK(on.size() == 3);
  for (const auto& [link, flows] : on)
    CHECK(flows > 150);
}
