// Is a world what its file says, and its best plan the best of those simulated one by one?

#include "analysis/worlds.hpp"
#include "tests/analysis/small_claims.hpp"

#include <set>

using namespace weft;
using namespace weft::analysis;

namespace {

World world_of(const std::string& workload, const std::string& hardware, std::int64_t accelerators) {
  World out;
  out.workload = workload;
  out.hardware = hardware;
  out.accelerators = accelerators;
  return out;
}
LegalPlans plans_in(const Worlds& worlds, const World& world) {
  auto out = plans_of(worlds, world);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
Best best_of(const Worlds& worlds, const World& world) {
  auto out = best_plans(worlds, {world}, {}, 2);
  if (!out) FAIL(render(out.error()));
  return std::move(out->front());
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}
Loaded h100(std::int64_t accelerators, std::int64_t batch, const std::string& plan,
            std::vector<std::string> more = {}) {
  return test::by_hand("h100-meta-24k-roce", "megatron-te-2026-fused", accelerators, batch, plan, std::move(more));
}
Loaded ascend(std::int64_t accelerators, std::int64_t batch, const std::string& plan) {
  return test::by_hand("910c-cloudmatrix", "mindspeed-2024", accelerators, batch, plan);
}

} // namespace

TEST_CASE("the best plan is the fastest of those that fit, simulated one by one") {
  const Worlds worlds = test::worlds_of();
  for (const bool us : {true, false}) {
    const Best best = best_of(worlds, world_of("small", us ? "h100" : "910c", 16));
    double fastest = 0, fastest_of_all = 0;
    std::size_t fitting = 0;
    const int ranks = us ? 16 : 32;
    std::vector<std::string> plans{fmt::format("tp: 2, dp: {}", ranks / 2)};
    for (const auto& [tp, pp] : {std::pair{2, 2}, std::pair{4, 2}, std::pair{8, 1}, std::pair{8, 2}})
      plans.push_back(fmt::format("tp: {}, pp: {}, dp: {}", tp, pp, ranks / (tp * pp)));
    for (const std::string& plan : plans) {
      Loaded loaded = us ? h100(16, 64, plan) : ascend(16, 64, plan);
      if (plan == plans.front()) {
        loaded.scenario.plan.microbatch = 4;
        loaded.scenario.plan.recompute = workloads::Recompute::none;
      }
      const auto run = test::simulate(loaded);
      const double output = 64 * 8192 / run.run.step_time;
      fastest_of_all = std::max(fastest_of_all, output);
      if (!run.fits()) continue;
      ++fitting;
      fastest = std::max(fastest, output);
    }
    CHECK(fitting == 4);
    CHECK(fastest_of_all > 1.01 * fastest);
    CHECK(best.legal == 5);
    CHECK(best.fitting == fitting);
    REQUIRE(best.plan);
    CHECK(best.why.empty());
    CHECK(best.headline.tokens_per_s == doctest::Approx(fastest).epsilon(1e-12));
    CHECK(best.plan->cluster.accelerators == 16);
    CHECK(best.plan->scenario.plan.tp > 1);
    const auto again = simulate_each({*best.plan}, {}, 1);
    REQUIRE(again);
    CHECK(again->front().step_s == best.headline.step_s);
  }
}

TEST_CASE("worlds asked together have what they have alone") {
  const Worlds worlds = test::worlds_of();
  const std::vector<World> asked{world_of("small", "h100", 16), world_of("huge", "h100", 16),
                                 world_of("single", "h800", 8), world_of("odd", "h100", 16)};
  const auto together = best_plans(worlds, asked, {}, 2);
  REQUIRE(together);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const Best alone = best_of(worlds, asked[i]);
    CHECK(alone.why == (*together)[i].why);
    CHECK(alone.legal == (*together)[i].legal);
    CHECK(alone.fitting == (*together)[i].fitting);
    CHECK(alone.headline.step_s == (*together)[i].headline.step_s);
    CHECK(alone.plan.has_value() == (*together)[i].plan.has_value());
  }
}

TEST_CASE("a world without a plan says why") {
  const Worlds worlds = test::worlds_of();
  const Best odd = best_of(worlds, world_of("odd", "h100", 16));
  CHECK_FALSE(odd.plan);
  CHECK(odd.legal == 0);
  CHECK(odd.why == "16 ranks are no whole number of replicas of 3");
  const Best illegal = best_of(worlds, world_of("odd", "h100", 24)); // 24 ranks are eight of 3, 32 heads are not
  CHECK(illegal.legal == 0);
  CHECK(illegal.why == "32 heads do not divide by tp 3");
  const Best huge = best_of(worlds, world_of("huge", "h100", 16));
  CHECK_FALSE(huge.plan);
  CHECK(huge.legal == 1);
  CHECK(huge.fitting == 0);
  CHECK(huge.why == "no plan fits in memory");
  // One of several being illegal is no reason.
  const LegalPlans some = plans_in(worlds, world_of("small", "h100", 8));
  CHECK(some.cases.size() == 4);
  CHECK(some.why.empty());
}

