// Do many steps simulated side by side say what each says alone?

#include "analysis/headline.hpp"

#include <doctest/doctest.h>

using namespace weft;
using namespace weft::analysis;

TEST_CASE("steps side by side are the steps alone, and a wrong one keeps its place and nobody else from running") {
  const auto small = load_scenario("korthikanti-22b", {});
  const auto wide = load_scenario("korthikanti-175b", {});
  REQUIRE(small);
  REQUIRE(wide);
  Case broken = case_of(*small, "broken");
  broken.scenario.plan.tp = 3;
  const auto all = simulate_all({case_of(*small), broken, case_of(*wide)}, {}, 2);
  REQUIRE(all.size() == 3);
  CHECK_FALSE(all[1]);
  CHECK(all[1].error().message == sim::simulate(broken.scenario, broken.cluster).error().message);
  CHECK_FALSE(simulate_each({case_of(*small), broken}, {}, 2));
  std::size_t at = 0;
  for (const Loaded* loaded : {&*small, &*wide}) {
    auto result = sim::simulate(loaded->scenario, loaded->cluster);
    REQUIRE(result);
    const Summary alone = summarise(std::move(*result), {});
    const auto& h = all[at];
    REQUIRE(h);
    CHECK(h->step_s == alone.result.run.step_time);
    CHECK(h->tax() == doctest::Approx(alone.tax->total).epsilon(1e-12));
    CHECK(h->where == alone.where.seconds);
    CHECK(h->mfu_causal == alone.mfu_causal);
    at += 2;
  }
}
