// Is the critical path a chain that accounts for every second of the step?
#include "analysis/critical_path.hpp"
#include "tests/random_small_worlds.hpp"
#include "tests/support.hpp"

#include <numeric>

using namespace weft;

namespace {

double total(const sim::Breakdown& b) {
  return std::accumulate(b.begin(), b.end(), 0.0);
}
analysis::CriticalPath path_of(const sim::StepResult& r) {
  return analysis::critical_path(r, r.run, r.costs, 0);
}
void check_equals_ledger(const sim::StepResult& r) {
  const auto path = path_of(r);
  const auto where = analysis::where_time_went(r, r.run, r.costs, 0);
  for (std::size_t e = 0; e < sim::entry_count; ++e) {
    CAPTURE(sim::entry_names[e]);
    CHECK(std::abs(path.seconds[e] - where.seconds[e]) <= 1e-9 * r.run.step_time);
  }
}

} // namespace

TEST_CASE("the path is as long as the step and nobody on it waits, whatever the schedule, fabric and ranks") {
  test::SmallWorlds worlds(7);
  int tried = 0;
  while (tried < 60) {
    const test::SmallWorld world = worlds.next();
    const auto loaded = test::legal(world.scenario, world.sets);
    if (!loaded) continue;
    ++tried;
    INFO(world.text());
    sim::Options options;
    options.ideal_run = false;
    options.seed = world.seed;
    const auto r = test::simulate(*loaded, options);
    const auto path = path_of(r);
    CHECK(total(path.seconds) == doctest::Approx(r.run.step_time).epsilon(1e-9));
    CHECK(path.seconds[std::size_t(sim::Entry::bubble)] == 0);
    double stages = 0;
    for (const auto& stage : path.by_stage)
      stages += total(stage);
    CHECK(stages == doctest::Approx(r.run.step_time).epsilon(1e-9));
    for (const double seconds : path.seconds)
      CHECK(seconds >= 0);
  }
}

TEST_CASE("of a single rank the path is its ledger") {
  check_equals_ledger(test::simulate("korthikanti-22b", {"model=llama3-8b", "cluster.accelerators=1", "plan.tp=1",
                                                         "plan.dp=1", "training.global_batch=4"}));
}

TEST_CASE("of even replicas that reduce after the backward the path is one rank's ledger") {
  const auto r =
      test::simulate("korthikanti-22b", {"model=llama3-8b", "cluster.accelerators=16", "plan.tp=1", "plan.dp=16",
                                         "plan.zero=1", "training.global_batch=64", "stack.overlap.gradients=false"});
  CHECK(path_of(r).seconds[std::size_t(sim::Entry::dp)] > 0.01 * r.run.step_time);
  check_equals_ledger(r);
}

TEST_CASE("of 1F1B without communication the path is a forward and a backward of every stage, and all of the slowest") {
  for (const int pp : {2, 4, 8})
    for (const int m : {8, 24}) {
      CAPTURE(pp);
      CAPTURE(m);
      // The head makes the last stage the slowest one.
      const auto r = test::simulate("korthikanti-175b", {fmt::format("cluster.accelerators={}", pp), "plan.tp=1",
                                                         "plan.dp=1", fmt::format("plan.pp={}", pp), "plan.vpp=1",
                                                         "plan.schedule=1f1b", "plan.recompute=none", "model.layers=16",
                                                         fmt::format("training.global_batch={}", m)});
      const auto path = analysis::critical_path(r, r.ideal, r.ideal_costs, r.dims);
      int ends_here = 0;
      for (std::size_t rc = 0; rc < r.folded.ranks.size(); ++rc) {
        const auto stage = std::size_t(r.stage_of_class[rc]);
        double once = 0, update = 0; // a forward and a backward; the optimizer
        for (const auto& span : r.ideal.compute[r.ideal.first_like(rc)]) {
          const auto& op = r.program.stages[stage].ops[std::size_t(span.op)];
          (op.slot == r.program.slot_kinds - 1 ? update : once) += span.end - span.begin;
        }
        once /= m;
        const double expected = (stage + 1 == std::size_t(pp) ? m : 1) * once, found = total(path.by_stage[stage]);
        CAPTURE(stage);
        if (found > expected + update / 2) {
          ++ends_here;
          CHECK(found == doctest::Approx(expected + update).epsilon(1e-9));
        } else
          CHECK(found == doctest::Approx(expected).epsilon(1e-9));
      }
      CHECK(ends_here == 1);
    }
}

TEST_CASE("a slow rank's stage takes over the path") {
  const std::vector<std::string> sets{"cluster.accelerators=256", "plan.pp=4", "plan.vpp=4", "plan.dp=8",
                                      "training.global_batch=64"};
  auto share = [&](const sim::StepResult& r, std::size_t stage) {
    return total(path_of(r).by_stage[stage]) / r.run.step_time;
  };
  auto slow = sets;
  slow.emplace_back("slow_ranks=[{rank: 8, speed: 0.7}]"); // of stage 1
  const auto r = test::simulate("llama3-405b-16k", slow);
  CHECK(share(r, 1) > 0.5);
  CHECK(share(test::simulate("llama3-405b-16k", sets), 1) < 0.5);
}
