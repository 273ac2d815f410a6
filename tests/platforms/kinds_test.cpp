// Do rails, planes, tori, PCIe trees and degraded links route and load as their description says?
#include "platforms/base/document.hpp"
#include "platforms/catalog.hpp"
#include "platforms/topologies/torus_ring.hpp"
#include "platforms/topology.hpp"
#include "tests/platforms/worlds.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <map>
#include <set>

using namespace weft;
using namespace weft::platforms;
using test::capacity;
using test::cluster;
using test::error;
using test::path;

namespace {

/// Flows on every link when every rank sends one to every other: by kind of link the least and the most.
std::map<std::string, std::pair<int, int>> exchange(const Topology& t) {
  std::vector<int> load(std::size_t(t.link_count()), 0);
  std::vector<LinkId> links;
  for (std::int64_t a = 0; a < t.ranks(); ++a)
    for (std::int64_t b = 0; b < t.ranks(); ++b) {
      links.clear();
      t.append_path(a, b, links);
      for (LinkId l : links)
        ++load[l];
    }
  std::map<std::string, std::pair<int, int>> out;
  for (const auto& g : t.groups())
    for (std::int64_t i = 0; i < g.count; ++i) {
      const int n = load[g.first + std::size_t(i)];
      auto& [least, most] = out.try_emplace(g.name, n, n).first->second;
      least = std::min(least, n);
      most = std::max(most, n);
    }
  return out;
}
using Range = std::pair<int, int>;
const std::string pcie = "{name: a100-pcie-fire-flyer2, accelerators: 16, node: {pcie: ";
std::string figure(const char* value) {
  return fmt::format("{{value: {}, source: test, evidence: assumed}}", value);
}

} // namespace

TEST_CASE("rail-only: another rail is reached by the port of the peer that stands on it") {
  const Cluster c = cluster("{name: h100-superpod, accelerators: 512, fabric: {kind: rail-only}}");
  const Topology t(c, c.ranks());
  CHECK(path(t, 3, 11) == "NIC tx 3 > NIC rx 11");
  CHECK(path(t, 3, 12) == "scale-up port tx 3 > scale-up port rx 4 > NIC tx 4 > NIC rx 12");
  CHECK(path(t, 3, 259) == "NIC tx 3 > unit uplink 3 > unit downlink 11 > NIC rx 259");
  CHECK(path(t, 3, 260) == "scale-up port tx 3 > scale-up port rx 4 > NIC tx 4 > unit uplink 4 > unit downlink 12 > "
                           "NIC rx 260");
  CHECK(capacity(t, "unit uplink 3") == 32 * 50e9);
}

TEST_CASE("rail-only: a node that is not filled is left by the sender's rail, and the receiver's node hands on") {
  const Cluster c = cluster("{name: h100-superpod, accelerators: 12, fabric: {kind: rail-only, tiers: []}}");
  const Topology t(c, c.ranks());
  CHECK(path(t, 8, 5) == "NIC tx 8 > NIC rx 0 > scale-up port tx 0 > scale-up port rx 5");
  CHECK(path(t, 5, 8) == "scale-up port tx 5 > scale-up port rx 0 > NIC tx 0 > NIC rx 8");
}

TEST_CASE("rail-only: an exchange of all with all loads cards g(k - 1) times and ports k(g - 1) times") {
  const Cluster c = cluster("{name: h100-superpod, accelerators: 32, fabric: {kind: rail-only}}");
  const int g = 8, k = 4;
  auto load = exchange(Topology(c, c.ranks()));
  CHECK(load["NIC tx"] == Range(g * (k - 1), g * (k - 1)));
  CHECK(load["NIC rx"] == Range(g * (k - 1), g * (k - 1)));
  CHECK(load["scale-up port tx"] == Range(k * (g - 1), k * (g - 1)));
  CHECK(load["scale-up port rx"] == Range(k * (g - 1), k * (g - 1)));
}

