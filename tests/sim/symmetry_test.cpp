// Does folding what is alike by construction give the classes that visiting every rank gives?
#include "tests/support.hpp"

#include <fmt/format.h>
#include <random>

using namespace weft;

namespace {

std::string tier(const char* name, std::int64_t accelerators, double oversubscription) {
  return fmt::format("{{name: {}, accelerators: {}, oversubscription: {{value: {}, source: test, evidence: assumed}}}}",
                     name, accelerators, oversubscription);
}

/// A random world of at most 2,048 ranks: order, degrees, blocks, sharding, experts, slow ranks, degraded links.
struct World {
  std::string scenario;
  std::vector<std::string> sets;
};

World random_world(std::mt19937& random) {
  auto one_of = [&](auto... values) {
    const std::array all{values...};
    return all[std::uniform_int_distribution<std::size_t>(0, all.size() - 1)(random)];
  };
  World w;
  w.scenario = one_of("llama3-405b-16k", "llama3-405b-16k", "llama3-405b-16k-910b");
  const bool experts = one_of(0, 0, 1) == 1;
  const int tp = one_of(1, 2, 4, 8, 8), pp = one_of(1, 2, 3, 4, 8), cp = one_of(1, 1, 1, 2),
            dp = one_of(4, 6, 8, 12, 16, 20, 24, 32);
  const int ranks = tp * pp * cp * dp;
  const int ep = experts ? one_of(1, 2, 4, 8) : 1;
  const char* order = one_of("[tp, cp, pp, dp]", "[tp, cp, dp, pp]", "[tp, dp, cp, pp]", "[tp, pp, dp, cp]");
  const int rack = one_of(16, 32, 8), pod = rack * one_of(2, 3, 4, 6);
  const std::string tiers = fmt::format("cluster.fabric.tiers=[{}, {}]", tier("rack", rack, one_of(0.5, 1.0, 2.0)),
                                        tier("pod", pod, one_of(1.0, 4.0, 7.0)));
  w.sets = {"cluster=" +
                std::string(w.scenario.ends_with("910b") ? "910b-roce" : one_of("h100-meta-24k-roce", "h100-superpod")),
            experts ? "model=mixtral-8x7b" : "model=llama3-8b",
            fmt::format("model.layers={}", 4 * pp),
            "training.sequence=2048",
            fmt::format("training.global_batch={}", dp * pp * 2),
            fmt::format("cluster.accelerators={}", ranks)};
  w.sets.push_back(tiers);
  const int shard = dp % 4 == 0 && cp == 1 && !experts ? one_of(0, 0, 2, 4) : 0;
  const int zero = shard > 0 ? one_of(1, 2) : one_of(0, 1, 2);
  w.sets.push_back(
      fmt::format("plan={{tp: {}, pp: {}, cp: {}, dp: {}, ep: {}, expert_tp: 1, zero: {}, shard_group: {}, order: {}}}",
                  tp, pp, cp, dp, ep, zero, shard, order));
  std::uniform_int_distribution<int> rank(0, ranks - 1);
  if (one_of(0, 0, 1) == 1) w.sets.push_back(fmt::format("slow_ranks=[{{rank: {}, speed: 0.8}}]", rank(random)));
  if (one_of(0, 0, 1) == 1)
    w.sets.push_back(
        fmt::format("cluster.degraded=[{{link: {} {}, share: 0.5}}]", one_of("NIC tx", "NIC rx"), rank(random)));
  else if (one_of(0, 1) == 1 && w.sets.front() == "cluster=h100-meta-24k-roce")
    w.sets.push_back(
        fmt::format("cluster.degraded=[{{link: {} 0, share: 0.25}}]", one_of("pod uplink", "rack downlink")));
  return w;
}

void check(const World& world) {
  CAPTURE(fmt::format("{} {}", world.scenario, fmt::join(world.sets, " | ")));
  const auto loaded = test::load(world.scenario, world.sets);
  sim::Options visiting;
  visiting.structural = false;
  const auto a = test::simulate(loaded), b = test::simulate(loaded, visiting);
  CHECK(a.folded.ranks.size() == b.folded.ranks.size());
  CHECK(a.folded.communicators.size() == b.folded.communicators.size());
  CHECK(a.link_classes == b.link_classes);
  std::int64_t ranks = 0;
  for (const auto& c : a.folded.ranks)
    ranks += c.count;
  CHECK(ranks == loaded.scenario.plan.ranks());
  for (std::int64_t r = 0; r < ranks; ++r) { // the same partition, not only as many classes
    const auto& mine = a.folded.ranks[std::size_t(a.folded.class_of(r))];
    const auto& theirs = b.folded.ranks[std::size_t(b.folded.class_of(r))];
    REQUIRE(mine.count == theirs.count);
    REQUIRE(mine.stage == theirs.stage);
  }
  CHECK(test::relative(a.run.step_time, b.run.step_time) < 1e-9);
  for (std::size_t i = 0; i < a.links.size(); ++i)
    CHECK(std::abs(a.links[i].bytes - b.links[i].bytes) <= 1e-9 * b.links[i].bytes);
  test::check_ledgers(a);
}

int structural = 0;

void sweep(unsigned seed, int worlds) {
  std::mt19937 random(seed);
  structural = 0;
  for (int i = 0; i < worlds; ++i) {
    const World world = random_world(random);
    auto loaded = analysis::load_scenario(world.scenario, world.sets);
    if (!loaded || !workloads::check_legal(loaded->scenario.model, loaded->scenario.training, loaded->scenario.plan,
                                           loaded->cluster.ranks()))
      continue;
    const platforms::Topology topology(loaded->cluster, loaded->cluster.ranks());
    structural += sim::Symmetry::find(loaded->scenario, topology).units() > 1;
    check(world);
  }
}

} // namespace

TEST_CASE("what is alike by construction is what visiting every rank finds alike: sixty random worlds") {
  sweep(1, 60);
  CHECK(structural > 15);
}

TEST_CASE("what is alike by construction is what visiting finds: a thousand random worlds" * doctest::skip()) {
  sweep(2, 1000);
  CHECK(structural > 250);
}

TEST_CASE("the cost of a step does not grow with its replicas where these lie in a row") {
  auto at = [](int accelerators) {
    return test::simulate("llama3-405b-16k", {fmt::format("cluster.accelerators={}", accelerators),
                                              fmt::format("plan.dp={}", accelerators / 128),
                                              fmt::format("training.global_batch={}", accelerators / 8)});
  };
  const auto small = at(16384), large = at(1048576);
  CHECK(large.folded.ranks.size() <= small.folded.ranks.size());
  CHECK(large.run.activities <= small.run.activities);
  CHECK(large.run.step_time > small.run.step_time); // longer rings
}
