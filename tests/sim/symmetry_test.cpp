// Does folding what is alike by construction give the classes that visiting every rank gives?
#include "tests/random_worlds.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

using namespace weft;

namespace {

void check(const test::World& world) {
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
    const test::World world = test::random_world(random);
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

TEST_CASE("a ring of an odd number of domains closes on another rail: the unit that closes it is like no other") {
  // tp 2 leaves rings of every other card: their places 0, 2 and 4, 6 stand in one plane each.
  for (const char* fabric : {"cluster.fabric={planes: 2, plane_of: nic}", "cluster.fabric.kind=rail-only"})
    for (const char* tiers : {"[]", "[{name: rack, accelerators: 16, oversubscription: {value: 2, source: test, "
                                    "evidence: assumed}}]"})
      for (const int dp : {5, 9, 15})
        check({"llama3-405b-16k",
               {fabric, fmt::format("cluster.fabric.tiers={}", tiers), fmt::format("cluster.accelerators={}", 16 * dp),
                "model=llama3-8b", "model.layers=4", "training.sequence=2048",
                fmt::format("training.global_batch={}", 2 * dp),
                fmt::format("plan={{tp: 2, cp: 4, pp: 2, dp: {}, zero: 1, order: [tp, cp, pp, dp]}}", dp)}});
}

TEST_CASE("replicas that each fill a site, or several, meet on the links between sites") {
  for (const int site : {8, 16}) {
    const test::World world{
        "llama3-405b-16k",
        {"cluster.fabric.tiers=[]", "cluster.accelerators=64",
         fmt::format("cluster.sites={{accelerators: {}, bandwidth: {{value: 100 Gbit/s, source: test, evidence: "
                     "assumed}}, kilometres: {{value: 50, source: test, evidence: assumed}}, efficiency: {{value: 1, "
                     "source: test, evidence: assumed}}}}",
                     site),
         "model=llama3-8b", "model.layers=4", "training.global_batch=8", "plan={tp: 8, pp: 2, dp: 4, zero: 1}"}};
    check(world);
    // A ring's edge from site to site carries gradients in fp32 and weights in bf16, 3/4 of them, over 12.5 GB/s.
    const auto r = test::simulate(world.scenario, world.sets);
    CHECK(r.run.step_time > 0.75 * (4 + 2) * r.scenario.model.parameters() / 2 / 12.5e9);
  }
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
