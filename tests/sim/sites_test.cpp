// Several sites: do bandwidth, distance and the dimension wan appear where a group spans sites, and nowhere else?
#include "sim/collective.hpp"
#include "tests/platforms/worlds.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

using namespace weft;

namespace {

std::string figure(const std::string& value) {
  return fmt::format("{{value: {}, source: test, evidence: assumed}}", value);
}
/// Two or more sites of 64 accelerators, one microbatch's worth of an 8-billion-parameter model.
std::vector<std::string> sets(const std::string& plan, int accelerators, const std::string& sites) {
  return {"cluster=h100-superpod",
          fmt::format("cluster.fabric.tiers=[{{name: unit, accelerators: 64, oversubscription: {}}}]", figure("1")),
          "model=llama3-8b",
          "training.sequence=2048",
          "training.global_batch=64",
          plan,
          fmt::format("cluster.accelerators={}", accelerators),
          "cluster.sites=" + sites};
}
std::string sites(const std::string& more) {
  return fmt::format("{{accelerators: 64, bandwidth: {}, efficiency: {}, {}}}", figure("100 Gbit/s"), figure("1"),
                     more);
}
double seconds_of(const sim::StepResult& r, sim::Entry entry) {
  return analysis::where_time_went(r, r.run, r.costs, 0).seconds[std::size_t(entry)];
}
const char* const across_dp = "plan={tp: 8, pp: 2, dp: 8, zero: 1, order: [tp, pp, dp]}";
const char* const across_pp = "plan={tp: 8, pp: 2, dp: 8, zero: 1, order: [tp, dp, pp]}";

} // namespace

TEST_CASE("a message between sites climbs its site, crosses one link and comes down; distance is its latency") {
  const auto loaded = test::load("llama3-405b-16k", sets(across_pp, 128, sites("kilometres: " + figure("1000"))));
  const platforms::Topology t(loaded.cluster, loaded.cluster.ranks());
  CHECK(test::path(t, 3, 70) == "NIC tx 3 > unit uplink 3 > site link 1 > unit downlink 14 > NIC rx 70");
  CHECK(test::path(t, 3, 11) == "NIC tx 3 > NIC rx 11");
  CHECK(t.site_delay(0, 1).count() == doctest::Approx(4.9e-3));
  const auto placement = test::placed(loaded.scenario, loaded.cluster, t);
  const sim::CollectivePricer prices(loaded.cluster);
  for (const auto& c : placement.communicators)
    if (c.role == sim::Role::next_send) {
      const double local = loaded.cluster.fabric.latency.point_to_point.value.count();
      CHECK(prices.price(workloads::CollectiveOp::send, Bytes(1e6), c).latency == doctest::Approx(local + 4.9e-3));
    } else if (c.role == sim::Role::dp) {
      CHECK(c.span.sites == 1);
    }
}

TEST_CASE("a ring over sites pays every crossing but one; over two sites that is a round trip a phase") {
  const auto loaded = test::load("llama3-405b-16k", sets(across_dp, 128, sites("round_trip: " + figure("20 ms"))));
  const platforms::Topology t(loaded.cluster, loaded.cluster.ranks());
  const auto placement = test::placed(loaded.scenario, loaded.cluster, t);
  for (const auto& c : placement.communicators)
    if (c.role == sim::Role::dp) {
      CHECK(c.span.sites == 2);
      CHECK(c.span.ring_delay == doctest::Approx(20e-3));
    }
  const std::string two = "plan={tp: 8, pp: 8, dp: 2, zero: 1, order: [tp, pp, dp]}"; // a replica a site: one crossing
  const auto pair = test::load("llama3-405b-16k", sets(two, 128, sites("round_trip: " + figure("20 ms"))));
  const auto ends = test::placed(pair.scenario, pair.cluster, platforms::Topology(pair.cluster, 128));
  for (const auto& c : ends.communicators)
    if (c.role == sim::Role::dp) CHECK(c.span.ring_delay == doctest::Approx(10e-3));
}

