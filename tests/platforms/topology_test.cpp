// Does a message take the links that the cluster's description says?
#include "platforms/base/document.hpp"
#include "platforms/catalog.hpp"
#include "platforms/topology.hpp"
#include "tests/platforms/worlds.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace weft;
using namespace weft::platforms;
using test::cluster;
using test::path;

TEST_CASE("the Llama 3 cluster: ports inside a node, cards, racks of two nodes, pods above") {
  const Cluster c = cluster("{name: h100-meta-24k-roce, accelerators: 6144}");
  const Topology t(c, c.ranks());
  CHECK(path(t, 3, 3).empty());
  CHECK(path(t, 0, 7) == "scale-up port tx 0 > scale-up port rx 7");
  CHECK(path(t, 0, 8) == "NIC tx 0 > NIC rx 8"); // the same rack
  CHECK(path(t, 0, 16) == "NIC tx 0 > rack uplink 0 > rack downlink 1 > NIC rx 16");
  CHECK(path(t, 5, 3072) ==
        "NIC tx 5 > rack uplink 0 > pod uplink 0 > pod downlink 1 > rack downlink 192 > NIC rx 3072");
  for (std::size_t i = 0; i < std::size_t(t.link_count()); ++i) {
    const Link link = t.link(platforms::LinkId(i));
    if (t.groups()[t.group_of(LinkId(i))].name == "pod uplink") {
      CHECK(link.binding);
      CHECK(link.capacity.count() == doctest::Approx(3072 * 50e9 / 7));
    }
    if (t.groups()[t.group_of(LinkId(i))].name == "rack uplink")
      CHECK(!link.binding); // under-subscribed: it never limits
  }
}

TEST_CASE("a full mesh has one link for each ordered pair") {
  const Cluster c = cluster("{name: 910b-roce, accelerators: 16}");
  const Topology t(c, c.ranks());
  CHECK(path(t, 0, 1) == "mesh link 1");
  CHECK(path(t, 1, 0) == "mesh link 8");
  CHECK(path(t, 9, 15) == "mesh link 79");
  CHECK(t.link(0).capacity.count() == 28e9);
  CHECK(path(t, 0, 8) == "NIC tx 0 > NIC rx 8");
}

TEST_CASE("CloudMatrix: two dies share a package's card; a supernode's nodes meet in a second tier") {
  const Cluster c = cluster("{name: 910c-cloudmatrix, accelerators: 768}");
  const Topology t(c, c.ranks());
  CHECK(t.ranks() == 1536);
  CHECK(path(t, 0, 1) == "scale-up port tx 0 > scale-up port rx 1");
  CHECK(path(t, 0, 16) == "scale-up port tx 0 > node uplink 0 > node downlink 1 > scale-up port rx 16");
  CHECK(path(t, 0, 768) == path(t, 1, 769)); // both dies of a package
  CHECK(path(t, 2, 768).starts_with("NIC tx 1 >"));
  CHECK(path(t, 1, 769) == "NIC tx 0 > supernode uplink 0 > supernode downlink 1 > NIC rx 384");
  CHECK(t.link(0).capacity.count() == 196e9); // half a package's port
}

TEST_CASE("rail-optimised: same rail meets at a leaf, another rail climbs") {
  const Cluster c = cluster("{name: h100-superpod, accelerators: 512}");
  const Topology t(c, c.ranks());
  CHECK(path(t, 3, 11) == "NIC tx 3 > NIC rx 11");
  CHECK(path(t, 3, 12) == "NIC tx 3 > unit uplink 3 > unit downlink 4 > NIC rx 12");
  CHECK(path(t, 3, 259) == "NIC tx 3 > unit uplink 3 > unit downlink 11 > NIC rx 259");
}

TEST_CASE("one card can serve a whole node") {
  const Cluster c = cluster("{name: h100-superpod, accelerators: 16, node: {nics: {per_node: 1}}}");
  const Topology t(c, c.ranks());
  CHECK(path(t, 0, 8) == path(t, 0, 15));
}

TEST_CASE("a part-filled last pod keeps a full pod's uplinks") {
  const Cluster c = cluster("{name: h100-meta-24k-roce, accelerators: 3088}");
  const Topology t(c, c.ranks());
  double first = 0, last = 0;
  for (std::size_t i = 0; i < std::size_t(t.link_count()); ++i)
    if (t.groups()[t.group_of(LinkId(i))].name == "pod uplink")
      (t.link(platforms::LinkId(i)).owner == 0 ? first : last) = t.link(platforms::LinkId(i)).capacity.count();
  CHECK(first > 0);
  CHECK(first == last);
}
