// Clusters of several kinds of nodes and of part-filled domains: do they keep the laws that tie them to plain ones?
#include "analysis/collective.hpp"
#include "tests/same_bits.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

using namespace weft;

namespace {

const std::vector<std::string> small{
    "cluster.accelerators=256", "plan.pp=4", "plan.vpp=2", "plan.dp=8", "model.layers=16", "training.global_batch=64"};
std::vector<std::string> with(std::vector<std::string> sets) {
  sets.insert(sets.begin(), small.begin(), small.end());
  return sets;
}
/// Half the cluster each; `node` may be a map.
std::string halves(const std::string& a, const std::string& b) {
  return fmt::format("cluster.parts=[{{node: {}, accelerators: 128}}, {{node: {}, accelerators: 128}}]", a, b);
}
sim::StepResult run(const std::vector<std::string>& sets, sim::Options options = {}) {
  return test::simulate(test::load("llama3-405b-16k", with(sets)), options);
}
double entry(const analysis::Summary& s, sim::Entry e) {
  return s.where.seconds[std::size_t(e)] / s.result.run.step_time;
}

analysis::CollectiveReport collective(const char* cluster, std::int64_t ranks, const char* op,
                                      const std::vector<std::string>& sets) {
  analysis::CollectiveRequest r;
  r.cluster = cluster;
  r.ranks = ranks;
  r.ops = {op};
  r.sizes = {"1GiB"};
  r.sets = sets;
  auto out = analysis::run_collective(r);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}

} // namespace

TEST_CASE("two parts of the same nodes are one") {
  for (const char* order : {"plan.order=[tp, cp, pp, dp]", "plan.order=[tp, cp, dp, pp]"}) {
    const auto one = run({order}), two = run({order, halves("dgx-h100", "dgx-h100")});
    CHECK(one.run.step_time == two.run.step_time);
    CHECK(one.ideal.step_time == two.ideal.step_time);
    CHECK(one.rank_peak == two.rank_peak);
    CHECK(one.memory.total().count() == two.memory.total().count());
    REQUIRE(one.links.size() < two.links.size()); // groups of links by part
    for (const sim::Dim dim : {sim::Dim::tp, sim::Dim::pp, sim::Dim::dp})
      for (const auto& a : one.bytes)
        for (const auto& b : two.bytes)
          if (a.dim == dim && b.dim == dim) CHECK(test::relative(a.simulated, b.simulated) < 1e-12);
  }
}

TEST_CASE("replicas on H800 hold up those on H100: the step is theirs, and the wait is imbalance") {
  const std::vector<std::string> order{"plan.order=[tp, cp, pp, dp]"};
  auto sets = [&](const std::string& parts) { return std::vector<std::string>{order[0], parts}; };
  const auto h100 = run(order), h800 = run(sets(halves("hgx-h800", "hgx-h800")));
  auto mixed_result = run(sets(halves("dgx-h100", "hgx-h800")));
  CHECK(h800.run.step_time > 1.05 * h100.run.step_time);
  CHECK(mixed_result.run.step_time >= h800.run.step_time * (1 - 1e-9));
  CHECK(mixed_result.run.step_time < 1.02 * h800.run.step_time);
  const auto plain = analysis::summarise(h100, "", false),
             mixed = analysis::summarise(std::move(mixed_result), "", false);
  CHECK(entry(mixed, sim::Entry::imbalance) > entry(plain, sim::Entry::imbalance) + 0.03);
  CHECK(std::abs(entry(mixed, sim::Entry::bubble) - entry(plain, sim::Entry::bubble)) < 0.03);
  CHECK(entry(mixed, sim::Entry::useful) == doctest::Approx(mixed.mfu_causal).epsilon(1e-9));
}

TEST_CASE("chips of unequal peaks: useful seconds, weighted by peak, are still MFU") {
  for (const char* order : {"plan.order=[tp, cp, pp, dp]", "plan.order=[tp, cp, dp, pp]"}) {
    const auto s = analysis::summarise(run({order, halves("dgx-h100", "dgx-a100"), "plan.recompute=full"}), "", false);
    CHECK(s.result.rank_peak == doctest::Approx((989.4e12 + 312e12) / 2).epsilon(1e-3));
    CHECK(entry(s, sim::Entry::useful) == doctest::Approx(s.mfu_causal).epsilon(1e-9));
    CHECK(s.where_sum() == doctest::Approx(s.result.run.step_time).epsilon(1e-9));
    const auto slow = run({order, halves("dgx-a100", "dgx-a100"), "plan.recompute=full"});
    CHECK(s.result.run.step_time <= slow.run.step_time * (1 + 1e-9));
    const auto fast = run({order, "plan.recompute=full"});
    CHECK(s.result.run.step_time >= fast.run.step_time);
  }
}

