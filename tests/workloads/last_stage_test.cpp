// A pipeline's last stage runs a backward right after its forward: what if it does not recompute?
#include "tests/support.hpp"
#include "workloads/chunk.hpp"
#include "workloads/memory.hpp"

#include <fmt/format.h>

using namespace weft;
using namespace weft::workloads;

namespace {

/// A GPT of 16 layers in so many stages.
std::vector<std::string> sets(int pp, bool last, const char* recompute = "full") {
  return {"model.layers=16",
          fmt::format("plan={{tp: 1, pp: {}, recompute: {}}}", pp, recompute),
          fmt::format("cluster.accelerators={}", pp),
          "training.global_batch=16",
          "cluster.node.accelerator.memory_capacity=1 TiB",
          fmt::format("stack.last_stage_recomputes={}", last)};
}
sim::StepResult run(int pp, bool last, const char* recompute = "full") {
  return test::simulate("korthikanti-22b", sets(pp, last, recompute));
}

} // namespace

TEST_CASE("the chunk with the head recomputes nothing, all others what the plan says") {
  Plan plan;
  plan.recompute_share = 0.5;
  Chunk middle, end;
  middle.dense_layers = end.dense_layers = 4;
  middle.expert_layers = end.expert_layers = 6;
  end.head = true;
  for (const std::int64_t by_number : {0, 5}) {
    plan.recompute_layers = by_number;
    for (const std::int64_t pp : {1, 2, 8})
      for (const bool last : {true, false}) {
        plan.pp = pp;
        const auto there = recomputed_layers(plan, end, last), here = recomputed_layers(plan, middle, last);
        const bool none = !last && pp > 1;
        CHECK(here.dense == (by_number ? 4 : 2));
        CHECK(here.experts == (by_number ? 1 : 3));
        CHECK(there.dense == (none ? 0 : here.dense));
        CHECK(there.experts == (none ? 0 : here.experts));
      }
  }
}

TEST_CASE("without a pipeline the step and its memory are the same to the last bit") {
  const auto with = run(1, true), without = run(1, false);
  CHECK(with.run.step_time == without.run.step_time);
  CHECK(with.memory.total() == without.memory.total());
  CHECK(with.hardware_flops == without.hardware_flops);
}

TEST_CASE("a last stage that keeps its activations executes a forward less, and the step is shorter") {
  const auto none = run(4, true, "none"), with = run(4, true), without = run(4, false);
  // All layers are alike: a quarter of what is executed again is the last stage's.
  CHECK(with.hardware_flops - without.hardware_flops ==
        doctest::Approx((with.hardware_flops - none.hardware_flops) / 4).epsilon(1e-9));
  CHECK(without.run.step_time < with.run.step_time);
  CHECK(without.run.step_time > none.run.step_time);
  test::check_ledgers(without);
}

TEST_CASE("the last stage keeps whole layers of the one microbatch it has, the others what they kept") {
  const auto with = run(4, true), without = run(4, false);
  auto& s = with.scenario;
  const LayerContext full{s.model, s.training, s.plan, s.stack, Recompute::full};
  LayerContext plain = full;
  plain.recompute = Recompute::none;
  const double more = activation_bytes(plain).count() - activation_bytes(full).count();
  REQUIRE(with.memory_of_stages.size() == 4);
  for (std::size_t stage = 0; stage < 4; ++stage) {
    CAPTURE(stage);
    const double grown =
        without.memory_of_stages[stage].activations.count() - with.memory_of_stages[stage].activations.count();
    if (stage < 3)
      CHECK(grown == 0);
    else
      CHECK(grown == doctest::Approx(4 * more).epsilon(1e-9)); // four layers
  }
}