TEST_CASE("what spans sites is wan and nothing else; what does not is not") {
  for (const char* plan : {across_dp, across_pp}) {
    const auto r = test::simulate("llama3-405b-16k", sets(plan, 128, sites("round_trip: " + figure("20 ms"))));
    test::check_ledgers(r);
    CHECK(seconds_of(r, sim::Entry::wan) > 0.01 * r.run.step_time);
    const bool dp = plan == across_dp;
    CHECK((seconds_of(r, dp ? sim::Entry::dp : sim::Entry::pp) == 0));
    CHECK((seconds_of(r, dp ? sim::Entry::pp : sim::Entry::dp) > 0));
    bool found = false;
    for (const auto& link : r.links)
      if (link.link == "site link") {
        found = true;
        CHECK(link.bytes > 0);
        CHECK(r.run.step_time >= link.bytes / link.capacity);
      }
    CHECK(found);
  }
}

TEST_CASE("folded equals unfolded over three sites with links of their own, replicas inside and across") {
  for (const char* plan : {"plan={tp: 8, pp: 2, dp: 12, zero: 1, order: [tp, pp, dp]}",
                           "plan={tp: 8, pp: 3, dp: 8, zero: 2, order: [tp, dp, pp]}"}) {
    auto all =
        sets(plan, 192,
             sites("kilometres: " + figure("100") + ", links: [{between: [0, 2], bandwidth: " + figure("25 Gbit/s") +
                   ", kilometres: " + figure("2000") + "}]"));
    all.emplace_back("training.global_batch=96");
    const auto loaded = test::load("llama3-405b-16k", all);
    sim::Options visiting, unfolded;
    visiting.structural = false;
    unfolded.fold = false;
    const auto a = test::simulate(loaded), b = test::simulate(loaded, visiting), c = test::simulate(loaded, unfolded);
    CHECK(a.folded.ranks.size() == b.folded.ranks.size());
    CHECK(c.folded.ranks.size() == 192);
    CHECK(test::relative(a.run.step_time, c.run.step_time) < 1e-9);
    for (std::size_t i = 0; i < a.links.size(); ++i)
      CHECK(std::abs(a.links[i].bytes - c.links[i].bytes) <= 1e-9 * c.links[i].bytes);
  }
}

TEST_CASE("sites without what they need are refused with the fact that is missing") {
  auto error = [](const std::string& text) {
    const auto loaded = analysis::load_scenario("llama3-405b-16k", sets(across_dp, 128, text));
    REQUIRE(!loaded);
    return render(loaded.error());
  };
  CHECK(error("{accelerators: 64, efficiency: " + figure("1") + ", kilometres: " + figure("9") + "}")
            .find("the link between sites 0 and 1 needs a bandwidth") != std::string::npos);
  CHECK(error(sites("")).find("needs round_trip or kilometres") != std::string::npos);
  CHECK(error(sites("kilometres: " + figure("9") + ", links: [{between: [0, 1], bandwidth: " + figure("0 GB/s") + "}]"))
            .find("must be above 0") != std::string::npos);
  CHECK(error("{accelerators: 24}").find("no multiple of the 64") != std::string::npos);
  CHECK(error(sites("kilometres: " + figure("9") + ", links: [{between: [0, 2]}]")).find("site 2 does not exist") !=
        std::string::npos);
}

TEST_CASE("more sites than can be described, and a link that is gone between two in the middle, are errors") {
  const std::string own = fmt::format("{{accelerators: 8, bandwidth: {}, efficiency: {}, kilometres: {}}}",
                                      figure("1 GB/s"), figure("1"), figure("9"));
  auto load = [&](int accelerators, const std::string& more) {
    return analysis::load_scenario("llama3-405b-16k", {"cluster=h100-superpod", "cluster.fabric.tiers=[]",
                                                       fmt::format("cluster.accelerators={}", accelerators),
                                                       "cluster.sites=" + own, more});
  };
  CHECK(load(512, "model=llama3-8b"));
  const auto many = load(1 << 20, "model=llama3-8b");
  REQUIRE(!many);
  CHECK(render(many.error()).find("131072 sites of 8 accelerators: at most 64") != std::string::npos);
  const auto gone = load(40, "cluster.degraded=[{link: site link 7, share: 0}]"); // from site 1 to site 2 of five
  REQUIRE(!gone);
  CHECK(render(gone.error()).find("without `site link 7`") != std::string::npos);
}
