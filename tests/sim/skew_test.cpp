// Uneven experts: do tokens go where the router sends them, and does the step pay for the busiest rank and no more?
#include "sim/lower.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <map>

using namespace weft;

namespace {

std::vector<std::string> mixtral(const std::vector<std::string>& more,
                                 const char* plan = "{ep: 8, pp: 4, dp: 16, zero: 1}") {
  std::vector<std::string> out{"cluster.name=h100-superpod", "cluster.accelerators=64", "model=mixtral-8x7b",
                               std::string("plan=") + plan,  "training.sequence=4096",  "training.global_batch=256",
                               "stack=megatron-te-2025"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}
sim::StepResult run(const std::vector<std::string>& more, const char* plan = "{ep: 8, pp: 4, dp: 16, zero: 1}") {
  return test::simulate("llama3-405b-16k", mixtral(more, plan));
}

/// Flows on every port of the first ep group, by kind of link and rank, in units of a balanced pair.
std::map<std::pair<platforms::LinkKind, std::int64_t>, double> ports(const analysis::Loaded& loaded,
                                                                     std::size_t pattern) {
  const platforms::Topology topology(loaded.cluster, loaded.cluster.ranks());
  const auto placement = test::placed(loaded.scenario, loaded.cluster, topology);
  std::map<std::pair<platforms::LinkKind, std::int64_t>, double> out;
  for (const auto& c : placement.communicators) {
    if (c.role != sim::Role::ep) continue;
    REQUIRE(c.patterns.size() == 2);
    CHECK(!c.patterns[0].back);
    CHECK(c.patterns[1].back);
    for (const auto& use : placement.uses_of(c.patterns[pattern])) {
      const auto link = topology.link(placement.links[use.link].id);
      out[{link.kind, link.owner}] = double(use.weight) / c.patterns[pattern].parts;
    }
    break;
  }
  return out;
}

} // namespace

TEST_CASE("the busiest rank gets its share in a dispatch and returns it in a combine") {
  using platforms::LinkKind;
  const auto loaded = test::load("llama3-405b-16k", mixtral({"model.experts.skew=2"}));
  const double others = 6.0 / 7; // (8 - 2)/(8 - 1)
  const auto there = ports(loaded, 0), back = ports(loaded, 1);
  CHECK(there.at({LinkKind::scale_up_rx, 0}) == doctest::Approx(7 * 2.0));
  CHECK(there.at({LinkKind::scale_up_tx, 0}) == doctest::Approx(7 * others).epsilon(0.01));
  CHECK(there.at({LinkKind::scale_up_rx, 3}) == doctest::Approx(7 * others).epsilon(0.01));
  CHECK(there.at({LinkKind::scale_up_tx, 3}) == doctest::Approx(2 + 6 * others).epsilon(0.01));
  for (std::int64_t rank = 0; rank < 8; ++rank) {
    CHECK(back.at({LinkKind::scale_up_tx, rank}) == there.at({LinkKind::scale_up_rx, rank}));
    CHECK(back.at({LinkKind::scale_up_rx, rank}) == there.at({LinkKind::scale_up_tx, rank}));
  }
}

TEST_CASE("loads of experts change recipes, never the program") {
  const auto loaded = test::load("llama3-405b-16k", mixtral({"model.experts.skew=1.5"}));
  const auto loads = workloads::expert_loads(loaded.scenario.model, loaded.scenario.plan);
  REQUIRE(loads.size() == 2);
  CHECK(loads[1] + 7 * loads[0] == doctest::Approx(8));
  const auto a = sim::lower(loaded.scenario, workloads::Recompute::none, 0, loads[0]),
             b = sim::lower(loaded.scenario, workloads::Recompute::none, 0, loads[1]);
  CHECK(a.recipes.size() == b.recipes.size());
  REQUIRE(a.program.messages.size() == b.program.messages.size());
  for (std::size_t m = 0; m < a.program.messages.size(); ++m)
    CHECK(a.program.messages[m].size.count() == b.program.messages[m].size.count());
  REQUIRE(a.program.stages.size() == b.program.stages.size());
  for (std::size_t s = 0; s < a.program.stages.size(); ++s) {
    REQUIRE(a.program.stages[s].ops.size() == b.program.stages[s].ops.size());
    for (std::size_t op = 0; op < a.program.stages[s].ops.size(); ++op) {
      CHECK(a.program.stages[s].ops[op].cost == b.program.stages[s].ops[op].cost);
      CHECK(a.program.stages[s].ops[op].message == b.program.stages[s].ops[op].message);
    }
  }
}

TEST_CASE("a skewed router costs more than a balanced one and less than experts that are all filled up so far") {
  for (const char* plan : {"{ep: 8, pp: 4, dp: 16, zero: 1}", "{tp: 2, ep: 8, pp: 2, dp: 16, zero: 1}"}) {
    CAPTURE(plan);
    auto with = [&](const std::string& router) { // a host that is never waited for, as sizes known beforehand spare it
      return run({"stack=megatron-te-2026-fused", "stack.dispatcher=plain", "stack.cuda_graph=full", router}, plan);
    };
    auto entry = [](const analysis::Summary& s, sim::Entry e) { return s.where.seconds[std::size_t(e)]; };
    const auto balanced = analysis::summarise(with("model.experts.skew=1"), "", false);
    double before = balanced.result.run.step_time;
    for (const char* skew : {"1.2", "1.5", "2"}) {
      const auto s = analysis::summarise(with(std::string("model.experts.skew=") + skew), "", false);
      const double step = s.result.run.step_time;
      CHECK(step > before);
      // 64ths of flows may be a little more than what was asked for.
      CHECK(step <= with(std::string("model.experts.capacity=") + skew).run.step_time * (1 + 1e-3));
      before = step;
      CHECK(entry(s, sim::Entry::useful) / step == doctest::Approx(s.mfu_causal).epsilon(1e-3));
      CHECK(entry(s, sim::Entry::imbalance) > entry(balanced, sim::Entry::imbalance));
      for (const auto& b : s.result.bytes)
        CHECK(test::relative(b.simulated, b.closed_form) < 0.01);
    }
  }
}

TEST_CASE("a skew of one, and any skew without expert parallelism, change nothing but memory") {
  const char* alone = "{pp: 8, dp: 8, zero: 1}";
  CHECK(run({}).run.step_time == run({"model.experts.skew=1"}).run.step_time);
  CHECK(run({}, alone).run.step_time == run({"model.experts.skew=1.5"}, alone).run.step_time);
}

TEST_CASE("no rank of a group gets more than everything") {
  const auto loaded = test::load("llama3-405b-16k", mixtral({"model.experts.skew=9"}));
  const auto& s = loaded.scenario;
  const auto legal = workloads::check_legal(s.model, s.training, s.plan, loaded.cluster.ranks());
  REQUIRE(!legal);
  CHECK(legal.error().message.find("skew 9: the busiest of ep 8 ranks") != std::string::npos);
}
