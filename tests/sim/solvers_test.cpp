// Does our solver give the same bits folded and unfolded, and SimGrid's the same step?
#include "tests/same_bits.hpp"
#include "tests/sim/plans_on_fabrics.hpp"
#include "tests/support.hpp"

#include <fmt/ranges.h>

using namespace weft;
using test::fabrics;
using test::plans;
using test::same_bits;
using test::sets_of;
using test::tier;

namespace {

/// Returns the folded run.
sim::StepResult check_bits(const std::string& scenario, const std::vector<std::string>& sets) {
  const auto loaded = test::load(scenario, sets);
  sim::Options folded, unfolded;
  unfolded.fold = false;
  auto a = test::simulate(loaded, folded);
  const auto b = test::simulate(loaded, unfolded);
  CAPTURE(scenario);
  CAPTURE(fmt::format("{}", fmt::join(sets, " ")));
  CHECK(same_bits(a, b, a.run, b.run));
  CHECK(same_bits(a, b, a.ideal, b.ideal));
  const auto again = test::simulate(loaded, folded);
  CHECK(same_bits(a, again, a.run, again.run));
  return a;
}

} // namespace

TEST_CASE("with the fluid solver folded and unfolded are the same bits, every compute span of every rank") {
  const auto all = fabrics();
  for (std::size_t i = 0; i < plans.size(); ++i)
    for (std::size_t f = 0; f < all.size(); ++f) {
      const int ranks = plans[i].tp * plans[i].pp * plans[i].dp;
      if (ranks > 128 || ranks % all[f].dies != 0) continue;
      auto sets = sets_of(all[f], plans[i]);
      // Small buckets: one reduction takes another's place beside compute at the same date.
      sets.emplace_back("stack.dp_bucket={value: 100 MB, source: test, evidence: assumed}");
      if (i % 3 == 2 && ranks > 40) sets.emplace_back("slow_ranks=[{rank: 5, speed: 0.8}, {rank: 40, speed: 0.9}]");
      check_bits(all[f].scenario, sets);
    }
  check_bits("llama3-405b-16k",
             {"model.layers=14", "plan.pp=4", "plan.vpp=4", "plan.dp=14", "training.global_batch=112",
              "cluster.accelerators=448",
              "cluster.fabric.tiers=[" + tier("rack", 16, 0.5) + ", " + tier("pod", 128, 7) + "]",
              "cluster.degraded=[{link: rack uplink 1, share: 0.25}, {link: NIC tx 3, share: 0.5}]"});
}

TEST_CASE("both solvers give the same step") {
  const auto all = fabrics();
  auto check = [](const std::string& scenario, const std::vector<std::string>& sets) {
    const auto fluid = check_bits(scenario, sets);
    sim::Options simgrid;
    simgrid.solver = sim::Solver::simgrid;
    const auto theirs = test::simulate(test::load(scenario, sets), simgrid);
    CHECK(test::relative(fluid.run.step_time, theirs.run.step_time) < 1e-9);
  };
  for (const char* name : {"korthikanti-22b", "korthikanti-175b"})
    check(name, {});
  for (std::size_t f : {0, 1, 3, 4})
    check(all[f].scenario, sets_of(all[f], plans[0]));
  check(all[1].scenario, sets_of(all[1], plans[12])); // 512 ranks in racks and pods
}