TEST_CASE("planes bound to cards split a block's uplinks and are joined inside nodes only") {
  const std::string meta = "{name: h100-meta-24k-roce, accelerators: 6144";
  const Cluster c = cluster(meta + ", fabric: {planes: 2, plane_of: nic}}"), whole = cluster(meta + "}");
  const Topology t(c, c.ranks()), one(whole, whole.ranks());
  CHECK(path(t, 0, 3072) ==
        "NIC tx 0 > rack uplink 0 > pod uplink 0 > pod downlink 2 > rack downlink 384 > NIC rx 3072");
  CHECK(path(t, 5, 3077) ==
        "NIC tx 5 > rack uplink 1 > pod uplink 1 > pod downlink 3 > rack downlink 385 > NIC rx 3077");
  CHECK(path(t, 0, 8) == "NIC tx 0 > NIC rx 8");
  CHECK(path(t, 0, 11) == "NIC tx 0 > NIC rx 11"); // cards 0 to 3 are one plane
  CHECK(path(t, 0, 13) == "scale-up port tx 0 > scale-up port rx 5 > NIC tx 5 > NIC rx 13");
  CHECK(2 * capacity(t, "pod uplink 0") == capacity(one, "pod uplink 0"));
}

TEST_CASE("planes with a port of every card in each are the same fabric as one") {
  const std::string meta = "{name: h100-meta-24k-roce, accelerators: 3088";
  const Cluster c = cluster(meta + ", fabric: {planes: 2, plane_of: port}}"), whole = cluster(meta + "}");
  const Topology t(c, c.ranks()), one(whole, whole.ranks());
  REQUIRE(std::size_t(t.link_count()) == std::size_t(one.link_count()));
  for (std::size_t i = 0; i < std::size_t(t.link_count()); ++i)
    CHECK(t.link(platforms::LinkId(i)).capacity == one.link(platforms::LinkId(i)).capacity);
  CHECK(path(t, 5, 3073) == path(one, 5, 3073));
}

TEST_CASE("DeepSeek's eight planes: the same rail as before, another rail over NVLink") {
  const Cluster c = cluster("{name: h800-deepseek-planes, accelerators: 512}");
  const Topology t(c, c.ranks());
  CHECK(path(t, 3, 259) == "NIC tx 3 > leaf uplink 3 > leaf downlink 11 > NIC rx 259");
  CHECK(path(t, 3, 12) == "scale-up port tx 3 > scale-up port rx 4 > NIC tx 4 > NIC rx 12");
}

TEST_CASE("torus: dimension by dimension, the shorter way, the positive one when both are as long") {
  const Cluster c = cluster("{name: 910b-roce, accelerators: 60, torus: [4, 5, 2], node: {scale_up: torus}}");
  const Topology t(c, c.ranks());
  CHECK(c.domain == 40);
  CHECK(path(t, 0, 1) == "torus link x+ 0");
  CHECK(path(t, 0, 3) == "torus link x- 0");
  CHECK(path(t, 0, 2) == "torus link x+ 0 > torus link x+ 1");
  CHECK(path(t, 2, 0) == "torus link x+ 2 > torus link x+ 3");
  CHECK(path(t, 0, 12) == "torus link y- 0 > torus link y- 16");
  CHECK(path(t, 1, 26) == "torus link x+ 1 > torus link y+ 2 > torus link z+ 6");
  CHECK(path(t, 26, 6) == "torus link z+ 26"); // a dimension of two: one link each way
  CHECK(path(t, 41, 42) == "torus link x+ 41");
  CHECK(path(t, 0, 40) == "NIC tx 0 > NIC rx 40");
  CHECK(capacity(t, "torus link y- 16") == 28e9);
}

