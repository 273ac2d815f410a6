// Is the folded step the unfolded one, rank by rank? And do ledgers and bytes hold on every plan?
#include "tests/random_worlds.hpp"
#include "tests/same_bits.hpp"
#include "tests/sim/plans_on_fabrics.hpp"
#include "tests/support.hpp"
#include "workloads/chunk.hpp"

#include <fmt/format.h>

using namespace weft;
using test::fabrics;
using test::plans;
using test::sets_of;
using test::spans;
using test::tier;

namespace {

/// FOLDING's tolerance for CM02: 1e-9, or ten times the response to a last-place change of one capacity.
void check_fold(const std::string& scenario, const std::vector<std::string>& sets) {
  const auto loaded = test::load(scenario, sets);
  sim::Options folded, unfolded;
  folded.solver = unfolded.solver = sim::Solver::simgrid; // ours is held to more: check_bits()
  unfolded.fold = false;
  const auto a = test::simulate(loaded, folded), b = test::simulate(loaded, unfolded);
  CAPTURE(scenario);
  CAPTURE(fmt::format("{}", fmt::join(sets, " ")));
  CHECK(a.folded.ranks.size() <= b.folded.ranks.size());
  CHECK(b.folded.ranks.size() == std::size_t(loaded.cluster.ranks()));
  CHECK(test::relative(a.run.step_time, b.run.step_time) < 1e-9);
  CHECK(test::relative(a.ideal.step_time, b.ideal.step_time) < 1e-9);
  for (std::int64_t rank = 0; rank < b.cluster.ranks(); ++rank) {
    const auto &fa = spans(a, a.run, rank), &fb = spans(b, b.run, rank);
    REQUIRE(fa.size() == fb.size());
    double worst = 0;
    for (std::size_t i = 0; i < fa.size(); ++i)
      worst = std::max({worst, std::abs(fa[i].begin - fb[i].begin), std::abs(fa[i].end - fb[i].end)});
    CHECK(worst < 1e-9 * b.run.step_time);
  }
  const auto wa = analysis::where_time_went(a, a.run, a.costs, 0), wb = analysis::where_time_went(b, b.run, b.costs, 0);
  for (std::size_t e = 0; e < sim::entry_count; ++e)
    CHECK(std::abs(wa.seconds[e] - wb.seconds[e]) < 1e-8 * b.run.step_time);
  test::check_ledgers(a);
  test::check_ledgers(b);
  for (std::size_t i = 0; i < a.links.size(); ++i)
    CHECK(std::abs(a.links[i].bytes - b.links[i].bytes) <= 1e-9 * b.links[i].bytes);
}

} // namespace

TEST_CASE("folded equals unfolded: twenty plans on five fabrics, part-filled pods included") {
  const auto all = fabrics();
  for (std::size_t i = 0; i < plans.size(); ++i)
    for (std::size_t f = 0; f < all.size(); ++f)
      if ((f + i) % 5 == 0 || i < 2 || (plans[i].dp == 7 && f < 3))
        if (plans[i].tp * plans[i].pp * plans[i].dp % all[f].dies == 0)
          check_fold(all[f].scenario, sets_of(all[f], plans[i]));
}

TEST_CASE("folded equals unfolded with slow ranks, which split their classes and nothing else") {
  const auto all = fabrics();
  for (std::size_t f = 0; f < 4; ++f) {
    auto sets = sets_of(all[f], plans[1]);
    const auto even = test::simulate(all[f].scenario, sets);
    sets.push_back("slow_ranks=[{rank: 5, speed: 0.8}, {rank: 40, speed: 0.9}]");
    check_fold(all[f].scenario, sets);
    const auto slow = test::simulate(all[f].scenario, sets);
    CHECK(slow.run.step_time > even.run.step_time);
    CHECK(slow.folded.ranks.size() > even.folded.ranks.size());
    const auto where = analysis::where_time_went(slow, slow.run, slow.costs, 0);
    CHECK(where.seconds[std::size_t(sim::Entry::imbalance)] > 0.01 * slow.run.step_time);
  }
}

