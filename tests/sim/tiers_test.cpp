// Does an ideal tier of the interconnect take away what it costs, and nothing else?
#include "tests/random_small_worlds.hpp"
#include "tests/random_worlds.hpp"
#include "tests/support.hpp"

#include "platforms/topology.hpp"

#include <bit>
#include <map>

using namespace weft;

namespace {

sim::Options by_tier() {
  sim::Options options;
  options.tier_subsets = true;
  return options;
}
double all_ideal(const sim::StepResult& r) {
  for (const auto& run : r.tier_subsets)
    if (run.ideal == r.tiers) return run.step_time;
  return -1;
}
std::map<std::string, double> costs(const sim::StepResult& r) {
  std::map<std::string, double> out;
  const auto tax = analysis::interconnect_tax(r);
  REQUIRE(tax);
  double sum = 0;
  for (const auto& part : tax->tiers) {
    out[part.name] = part.seconds;
    sum += part.seconds;
  }
  CHECK(std::abs(sum - tax->seconds) <= 1e-9 * r.run.step_time);
  return out;
}

} // namespace

TEST_CASE("all tiers ideal is all dimensions ideal, tiers' parts sum to the tax, and folding changes no bit of them") {
  test::SmallWorlds worlds(20260731);
  int tried = 0, several = 0, timed = 0;
  while (tried < 24) {
    const test::SmallWorld world = worlds.next();
    const auto loaded = test::legal(world.scenario, world.sets);
    if (!loaded || loaded->cluster.ranks() > 96) continue;
    ++tried;
    INFO(world.text());
    sim::Options folded = by_tier(), unfolded = by_tier();
    folded.seed = unfolded.seed = world.seed;
    unfolded.fold = false;
    const auto a = test::simulate(*loaded, folded), b = test::simulate(*loaded, unfolded);
    CHECK(all_ideal(a) == doctest::Approx(a.ideal.step_time).epsilon(1e-12));
    costs(a);
    CHECK(a.tiers == b.tiers);
    REQUIRE(a.tier_subsets.size() == (std::size_t{1} << std::popcount(a.tiers)));
    REQUIRE(b.tier_subsets.size() == a.tier_subsets.size());
    for (std::size_t i = 0; i < a.tier_subsets.size(); ++i) {
      CHECK(a.tier_subsets[i].ideal == b.tier_subsets[i].ideal);
      CHECK(a.tier_subsets[i].step_time == b.tier_subsets[i].step_time);
    }
    several += a.tier_subsets.size() > 2;
    for (std::size_t i = 0; i < a.links.size(); ++i) {
      const sim::LinkBytes &link = a.links[i], &same = b.links[i];
      CHECK(link.while_busy == doctest::Approx(same.while_busy).epsilon(1e-9));
      if (link.while_busy < 0) continue;
      CHECK(link.while_busy <= 1 + 1e-9);
      CHECK(link.while_busy * (1 + 1e-9) >= link.bytes / link.capacity / a.run.step_time);
      ++timed;
    }
  }
  CHECK(several > 12);
  CHECK(timed > 50);
}

TEST_CASE("while busy: two replicas that all-reduce use their cards as fully as the ring's latency lets them") {
  // A card each, one all-reduce of everything after the backward.
  const auto r = test::simulate("korthikanti-22b",
                                {"model=llama3-8b", "cluster.node.accelerators=1", "cluster.node.nics.per_node=1",
                                 "cluster.accelerators=2", "plan.tp=1", "plan.dp=2", "plan.zero=0",
                                 "training.global_batch=8", "stack.overlap.gradients=false"},
                                by_tier());
  const double step = r.run.step_time;
  int cards = 0;
  for (const auto& link : r.links) {
    if (link.tier != sim::card_tier) continue;
    ++cards;
    double busy = 0, moving = 0;
    for (std::size_t c = 0; c < r.run.messages.size(); ++c)
      for (const auto& span : r.run.messages[c])
        if (r.role_of_communicator[c] == sim::Role::dp) busy += span.end - span.begin;
    moving = link.bytes / link.capacity; // both cards alike
    CHECK(moving < busy);
    CHECK(busy < step);
    CHECK(link.while_busy == doctest::Approx(moving / busy).epsilon(1e-9));
    CHECK(link.while_busy > 0.99);
  }
  CHECK(cards == 2);
}