TEST_CASE("torus: an exchange of all with all loads the links of a dimension of k with its ring's sum of distances") {
  for (const auto& [sizes, kx, ky, kz] : {std::tuple("[5, 3, 1]", 5, 3, 1), std::tuple("[4, 6]", 4, 6, 1),
                                          std::tuple("[2, 3, 4]", 2, 3, 4), std::tuple("[8, 7]", 8, 7, 1)}) {
    const int n = kx * ky * kz;
    const Cluster c = cluster(fmt::format("{{name: 910b-roce, accelerators: {}, fabric: {{tiers: []}}, node: "
                                          "{{accelerators: {}, nics: {{per_node: 1}}, scale_up: "
                                          "torus, torus: {}}}}}",
                                          n, n, sizes));
    auto load = exchange(Topology(c, c.ranks()));
    CAPTURE(std::string(sizes));
    for (const auto& [axis, k] : {std::pair('x', kx), std::pair('y', ky), std::pair('z', kz)}) {
      // even: distances 1 .. k/2 forwards, 1 .. k/2 - 1 backwards; odd: 1 .. (k - 1)/2 both ways
      const int forwards = (k % 2 == 0 ? k * (k + 2) : k * k - 1) / 8 * (n / k);
      const int backwards = (k % 2 == 0 ? k * (k - 2) : k * k - 1) / 8 * (n / k);
      if (k > 1) CHECK(load[fmt::format("torus link {}+", axis)] == Range(forwards, forwards));
      if (k > 2) CHECK(load[fmt::format("torus link {}-", axis)] == Range(backwards, backwards));
      // Over both borders of half the torus goes what half of all ranks sends to the other half.
      if (k % 2 == 0) CHECK((n / k) * (forwards + backwards) == n / 2 * (n / 2));
    }
  }
}

TEST_CASE("a torus has a ring of neighbours through every box that can have one") {
  for (std::int64_t x = 1; x <= 6; ++x)
    for (std::int64_t y = 1; y <= 6; ++y)
      for (std::int64_t z = 1; z <= 6; ++z)
        for (int closed = 0; closed < 8; ++closed) {
          TorusBox box{{x, y, z}, {}};
          int wide = 0, odd_open = 0;
          for (std::size_t a = 0; a < 3; ++a) {
            box.closed[a] = (closed >> a & 1) && box.size[a] > 2;
            wide += box.size[a] > 1;
            odd_open += box.size[a] > 1 && !box.closed[a];
          }
          const std::int64_t n = x * y * z;
          const auto ring = torus_ring(box);
          if ((wide > 1 && n % 2 == 0) || (wide > 0 && odd_open == 0)) CHECK(std::int64_t(ring.size()) == n);
          if (ring.empty()) continue;
          CHECK(std::set<TorusPoint>(ring.begin(), ring.end()).size() == std::size_t(n));
          for (std::size_t i = 0; i < ring.size(); ++i) {
            const TorusPoint &p = ring[i], &q = ring[(i + 1) % ring.size()];
            int steps = 0;
            for (std::size_t a = 0; a < 3; ++a) {
              std::int64_t d = std::abs(p[a] - q[a]);
              if (box.closed[a]) d = std::min(d, box.size[a] - d);
              steps += int(d);
            }
            CHECK(steps == 1);
          }
        }
}

TEST_CASE("Fire-Flyer 2: bridged pairs, ports into the host, one card for eight") {
  const Cluster c = cluster("{name: a100-pcie-fire-flyer2, accelerators: 320}");
  const Topology t(c, c.ranks());
  CHECK(path(t, 0, 1) == "bridge 0");
  CHECK(path(t, 3, 2) == "bridge 3");
  CHECK(path(t, 1, 2) == "scale-up port tx 1 > scale-up port rx 2");
  CHECK(path(t, 5, 10) == "scale-up port tx 5 > NIC tx 0 > NIC rx 1 > scale-up port rx 10");
  CHECK(path(t, 5, 170) ==
        "scale-up port tx 5 > NIC tx 0 > leaf uplink 0 > leaf downlink 1 > NIC rx 21 > scale-up port rx 170");
  CHECK(capacity(t, "scale-up port tx 5") == 32e9);
  CHECK(capacity(t, "bridge 5") == 300e9);
  CHECK(capacity(t, "NIC tx 0") == 25e9);
}

