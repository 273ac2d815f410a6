// Does a uniform pipeline idle exactly as long as its closed form says?
#include "platforms/topology.hpp"
#include "sim/engine.hpp"
#include "sim/lower.hpp"
#include "tests/support.hpp"
#include "workloads/schedule.hpp"

#include <fmt/format.h>

using namespace weft;

namespace {

/// The step of a pipeline whose every slot takes one second and whose messages take none.
double uniform_step(int pp, int vpp, int m) {
  std::vector<std::string> sets{fmt::format("plan.pp={}", pp),
                                fmt::format("plan.vpp={}", vpp),
                                "plan.tp=1",
                                "plan.recompute=none",
                                fmt::format("plan.schedule={}", vpp > 1 ? "interleaved-1f1b" : "1f1b"),
                                fmt::format("training.global_batch={}", m),
                                fmt::format("cluster.accelerators={}", pp)};
  const auto loaded = test::load("korthikanti-175b", sets);
  const auto& s = loaded.scenario;
  REQUIRE(check_legal(s.model, s.training, s.plan, loaded.cluster.ranks()));
  const platforms::Topology topology(loaded.cluster, loaded.cluster.ranks());
  const auto placement = sim::place(s.plan, topology, loaded.cluster.node.scale_up, s.model.tied_embeddings);
  const auto lowered = sim::lower(s, workloads::Recompute::none, true);
  sim::FoldInput in;
  in.start.rank.assign(std::size_t(placement.ranks), 0);
  for (std::size_t r = 0; r < in.start.rank.size(); ++r)
    in.start.rank[r] = std::uint64_t(placement.stage[r]);
  in.start.communicator.assign(placement.communicators.size(), 0);
  in.start.link.assign(topology.links().size(), 0);
  in.solver_link.assign(topology.links().size(), false);
  in.capacity.assign(topology.links().size(), 1e9);
  in.group.assign(topology.links().size(), 0);
  const auto folded = sim::fold(placement, in, true);
  std::vector<sim::Cost> costs;
  for (const auto& recipe : lowered.recipes)
    costs.push_back({recipe.parts.empty() ? 0.0 : 1.0, 0, 0, {}});
  const sim::CollectivePricer collectives(loaded.cluster);
  const auto runs = sim::run_engines({{lowered.program,
                                       folded,
                                       placement,
                                       collectives,
                                       std::vector<double>(folded.ranks.size(), 1.0),
                                       0,
                                       {costs, sim::all_dims}}},
                                     1);
  REQUIRE(runs);
  return runs->front().step_time;
}

} // namespace

TEST_CASE("uniform 1F1B and interleaved bubbles equal (pp-1)/(vpp·m + pp-1)") {
  for (int pp : {2, 4, 8})
    for (int vpp : {1, 2, 3, 6})
      for (int rounds : {1, 2, 5}) {
        const int m = pp * rounds;
        const double step = uniform_step(pp, vpp, m);
        const double bubble = 1 - 2.0 * vpp * m / step;
        CAPTURE(pp);
        CAPTURE(vpp);
        CAPTURE(m);
        CHECK(bubble == doctest::Approx(workloads::closed_form_bubble(pp, vpp, m)).epsilon(1e-12));
      }
}

TEST_CASE("Pangu Ultra's published bubbles: p=8 m=16 is 30.4 %, six chunks make it 6.8 %") {
  CHECK(1 - 2.0 * 16 / uniform_step(8, 1, 16) == doctest::Approx(0.304).epsilon(0.002));
  CHECK(1 - 2.0 * 6 * 16 / uniform_step(8, 6, 16) == doctest::Approx(0.068).epsilon(0.005));
}