TEST_CASE("a ring over nodes with one tier ideal is what the other takes") {
  const auto loaded = test::load("korthikanti-175b", {"plan.tp=1", "plan.pp=1", "plan.vpp=1", "plan.dp=32",
                                                      "plan.schedule=1f1b", "cluster.accelerators=32"});
  const platforms::Topology topology(loaded.cluster, 32);
  const auto placement = test::placed(loaded.scenario, loaded.cluster, topology);
  const sim::CollectivePricer pricer(loaded.cluster);
  std::vector<double> capacity;
  for (const auto& link : placement.links)
    capacity.push_back(pricer.capacity(topology.link(link.id)));
  const auto& fabric = loaded.cluster.fabric.latency;
  const double base = fabric.base.value.count(), out = fabric.hop.value.count(),
               in = loaded.cluster.accelerator.scale_up.timing.hop.value.count();
  const double port = loaded.cluster.accelerator.scale_up.bandwidth.value.count() *
                      loaded.cluster.accelerator.scale_up.timing.efficiency.value,
               card = loaded.cluster.node.nics.bandwidth.value.count() * loaded.cluster.node.nics.efficiency.value;
  // Eight channels: 4 nodes of 8 ranks, a card carries one, a port the seven that stay inside.
  const double moved = 31.0 / 32 * 1e9;
  auto time = [&](const sim::Placement::Communicator& c, sim::TierSet ideal) {
    return pricer.isolated(workloads::CollectiveOp::all_gather, Bytes(1e9), placement, c, capacity, ideal);
  };
  const sim::TierSet scale_up = sim::tier_bit(sim::scale_up_tier), cards = sim::tier_bit(sim::card_tier);
  int found = 0;
  for (const auto& c : placement.communicators) {
    if (c.role != sim::Role::dp) continue;
    ++found;
    CHECK(c.tiers(0) == (scale_up | cards)); // its fabric never limits
    CHECK(time(c, 0) == doctest::Approx(base + 28 * in + 3 * out + moved / 8 / card).epsilon(1e-12));
    CHECK(time(c, scale_up) == doctest::Approx(base + 3 * out + moved / 8 / card).epsilon(1e-12));
    CHECK(time(c, cards) == doctest::Approx(base + 28 * in + moved * 7 / 8 / port).epsilon(1e-12));
    CHECK(time(c, scale_up | cards) == 0);
  }
  CHECK(found == 1);
}

TEST_CASE("H800 against H100: what differs is the scale-up fabric's part") {
  const auto h100 = costs(test::simulate("llama3-405b-16k", {}, by_tier())),
             h800 = costs(test::simulate("llama3-405b-16k-h800", {}, by_tier()));
  REQUIRE(h100.size() == h800.size());
  const double more = h800.at("scale-up") - h100.at("scale-up");
  CHECK(more > 0.8);
  for (const auto& [tier, seconds] : h100)
    if (tier != "scale-up") CHECK(std::abs(h800.at(tier) - seconds) < 0.01 * more);
}

TEST_CASE("one node has all its tax in the scale-up fabric, and no tier counts that nothing of the run waits for") {
  const auto one = test::simulate("korthikanti-22b", {}, by_tier());
  CHECK(one.tiers == sim::tier_bit(sim::scale_up_tier));
  CHECK(costs(one).at("scale-up") == doctest::Approx(one.run.step_time - one.ideal.step_time).epsilon(1e-12));
  // One pod of the 24k cluster: its uplinks, seven to one, are there and unused.
  const std::vector<std::string> pod{"cluster.accelerators=512", "plan.pp=4", "plan.vpp=4", "plan.dp=16",
                                     "training.global_batch=128"};
  const auto small = costs(test::simulate("llama3-405b-16k", pod, by_tier()));
  CHECK(small.size() == 2);
  CHECK(small.count("NIC") == 1);
}

TEST_CASE("a fabric tier costs more the narrower it is, and nothing where it never limits") {
  auto with = [](double pod) {
    return costs(
        test::simulate("llama3-405b-16k",
                       {"cluster.accelerators=512", "plan.pp=4", "plan.vpp=4", "plan.dp=16",
                        "training.global_batch=128", "cluster.fabric.tiers=[" + test::tier("pod", 128, pod) + "]"},
                       by_tier()));
  };
  const auto wide = with(1), narrow = with(7), narrower = with(14);
  CHECK(wide.count("pod uplink") == 0);
  CHECK(narrow.at("pod uplink") > 0);
  CHECK(narrower.at("pod uplink") > narrow.at("pod uplink"));
}

TEST_CASE("sites: their links and the light between them are a tier of their own") {
  const std::vector<std::string> sets{
      "cluster.accelerators=256", "cluster.fabric.tiers=[" + test::tier("rack", 16, 1) + "]",
      "plan={tp: 8, pp: 4, vpp: 4, dp: 8, schedule: interleaved-1f1b, order: [tp, cp, pp, dp]}",
      "training.global_batch=64",
      "cluster.sites={accelerators: 128, bandwidth: {value: 100 GB/s, source: test, evidence: assumed}, round_trip: "
      "{value: 20 ms, source: test, evidence: assumed}, efficiency: {value: 0.9, source: test, evidence: assumed}}"};
  const auto r = test::simulate("llama3-405b-16k", sets, by_tier());
  const auto parts = costs(r);
  CHECK(parts.at("site link") > 0.02);
  CHECK(all_ideal(r) == doctest::Approx(r.ideal.step_time).epsilon(1e-12));
}