TEST_CASE("folded equals unfolded on rails, planes, tori, PCIe trees and with degraded links") {
  const auto base = fabrics();
  auto on = [&](std::size_t like, std::vector<std::string> sets) {
    test::Fabric out = base[like];
    out.sets.insert(out.sets.end(), sets.begin(), sets.end());
    return out;
  };
  const std::string tiers = "cluster.fabric.tiers=[" + tier("rack", 16, 2) + ", " + tier("pod", 64, 7) + "]";
  const std::vector<test::Fabric> kinds{
      on(0, {"cluster.fabric.kind=rail-only"}),
      on(1, {tiers, "cluster.fabric.planes=2", "cluster.fabric.plane_of=nic"}),
      on(0, {"cluster=h800-deepseek-planes"}),
      on(2, {"cluster.node.scale_up=torus", "cluster.node.torus=[4, 2]"}),
      on(2, {"cluster.node.scale_up=torus", "cluster.torus=[4, 4, 2]"}),
      on(0, {"cluster=a100-pcie-fire-flyer2"}),
      on(0, {"cluster=a100-pcie-fire-flyer2", "cluster.node.pcie.per_switch=4",
             "cluster.node.pcie.uplink={value: 20 GB/s, source: test, evidence: assumed}",
             "cluster.node.pcie.host={value: 50 GB/s, source: test, evidence: assumed}"}),
      on(1, {tiers, "cluster.degraded=[{link: rack uplink 1, share: 0.25}, {link: NIC tx 3, share: 0.5}, "
                    "{link: scale-up port rx 9, share: 0.3}]"}),
      on(2, {"cluster.node.scale_up=torus", "cluster.torus=[4, 4, 2]",
             "cluster.degraded=[{link: torus link x+ 5, share: 0}, {link: torus link y+ 20, share: 0.5}]"})};
  for (std::size_t k = 0; k < kinds.size(); ++k)
    for (std::size_t i = 0; i < plans.size(); ++i)
      if ((i + k) % 5 == 0 && plans[i].tp * plans[i].pp * plans[i].dp >= 32)
        check_fold(kinds[k].scenario, sets_of(kinds[k], plans[i]));
}

TEST_CASE("a degraded link splits classes and lengthens the step of whoever needs it") {
  const auto all = fabrics();
  auto sets = sets_of(all[1], plans[0]);
  const auto even = test::simulate(all[1].scenario, sets);
  sets.emplace_back("cluster.degraded=[{link: scale-up port tx 3, share: 0.2}]");
  const auto worse = test::simulate(all[1].scenario, sets);
  CHECK(worse.folded.ranks.size() > even.folded.ranks.size());
  CHECK(worse.run.step_time > 1.05 * even.run.step_time);
}

TEST_CASE("the committed scenarios of up to 512 ranks fold exactly") {
  for (const char* name : {"korthikanti-22b", "korthikanti-175b", "korthikanti-530b"})
    check_fold(name, {});
}

TEST_CASE("the Llama 3 pattern with a half-filled last pod folds exactly") {
  // 448 ranks in pods of 128: the fourth pod is half full.
  check_fold("llama3-405b-16k", {"model.layers=14", "plan.pp=4", "plan.vpp=4", "plan.dp=14",
                                 "training.global_batch=112", "cluster.accelerators=448",
                                 "cluster.fabric.tiers=[" + tier("rack", 16, 0.5) + ", " + tier("pod", 128, 7) + "]"});
}

