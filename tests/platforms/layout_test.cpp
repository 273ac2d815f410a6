// Do ranks stand where a cluster of several kinds of nodes, part-filled domains and gaps says, and do their links?
#include "platforms/base/document.hpp"
#include "tests/platforms/worlds.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace weft;
using namespace weft::platforms;
using test::capacity;
using test::cluster;
using test::error;
using test::path;

namespace {

std::vector<std::int64_t> places(const Cluster& c) {
  const Layout layout(c, c.ranks());
  std::vector<std::int64_t> out;
  for (std::int64_t r = 0; r < c.ranks(); ++r)
    out.push_back(layout.place(r));
  return out;
}

} // namespace

TEST_CASE("a cluster of one kind of node has rank r in place r") {
  const Cluster c = cluster("{name: h100-superpod, accelerators: 20}");
  const Layout layout(c, c.ranks());
  CHECK(layout.uniform());
  CHECK(layout.places() == 20);
  for (std::int64_t r = 0; r < 20; ++r) {
    CHECK(layout.place(r) == r);
    CHECK(layout.rank_at(r) == r);
  }
  CHECK(layout.rank_at(20) == -1);
}

TEST_CASE("part-filled domains: the last figure goes on, and ranks keep their order") {
  const Cluster c = cluster("{name: h100-superpod, accelerators: 14, fill: [8, 2, 3]}");
  CHECK(places(c) == std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 24});
  const Topology t(c, c.ranks());
  CHECK(t.domain_of(9) == 1);
  CHECK(t.domain_of(10) == 2);
  CHECK(path(t, 8, 9) == "scale-up port tx 8 > scale-up port rx 9");
  CHECK(path(t, 9, 10) == "NIC tx 9 > unit uplink 1 > unit downlink 0 > NIC rx 16"); // another rail
  CHECK(path(t, 8, 13) == "NIC tx 8 > NIC rx 24");
  const Layout layout(c, c.ranks());
  for (std::int64_t r = 0; r < c.ranks(); ++r)
    CHECK(layout.rank_at(layout.place(r)) == r);
  CHECK(layout.rank_at(10) == -1);
}

TEST_CASE("accelerators, nodes and domains that are out of service are passed over") {
  CHECK(places(cluster("{name: h100-superpod, accelerators: 9, without: [accelerator 2, node 1]}")) ==
        std::vector<std::int64_t>{0, 1, 3, 4, 5, 6, 7, 16, 17});
  // A package of two dies goes as a whole; a supernode has 48 nodes of 8 packages.
  const Cluster c = cluster("{name: 910c-cloudmatrix, accelerators: 384, without: [accelerator 1, node 2]}");
  const auto at = places(c);
  CHECK(at[2] == 4);
  CHECK(at[30] == 48); // behind node 2, which has places 32 to 47
  CHECK(at.back() == 768 + 17);
  CHECK(places(cluster("{name: gb200-superpod, accelerators: 73, without: [domain 0]}")).front() == 72);
}

TEST_CASE("two kinds of nodes: links of each have its rates, numbers go on, blocks have their own uplinks") {
  const Cluster c = cluster("{name: h100-meta-24k-roce, parts: [{node: dgx-h100, accelerators: 24}, {node: {name: "
                            "hgx-h800, nics: {bandwidth: 200 Gbit/s}}, accelerators: 16}]}");
  CHECK(c.accelerators == 40);
  CHECK(c.ranks() == 40);
  CHECK(c.chip_names() == "h100-sxm + h800");
  const Topology t(c, c.ranks());
  CHECK(t.part_of(23) == 0);
  CHECK(t.part_of(24) == 1);
  // The second part begins a rack of its own: the first one's second rack has a free node.
  CHECK(path(t, 16, 24) == "NIC tx 16 > rack uplink 1 > rack downlink 2 > NIC rx 24");
  CHECK(path(t, 24, 31) == "scale-up port tx 24 > scale-up port rx 31");
  CHECK(capacity(t, "scale-up port tx 23") == 450e9);
  CHECK(capacity(t, "scale-up port tx 24") == 200e9);
  CHECK(capacity(t, "NIC tx 23") == 50e9);
  CHECK(capacity(t, "NIC tx 24") == 25e9);
  CHECK(capacity(t, "rack uplink 0") == doctest::Approx(16 * 50e9 / 0.5));
  CHECK(capacity(t, "rack uplink 1") == doctest::Approx(16 * 50e9 / 0.5));
  CHECK(capacity(t, "rack uplink 2") == doctest::Approx(16 * 25e9 / 0.5));
  // Both kinds feed the pod; its last nodes are of the second kind up to the pod's end.
  CHECK(capacity(t, "pod uplink 0") == doctest::Approx((32 * 50e9 + (3072 - 32) * 25e9) / 7));
}

