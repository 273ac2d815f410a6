// What does the update of the weights move through memory, and who shares which part of it?
#include "tests/support.hpp"
#include "workloads/chunk.hpp"

#include <fmt/format.h>

using namespace weft;

namespace {

struct Update {
  double bytes = 0;      ///< that a rank moves
  double parameters = 0; ///< of the stage
};
Update update(int dp, int zero, const std::vector<std::string>& more = {}) {
  std::vector<std::string> sets{"model.layers=4", fmt::format("plan={{dp: {}, zero: {}}}", dp, zero),
                                fmt::format("cluster.accelerators={}", dp), "training.global_batch=8"};
  sets.insert(sets.end(), more.begin(), more.end());
  const auto r = test::simulate("korthikanti-22b", sets);
  const auto& chip = r.cluster.accelerator;
  const double streaming = chip.streaming_efficiency.value * chip.memory_bandwidth.value.count();
  const auto where = analysis::where_time_went(r, r.run, r.costs, 0);
  const auto chunks = workloads::chunks_of(r.scenario.model, r.scenario.plan);
  REQUIRE(chunks.size() == 1);
  return {where.seconds[std::size_t(sim::Entry::optimizer)] * streaming,
          chunks[0].parameters + chunks[0].expert_parameters};
}
double per_parameter(int dp, int zero, const std::vector<std::string>& more = {}) {
  const Update u = update(dp, zero, more);
  return u.bytes / u.parameters;
}

} // namespace

TEST_CASE("one accelerator pays the optimizer's bytes and those of zeroing, replicas those of averaging too") {
  const auto stack = test::load("korthikanti-22b").scenario.stack;
  const double o = stack.optimizer_bytes.value, g = stack.gradient_bytes.value, a = stack.averaging_bytes.value;
  REQUIRE(o > 0);
  REQUIRE(g > 0);
  REQUIRE(a > 0);
  auto is = [](double bytes) { return doctest::Approx(bytes).epsilon(1e-9); };
  CHECK(per_parameter(1, 0) == is(o + g));
  CHECK(per_parameter(1, 1) == is(o + g)); // nobody to share with
  for (const int n : {2, 4, 8}) {
    CAPTURE(n);
    CHECK(per_parameter(n, 0) == is(o + g + a));
    CHECK(per_parameter(n, 1) == is(o / n + g + a)); // every rank holds all gradients
    CHECK(per_parameter(n, 2) == is((o + g + a) / n));
    CHECK(per_parameter(n, 3) == is((o + g + a) / n));
  }
}

TEST_CASE("hybrid sharding shares the update inside its group only, frozen weights are not updated") {
  const auto stack = test::load("korthikanti-22b").scenario.stack;
  const double o = stack.optimizer_bytes.value, held = stack.gradient_bytes.value + stack.averaging_bytes.value;
  CHECK(per_parameter(8, 1, {"plan.shard_group=2"}) == doctest::Approx(o / 2 + held).epsilon(1e-9));
  CHECK(per_parameter(8, 2, {"plan.shard_group=2"}) == doctest::Approx((o + held) / 2).epsilon(1e-9));
  CHECK(per_parameter(8, 0, {"training.frozen=true"}) == 0);
}

TEST_CASE("each kind of byte of the update adds its own time to the step, and nothing else") {
  auto step = [](const char* key, const char* value) {
    return test::simulate("korthikanti-22b", {"model.layers=4", "plan={dp: 4, zero: 1}", "training.global_batch=8",
                                              "cluster.accelerators=4", fmt::format("stack.{}={}", key, value)});
  };
  const double streaming = 0.8 * 2039e9;
  for (const auto& [key, share] :
       {std::pair{"optimizer_bytes", 0.25}, {"gradient_bytes", 1.0}, {"averaging_bytes", 1.0}}) {
    CAPTURE(std::string(key));
    const auto none = step(key, "0"), some = step(key, "10");
    const double parameters = workloads::chunks_of(none.scenario.model, none.scenario.plan)[0].parameters;
    CHECK(some.run.step_time - none.run.step_time ==
          doctest::Approx(10 * share * parameters / streaming).epsilon(1e-6));
  }
}