TEST_CASE("PCIe switches: two on one meet there, others cross uplinks and the host") {
  const Cluster c =
      cluster(pcie + "{per_switch: 4, uplink: " + figure("16 GB/s") + ", host: " + figure("40 GB/s") + "}}}");
  const Topology t(c, c.ranks());
  CHECK(path(t, 0, 1).starts_with("bridge 0"));
  CHECK(path(t, 1, 2) == "scale-up port tx 1 > scale-up port rx 2");
  CHECK(path(t, 9, 14) == "scale-up port tx 9 > PCIe switch uplink 2 > host 1 > PCIe switch downlink 3 > scale-up port "
                          "rx 14");
  CHECK(path(t, 5, 9) == "scale-up port tx 5 > PCIe switch uplink 1 > host 0 > NIC tx 0 > NIC rx 1 > host 1 > PCIe "
                         "switch downlink 2 > scale-up port rx 9");
  CHECK(capacity(t, "PCIe switch uplink 0") == 16e9);
  CHECK(capacity(t, "host 1") == 40e9);
  // 16 ranks: each sends to 8 over the border; of a switch's four each sends to 12 beyond it.
  auto load = exchange(t);
  CHECK(load["NIC tx"] == Range(64, 64));
  CHECK(load["PCIe switch uplink"] == Range(48, 48));
  CHECK(load["host"] == Range(2 * 16 + 2 * 64, 2 * 16 + 2 * 64));
  CHECK(load["scale-up port tx"] == Range(14, 14));
  CHECK(load["bridge"] == Range(1, 1));
}

TEST_CASE("a degraded link keeps its share and may bind; a removed one is gone round where there is a way") {
  const Cluster c = cluster("{name: h100-meta-24k-roce, accelerators: 6144, degraded: [{link: pod uplink 1, share: "
                            "0.5}, {link: rack uplink 7, share: 0.25}]}");
  const Topology t(c, c.ranks());
  CHECK(2 * capacity(t, "pod uplink 1") == capacity(t, "pod uplink 0"));
  CHECK(4 * capacity(t, "rack uplink 7") == capacity(t, "rack uplink 6"));
  const auto groups = t.groups();
  CHECK(t.link(*find_link(groups, "rack uplink 7")).binding);
  CHECK(!t.link(*find_link(groups, "rack uplink 6")).binding);

  const Cluster ring = cluster("{name: 910b-roce, accelerators: 8, node: {scale_up: torus, torus: [4, 2]}, degraded: "
                               "[{link: torus link x+ 1, share: 0}]}");
  const Topology around(ring, 8);
  CHECK(path(around, 0, 1) == "torus link x+ 0");
  CHECK(path(around, 1, 2) == "torus link x- 1 > torus link x- 0 > torus link x- 3");
  CHECK(path(around, 0, 2) == "torus link x- 0 > torus link x- 3");

  const Cluster pair =
      cluster("{name: a100-pcie-fire-flyer2, accelerators: 8, degraded: [{link: bridge 2, share: 0}]}");
  const Topology unbridged(pair, 8);
  CHECK(path(unbridged, 2, 3) == "scale-up port tx 2 > scale-up port rx 3");
  CHECK(path(unbridged, 3, 2) == "bridge 3");
}

TEST_CASE("a removed link is an error when a route needs it, and none when no route does") {
  auto without = [](const std::string& what, const std::string& link) {
    return error("{" + what + ", degraded: [{link: " + link + ", share: 0}]}");
  };
  const std::string one_pod = "name: h100-meta-24k-roce, accelerators: 64";
  CHECK(without(one_pod, "pod uplink 0").empty()); // nothing leaves the only pod
  CHECK(without("name: h100-meta-24k-roce, accelerators: 6144", "pod uplink 0") ==
        "without `pod uplink 0` rank 0 has no way to rank 6136");
  CHECK(without(one_pod, "NIC rx 9") == "without `NIC rx 9` rank 0 has no way to rank 9");
  CHECK(without(one_pod, "scale-up port tx 63") == "without `scale-up port tx 63` rank 63 has no way to rank 56");
  CHECK(without("name: 910b-roce, accelerators: 8", "mesh link 1") ==
        "without `mesh link 1` rank 0 has no way to rank 1");
  CHECK(without("name: h100-superpod, accelerators: 8", "NIC tx 3").empty());
  const std::string torus = "name: 910b-roce, accelerators: 8, node: {scale_up: torus, torus: [4, 2]}";
  CHECK(without(torus, "torus link x- 3").empty());
  CHECK(without(torus, "torus link y+ 3") == "without `torus link y+ 3` rank 0 has no way to rank 7");
}