TEST_CASE("degrees given as lists are every combination of them, once") {
  const std::string plan = "- {tp: 8, microbatch: 1, schedule: 1f1b, zero: 1, recompute: auto}";
  const Worlds worlds = test::worlds_of(replaced(
      test::small_worlds, plan,
      "- {tp: [1, 2, 4], cp: [1, 2], pp: [1, 2], microbatch: [1, 2], schedule: 1f1b, zero: 1, recompute: auto}\n"
      "      - {tp: 2, pp: 2, vpp: [2, 4], microbatch: 1, schedule: interleaved-1f1b, zero: 1}"));
  std::set<std::string> want;
  for (const int tp : {1, 2, 4})
    for (const int cp : {1, 2})
      for (const int pp : {1, 2})
        for (const int microbatch : {1, 2})
          want.insert(fmt::format("{} {} {} 1 {} dp {}", tp, cp, pp, microbatch, 16 / (tp * cp * pp)));
  want.insert("2 1 2 2 1 dp 4");
  want.insert("2 1 2 4 1 dp 4");
  const LegalPlans all = plans_in(worlds, world_of("single", "h100", 16));
  std::set<std::string> names, got;
  for (const Case& one : all.cases) {
    const auto& p = one.scenario.plan;
    got.insert(fmt::format("{} {} {} {} {} dp {}", p.tp, p.cp, p.pp, p.vpp, p.microbatch, p.dp));
    names.insert(one.name);
  }
  CHECK(all.cases.size() == want.size());
  CHECK(got == want);
  CHECK(names.size() == want.size());
  CHECK(names.contains("tp 2 pp 2 vpp 4 dp 4 zero 1 microbatch 1 × 8 interleaved-1f1b"));
}

TEST_CASE("the batch is that of the largest size that is not above the world's, else of the smallest") {
  const Worlds worlds =
      test::worlds_of(replaced(test::small_worlds, "batch: {16: 64, 32: 128}", "batch: {32: 96, 16: 48}"));
  for (const auto& [accelerators, batch] :
       {std::pair{8, 48}, std::pair{16, 48}, std::pair{24, 48}, std::pair{32, 96}, std::pair{64, 96}}) {
    const LegalPlans plans = plans_in(worlds, world_of("small", "h100", accelerators));
    REQUIRE_FALSE(plans.cases.empty());
    for (const Case& one : plans.cases)
      CHECK(one.scenario.training.global_batch == batch);
  }
  World own = world_of("small", "h100", 16);
  own.batch = 16;
  CHECK(plans_in(worlds, own).cases.front().scenario.training.global_batch == 16);
}

TEST_CASE("a world's overrides change the scenario of each of its plans, after its batch") {
  const Worlds worlds = test::worlds_of();
  World world = world_of("single", "h100", 16);
  const double plain = best_of(worlds, world).headline.step_s;
  world.sets = {"training.sequence=2048", "training.global_batch=64", "cluster.node.nics.bandwidth=100 Gbit/s"};
  const Best changed = best_of(worlds, world);
  const auto hand = test::headline_of(
      h100(16, 64, "tp: 8, dp: 2", {"training.sequence=2048", "cluster.node.nics.bandwidth=100 Gbit/s"}));
  CHECK(changed.headline.step_s == hand.step_s);
  CHECK(changed.headline.step_s != plain);
}

TEST_CASE("a world with parts of another is the hybrid made by hand") {
  const Worlds worlds = test::worlds_of();
  for (const bool us : {true, false}) { // the chip's own, in the other's network
    const Case american = case_of(h100(us ? 16 : 32, 32, us ? "tp: 8, dp: 2" : "tp: 8, dp: 4"));
    const Case chinese = case_of(ascend(us ? 8 : 16, 32, us ? "tp: 8, dp: 2" : "tp: 8, dp: 4"));
    World world = world_of("single", us ? "h100" : "910c", 16);
    world.parts_of = us ? "910c" : "h100";
    for (const SwapSet parts : {swap_network, bit(SwapPart::compute), SwapSet(0), swap_all}) {
      world.parts = parts;
      const Best mixed = best_of(worlds, world);
      const auto hand = hybrid(us ? american : chinese, us ? chinese : american, parts);
      REQUIRE(hand);
      const auto head = simulate_each({*hand}, {}, 1);
      REQUIRE(head);
      REQUIRE(mixed.plan);
      CHECK(mixed.headline.step_s == head->front().step_s);
    }
  }
}

TEST_CASE("worlds have equal keys only where they are equal") {
  std::vector<World> all(9, world_of("small", "h100", 16));
  all[1].workload = "single";
  all[2].hardware = "h800";
  all[3].accelerators = 32;
  all[4].batch = 16;
  all[5].parts_of = "h800";
  all[6].parts_of = "h800";
  all[6].parts = swap_all;
  all[7].sets = {"training.sequence=2048", "training.global_batch=64"};
  all[8].sets = {"training.global_batch=64", "training.sequence=2048"};
  std::set<std::string> keys;
  for (const World& world : all) {
    keys.insert(world.key());
    const World copy = world; // NOLINT: the copy is the point
    CHECK(copy.key() == world.key());
  }
  CHECK(keys.size() == all.size());
}

TEST_CASE("worlds that nobody described are errors, by name") {
  const Worlds worlds = test::worlds_of();
  World bad = world_of("tiny", "h100", 16);
  CHECK(plans_of(worlds, bad).error().message == "no workload `tiny`");
  bad = world_of("small", "h1000", 16);
  CHECK(plans_of(worlds, bad).error().message == "no hardware `h1000`");
  bad = world_of("small", "h100", 16);
  bad.parts_of = "nowhere";
  CHECK(plans_of(worlds, bad).error().message == "no hardware `nowhere`");
  bad = world_of("small", "h100", 0);
  CHECK_FALSE(plans_of(worlds, bad));
}