TEST_CASE("memory is the tightest chip's") {
  const auto r = run(
      {"plan.order=[tp, cp, dp, pp]", halves("dgx-h100", "{name: dgx-h200, accelerator: {memory_capacity: 20 GiB}}")});
  CHECK(r.memory_capacity.count() == doctest::Approx(20 * 1073741824.0));
  CHECK(r.memory.stage >= 2); // the first stages stand on the part with 80 GiB
}

TEST_CASE("half-filled nodes are nodes of half the size") {
  const auto half = run({"plan.tp=4", "plan.dp=16", "cluster.fill=[4]"}),
             small_nodes =
                 run({"plan.tp=4", "plan.dp=16", "cluster.node.accelerators=4", "cluster.node.nics.per_node=4",
                      "cluster.fabric.tiers=[{name: rack, accelerators: 8, oversubscription: {value: 0.5, "
                      "source: test, evidence: assumed}}, {name: pod, accelerators: 1536, oversubscription: "
                      "{value: 3.5, source: test, evidence: assumed}}]"});
  CHECK(test::relative(half.run.step_time, small_nodes.run.step_time) < 1e-12);
  CHECK(test::relative(half.ideal.step_time, small_nodes.ideal.step_time) < 1e-12);
}

TEST_CASE("a gap that pushes tensor parallelism across two nodes costs more than one at a group's border") {
  const auto plain = run({}), whole = run({"cluster.without=[node 3]"}),
             across = run({"cluster.without=[accelerator 27]"});
  CHECK(whole.run.step_time < 1.05 * plain.run.step_time);
  CHECK(across.run.step_time > 1.2 * plain.run.step_time); // every group behind it straddles
}

TEST_CASE("a gap that changes nothing changes no collective") {
  for (const char* op : {"all-reduce", "all-gather", "all-reduce@rails", "all-reduce@domains"})
    for (const auto& [cluster, fill] : {std::pair{"h100-superpod", "cluster.fill=[8]"},
                                        {"h100-superpod", "cluster.without=[domain 0]"},
                                        {"910b-roce", "cluster.fill=[8]"}}) {
      CAPTURE(fmt::format("{} {} {}", cluster, op, fill));
      const auto plain = collective(cluster, 32, op, {}), gap = collective(cluster, 32, op, {fill});
      CHECK(plain.run.collectives[0].algorithm == gap.run.collectives[0].algorithm);
      CHECK(test::relative(plain.run.time, gap.run.time) < 1e-12);
    }
}

TEST_CASE("groups on unequal nodes choose for themselves") {
  const std::string parts =
      "cluster.parts=[{node: dgx-h100, accelerators: 16}, {node: atlas-800t-a2, accelerators: 16}]";
  const auto mixed = collective("h100-roce", 32, "all-gather@domains", {parts}),
             mesh = collective("910b-roce", 16, "all-gather@domains", {});
  CHECK(mixed.run.collectives[0].algorithm == sim::Algorithm::mesh); // the slowest groups'
  CHECK(test::relative(mixed.run.time, mesh.run.time) < 1e-12);
  const auto uneven = collective("h100-roce", 10, "all-reduce@domains", {"cluster.fill=[2, 8]"});
  CHECK(uneven.run.collectives[0].algorithm == sim::Algorithm::in_network);
  CHECK(uneven.run.collectives[0].span.ranks == 8);
  // Switches reduce between domains only if all of them do.
  for (const char* nodes : {"cluster.parts=[{node: dgx-h100, accelerators: 16}, {node: dgx-a100, accelerators: 16}]",
                            "cluster.parts=[{node: dgx-a100, accelerators: 16}, {node: dgx-h100, accelerators: 16}]"})
    CHECK(collective("h100-roce", 32, "all-reduce", {nodes}).run.collectives[0].algorithm !=
          sim::Algorithm::switch_tree);
}

TEST_CASE("rings over full meshes of many sizes carry all their bytes") {
  for (const char* fill : {"[5, 7, 8]", "[8, 3]", "[1, 8]"}) {
    CAPTURE(fill);
    const auto r =
        test::simulate("llama3-405b-16k",
                       {"model=llama3-8b", "training.sequence=4096", "training.global_batch=60", "stack=mindspeed-2024",
                        fmt::format("cluster={{name: 910b-roce, accelerators: 20, fill: {}}}", fill),
                        "plan={tp: 1, pp: 1, dp: 20, zero: 1}"});
    for (const auto& b : r.bytes)
      CHECK(test::relative(b.simulated, b.closed_form) < 1e-9);
  }
}