TEST_CASE("tp inside the slot costs what tp as flows costs where nothing shares its links") {
  sim::Options flows;
  flows.closed_form_layers = false;
  for (const char* stack : {"megatron-2022", "megatron-te-2025"})
    for (const char* sp : {"true", "false"}) {
      const auto loaded =
          test::load("korthikanti-175b", {fmt::format("stack={}", stack), fmt::format("plan.sp={}", sp)});
      const auto a = test::simulate(loaded), b = test::simulate(loaded, flows);
      CAPTURE(std::string(stack));
      CAPTURE(std::string(sp));
      CHECK(a.program.fused != 0);
      CHECK(b.program.fused == 0);
      CHECK(test::relative(a.run.step_time, b.run.step_time) < 1e-7);
      CHECK(test::relative(a.ideal.step_time, b.ideal.step_time) < 1e-9);
      test::check_ledgers(b);
      const auto wa = analysis::where_time_went(a, a.run, a.costs, 0),
                 wb = analysis::where_time_went(b, b.run, b.costs, 0);
      for (sim::Entry e : {sim::Entry::tp, sim::Entry::useful, sim::Entry::overlap_slowdown})
        CHECK(std::abs(wa.seconds[std::size_t(e)] - wb.seconds[std::size_t(e)]) < 1e-6 * a.run.step_time);
    }
}

TEST_CASE("bytes on a pod's uplinks are the ring edges that cross pods") {
  // 128 replicas in pods of 24: six edges of each ring cross; no stage boundary does.
  const auto r = test::simulate("llama3-405b-16k");
  double dp = 0, pod = 0;
  for (const auto& check : r.bytes)
    if (check.dim == sim::Dim::dp) dp = check.closed_form;
  for (const auto& link : r.links)
    if (link.link == "pod uplink") pod = link.bytes;
  CHECK(pod == doctest::Approx(dp * 6 / 128).epsilon(1e-12));
}

TEST_CASE(
    "bytes on links are those of the routes: a torus ring once each edge, rails and PCIe twice where they relay") {
  const auto all = fabrics();
  auto bytes = [](const sim::StepResult& r, const std::string& prefix) {
    double sum = 0;
    for (const auto& link : r.links)
      if (link.link.starts_with(prefix)) sum += link.bytes;
    return sum;
  };
  auto closed_form = [](const sim::StepResult& r, sim::Dim dim) {
    for (const auto& check : r.bytes)
      if (check.dim == dim) return check.closed_form;
    return 0.0;
  };
  auto all_closed_forms = [](const sim::StepResult& r) {
    double sum = 0;
    for (const auto& check : r.bytes)
      sum += check.closed_form;
    return sum;
  };
  test::Fabric torus = all[2];
  torus.sets.insert(torus.sets.end(), {"cluster.node.scale_up=torus", "cluster.node.torus=[4, 2]"});
  const auto ring = test::simulate(torus.scenario, sets_of(torus, plans[10])); // tp 8: the whole torus
  CHECK(bytes(ring, "torus") + bytes(ring, "NIC tx") == doctest::Approx(all_closed_forms(ring)).epsilon(1e-12));
  CHECK(bytes(ring, "torus") >= closed_form(ring, sim::Dim::tp));
  // Both ways round: the dimension of two has only positive links, the other as many bytes each way.
  CHECK(bytes(ring, "torus link x+") == doctest::Approx(bytes(ring, "torus link x-")).epsilon(1e-12));

  test::Fabric host = all[0];
  host.sets.insert(host.sets.end(), {"cluster=a100-pcie-fire-flyer2"});
  const auto one = test::simulate(host.scenario, sets_of(host, plans[14])); // tp 16 over two nodes
  CHECK(bytes(one, "scale-up port tx") + bytes(one, "bridge") == doctest::Approx(all_closed_forms(one)).epsilon(1e-9));
  CHECK(bytes(one, "scale-up port tx") == doctest::Approx(bytes(one, "scale-up port rx")).epsilon(1e-9));

  // tp 1, dp 64 on rails: a ring of all ranks stays on its rails between nodes.
  test::Fabric rails = all[0];
  rails.sets.insert(rails.sets.end(), {"cluster.fabric.kind=rail-only"});
  const auto dp = test::simulate(rails.scenario, sets_of(rails, plans[9]));
  CHECK(bytes(dp, "NIC tx") == doctest::Approx(closed_form(dp, sim::Dim::dp) * 8 / 64).epsilon(1e-9));
  CHECK(bytes(dp, "scale-up port tx") == doctest::Approx(closed_form(dp, sim::Dim::dp) * 56 / 64).epsilon(1e-9));
}