TEST_CASE("racks of 72 beside nodes of eight") {
  const Cluster c =
      cluster("{name: h100-superpod, fabric: {kind: clos, tiers: [{name: row, accelerators: 144, "
              "oversubscription: {value: 2, source: test, evidence: assumed}}]}, parts: [{node: dgx-h100, "
              "accelerators: 16}, {node: gb200-nvl72, accelerators: 72}]}");
  const Topology t(c, c.ranks());
  CHECK(t.domain_of(15) == 1);
  CHECK(t.domain_of(16) == 2);
  CHECK(t.domain_of(87) == 2);
  CHECK(t.reach(16, 87) == Reach::domain);
  CHECK(path(t, 0, 16) == "NIC tx 0 > row uplink 0 > row downlink 1 > NIC rx 16");
}

TEST_CASE("rails change at somebody who is there") {
  CHECK(error("{name: h100-superpod, fabric: {kind: rail-only}, accelerators: 24, fill: [5]}")
            .starts_with("node 0 has nobody on 3 of its 8 rails or planes"));
  // Two ranks share a card: one of them is enough.
  const Cluster half = cluster("{name: h100-superpod, node: {nics: {per_node: 4}}, fabric: {kind: rail-only}, "
                               "accelerators: 24, without: [accelerator 3]}");
  const Topology t(half, half.ranks());
  CHECK(path(t, 0, 10) == "scale-up port tx 0 > scale-up port rx 2 > NIC tx 1 > NIC rx 5"); // place 11's rail: 2 or 3
}

TEST_CASE("what such clusters get wrong") {
  const std::string two = "parts: [{node: dgx-h100, accelerators: 8}, {node: hgx-h800, accelerators: 8}]}";
  CHECK(error("{name: h100-superpod, accelerators: 24, " + two) ==
        "the cluster's parts have 16 accelerators, `accelerators` says 24");
  CHECK(error("{name: h100-superpod, accelerators: 8, fill: []}") == "`fill` needs at least one figure");
  CHECK(error("{name: h100-superpod, accelerators: 8, fill: [4, 9]}") ==
        "a scale-up domain has 1 to 8 accelerators in use");
  CHECK(error("{name: h100-superpod, accelerators: 8, without: [rank 3]}") ==
        "`rank 3` names nothing that can be left out");
  CHECK(error("{name: h100-superpod, accelerators: 8, without: [node 0, node 0]}") == "`node 0` is left out twice");
  CHECK(error("{name: h100-superpod, accelerators: 8, without: [node 5]}") ==
        "`node 5` is behind the last one in use, 0");
  CHECK(error("{name: h100-superpod, parts: []}") == "`parts` needs at least one part");
  CHECK(error("{name: h100-superpod, parts: [{node: dgx-h100, accelerators: 0}]}") ==
        "accelerators must be between 1 and 4194304");
  CHECK(error("{name: h100-superpod, fabric: {kind: rail-only}, parts: [{node: dgx-h100, accelerators: 8}, {node: "
              "{name: hgx-h800, nics: {per_node: 4}}, accelerators: 8}]}")
            .starts_with("rails and planes need nodes alike"));
  CHECK(error("{name: h100-superpod, node: {name: dgx-h100, scale_up: two-tier}, domain: -8, accelerators: 8}") ==
        "domain must be between 1 and 65536");
  CHECK(error("{name: h100-superpod, domain: 16, " + two) == "`parts` beside `domain`: each part says its own");
  CHECK(error("{name: h100-superpod, node: {name: dgx-h100, scale_up: two-tier}, domain: 65536, fill: [1], "
              "accelerators: 600}") == "domains filled so thinly have more than 16,777,216 places for ranks");
}