TEST_CASE("every legal tiny plan keeps both ledgers and its bytes") {
  int ran = 0;
  for (int ranks : {1, 2, 4, 8})
    for (int tp = 1; tp <= ranks; tp *= 2)
      for (int pp = 1; tp * pp <= ranks; pp *= 2)
        for (int vpp : {1, 2})
          for (int zero : {0, 1, 2})
            for (const char* recompute : {"none", "selective", "full"}) {
              const int dp = ranks / tp / pp;
              if ((vpp > 1 && pp == 1) || (zero > 0 && dp == 1)) continue;
              const auto loaded = test::load(
                  "korthikanti-22b",
                  {"model.layers=16", fmt::format("plan.tp={}", tp), fmt::format("plan.pp={}", pp),
                   fmt::format("plan.vpp={}", vpp), fmt::format("plan.dp={}", dp), fmt::format("plan.zero={}", zero),
                   fmt::format("plan.schedule={}", vpp > 1 ? "interleaved-1f1b" : "1f1b"), "plan.microbatch=1",
                   fmt::format("plan.recompute={}", recompute), fmt::format("training.global_batch={}", 2 * pp * dp),
                   fmt::format("cluster.accelerators={}", ranks)});
              sim::Options all;
              all.all_subsets = true;
              const auto r = test::simulate(loaded, all);
              test::check_ledgers(r);
              const auto tax = *analysis::interconnect_tax(r);
              double parts = 0;
              for (const auto& part : tax.parts)
                parts += part.seconds;
              CHECK(std::abs(parts - tax.seconds) < 1e-9 * r.run.step_time);
              CHECK(tax.seconds >= -1e-12);
              ++ran;
            }
  CHECK(ran > 100);
}

TEST_CASE("a step that does not wait for other stages is not shorter than its own gathers and reductions") {
  // Parameters are gathered and gradients reduced at 1 GB/s a rank: 15 s that no layout makes vanish.
  const std::vector<std::string> sets{"model=llama3-8b", "cluster.accelerators=64", "training.global_batch=256",
                                      "training.sequence=4096",
                                      "stack.dp_ring_rate={value: 1 GB/s, source: test, evidence: assumed}"};
  auto at = [&](const char* schedule) {
    auto all = sets;
    all.push_back(
        fmt::format("plan={{pp: 4, dp: 16, zero: 1, layers_per_chunk: [4, 9, 9, 10], schedule: {}}}", schedule));
    return test::simulate("llama3-405b-16k", all);
  };
  const auto apart = at("zb-1p");
  double largest = 0; // bytes that a rank of the fullest stage gathers and reduces
  for (const auto& chunk : workloads::chunks_of(apart.scenario.model, apart.scenario.plan))
    largest = std::max(largest, chunk.parameters * (2 + 4) * 15 / 16);
  CHECK(apart.run.step_time > largest / 1e9);
  CHECK(apart.run.step_time <= at("zb-h1").run.step_time * 1.001);
  test::check_ledgers(apart);
}

TEST_CASE("an overlapped exchange of loosely coupled groups runs beside their own reductions") {
  auto at = [](const char* overlap) {
    return test::simulate(
        "llama3-405b-16k",
        {"model=llama3-8b", "cluster.accelerators=64", "training.global_batch=128",
         fmt::format("plan={{tp: 8, dp: 8, outer: {{inner_steps: 2, replicas: 2, overlap: {}}}}}", overlap)});
  };
  const auto after = at("false"), beside = at("true");
  CHECK(beside.run.step_time < 0.99 * after.run.step_time);
  test::check_ledgers(beside);
}
