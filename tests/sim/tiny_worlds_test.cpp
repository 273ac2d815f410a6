// Does every legal plan on every cluster of up to eight ranks run, fold exactly and keep its ledgers? All combinations
// of degrees, expert degrees, schedule, chunks, ZeRO stage, sharding group, context algorithm and rank order are
// tried; fields that do not meet them (recomputation, sequence parallelism, stack, overlap, batch) take turns.
#include "tests/support.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <fmt/format.h>

using namespace weft;
using namespace weft::workloads;

namespace {

struct World {
  std::string name;
  std::vector<std::string> sets;
};
/// One scale-up domain, and nodes of two under a 3:1 tier; a dense model and one with experts.
std::vector<World> worlds() {
  const std::string dense =
      "model={name: dense, layers: 16, hidden: 1024, heads: 8, kv_heads: 4, head_dim: 128, vocab: "
      "8192, ffn: 4096, gated_mlp: true}";
  const std::string experts = "model={name: experts, layers: 16, hidden: 1024, heads: 8, head_dim: 128, vocab: 8192, "
                              "ffn: 4096, tied_embeddings: true, experts: {count: 8, top_k: 2, ffn: 1024, "
                              "dense_layers: 1, shared: 1}}";
  const std::string nodes = "cluster.fabric.tiers=[{name: leaf, accelerators: 4, oversubscription: {value: 3, source: "
                            "test, evidence: assumed}}]";
  return {{"dense, one node", {dense, "cluster=h100-superpod"}},
          {"dense, nodes of two", {dense, nodes, "cluster.node.accelerators=2", "cluster.node.nics.per_node=2"}},
          {"experts, one node", {experts, "cluster=h100-superpod"}},
          {"experts, nodes of two", {experts, nodes, "cluster.node.accelerators=2", "cluster.node.nics.per_node=1"}}};
}

bool chunks_go_with(Schedule schedule, std::int64_t vpp) {
  switch (schedule) {
  case Schedule::interleaved: return vpp > 1;
  case Schedule::zb_v:
  case Schedule::v_half:
  case Schedule::v_min:
  case Schedule::dualpipe: return vpp == 2;
  default: return vpp == 1;
  }
}

/// All plans over `ranks`; `visit` gets each once.
template <class F> void all_plans(std::int64_t ranks, bool experts, F visit) {
  using D = Dimension;
  const std::vector<std::vector<D>> orders{{D::tp, D::cp, D::ep, D::dp, D::pp},
                                           {D::tp, D::cp, D::pp, D::dp, D::ep},
                                           {D::pp, D::dp, D::cp, D::tp, D::ep},
                                           {D::dp, D::tp, D::pp, D::cp, D::ep}};
  Plan p;
  for (p.tp = 1; p.tp <= ranks; ++p.tp)
    for (p.cp = 1; p.tp * p.cp <= ranks; ++p.cp)
      for (p.pp = 1; p.tp * p.cp * p.pp <= ranks; ++p.pp) {
        if (ranks % (p.tp * p.cp * p.pp) != 0) continue;
        p.dp = ranks / (p.tp * p.cp * p.pp);
        const std::int64_t in_stage = experts ? ranks / p.pp : 1;
        for (p.ep = 1; p.ep <= in_stage; ++p.ep)
          for (p.expert_tp = 1; p.expert_tp <= (experts ? p.tp : 1); p.expert_tp += std::max<std::int64_t>(1, p.tp - 1))
            for (const auto& [name, schedule] : EnumNames<Schedule>::values)
              for (p.vpp = 1; p.vpp <= 2; ++p.vpp)
                for (p.zero = 0; p.zero <= 3; ++p.zero)
                  for (std::int64_t group : {std::int64_t{0}, p.replicas() / 2})
                    for (const auto& [algorithm_name, algorithm] : EnumNames<ContextAlgorithm>::values)
                      for (const auto& order : orders) {
                        if (in_stage % p.ep != 0 || !chunks_go_with(schedule, p.vpp)) continue;
                        if (p.pp == 1 && schedule != Schedule::one_f_one_b) continue;
                        if (p.cp == 1 && algorithm != ContextAlgorithm::ring) continue;
                        if (group > 0 && (p.zero == 0 || p.replicas() % 2 != 0)) continue;
                        p.shard_group = group;
                        p.schedule = schedule;
                        p.cp_algorithm = algorithm;
                        p.order = order;
                        visit(p);
                      }
      }
}

/// Folding's tolerance: 1e-9, or ten times what a last-place change of one capacity does to the step.
void check_fold(const Scenario& s, const platforms::Cluster& cluster) {
  sim::Options unfolded;
  unfolded.fold = false;
  const auto a = sim::simulate(s, cluster), b = sim::simulate(s, cluster, unfolded);
  REQUIRE(a);
  REQUIRE(b);
  test::check_ledgers(*a, 5e-3); // norms weigh more in tiny models
  test::check_ledgers(*b, 5e-3);
  double allowed = 1e-9;
  if (test::relative(a->run.step_time, b->run.step_time) > allowed) {
    sim::Options response;
    response.capacity_response = true;
    allowed = std::max(allowed, 10 * sim::simulate(s, cluster, response)->capacity_response);
  }
  CHECK(test::relative(a->run.step_time, b->run.step_time) <= allowed);
  CHECK(test::relative(a->ideal.step_time, b->ideal.step_time) < 1e-9);
  const auto wa = analysis::where_time_went(*a, a->run, a->costs, 0),
             wb = analysis::where_time_went(*b, b->run, b->costs, 0);
  for (std::size_t e = 0; e < sim::entry_count; ++e)
    CHECK(std::abs(wa.seconds[e] - wb.seconds[e]) <= std::max(1e-8, 100 * allowed) * b->run.step_time);
  CHECK(a->run.step_time <= b->run.step_time * (1 + allowed));
}

/// Experts on fabrics where messages go round: rails and planes that meet in nodes only, a torus, PCIe with one card.
std::vector<World> detours() {
  const World base = worlds()[3];
  auto with = [&](const char* name, std::vector<std::string> more) {
    World out{name, base.sets};
    out.sets.insert(out.sets.end(), more.begin(), more.end());
    return out;
  };
  const std::string pcie = "cluster.node.pcie={per_switch: 2, uplink: {value: 30 GB/s, source: test, evidence: "
                           "assumed}, host: {value: 50 GB/s, source: test, evidence: assumed}}";
  const std::string link = "cluster.node.accelerator.scale_up.link_bandwidth={value: 75 GB/s, source: test, evidence: "
                           "assumed}";
  return {with("rails", {"cluster.node.nics.per_node=2", "cluster.fabric.kind=rail-only"}),
          with("planes", {"cluster.node.nics.per_node=2", "cluster.fabric.planes=2", "cluster.fabric.plane_of=nic"}),
          with("torus", {"cluster.node.scale_up=torus", "cluster.torus=[2, 3]", link}),
          with("PCIe", {"cluster.node.accelerators=4", "cluster.node.scale_up=pcie", pcie}),
          with("degraded", {"cluster.degraded=[{link: scale-up port tx 0, share: 0.4}]"})};
}

/// Every `stride`-th legal plan; returns how many are legal.
std::size_t sweep(const std::vector<World>& on, std::size_t stride) {
  std::size_t legal = 0, turn = 0, ran = 0;
  const std::vector<std::string> stacks{"megatron-te-2025", "meta-llama3-2024", "torchtitan-fsdp2", "megatron-2023"};
  for (const World& world : on)
    for (std::int64_t ranks = 1; ranks <= 8; ++ranks) {
      std::vector<analysis::Loaded> loaded; // one a stack
      for (const std::string& stack : stacks) {
        auto sets = world.sets;
        sets.insert(sets.end(), {"training.sequence=1680", "stack=" + stack, "plan.pp=1", "plan.vpp=1", "plan.tp=1",
                                 "plan.schedule=1f1b", fmt::format("cluster.accelerators={}", ranks)});
        loaded.push_back(test::load("llama3-405b-16k", sets));
      }
      const bool experts = loaded[0].scenario.model.experts.has_value();
      all_plans(ranks, experts, [&](Plan plan) {
        auto& [scenario, cluster, hash] = loaded[turn % loaded.size()];
        Scenario s = scenario;
        plan.sp = turn % 3 != 0 || experts;
        plan.recompute = std::array{Recompute::none, Recompute::selective, Recompute::full}[turn / 3 % 3];
        plan.ep_overlap = turn % 5 == 0 && plan.ep > 1;
        s.training.global_batch = plan.dp * plan.pp * std::int64_t(2 + turn % 2);
        s.plan = plan;
        if (!check_legal(s.model, s.training, s.plan, ranks)) {
          s.plan.ep_overlap = false;
          s.plan.sp = true;
          s.training.global_batch = plan.dp * plan.pp * 2;
          if (!check_legal(s.model, s.training, s.plan, ranks)) return;
        }
        ++turn;
        if (legal++ % stride != 0) return;
        ++ran;
        const std::string what = fmt::format(
            "{}: tp {} cp {} ({}) ep {} etp {} pp {} dp {} vpp {} {} zero {} shard {} order {}.. batch {} stack {}",
            world.name, plan.tp, plan.cp, enum_name(plan.cp_algorithm), plan.ep, plan.expert_tp, plan.pp, plan.dp,
            plan.vpp, enum_name(plan.schedule), plan.zero, plan.shard_group, enum_name(plan.order[0]),
            s.training.global_batch, s.stack.name);
        CAPTURE(what);
        check_fold(s, cluster);
      });
    }
  MESSAGE(fmt::format("{} legal plans, {} run", legal, ran));
  return legal;
}

} // namespace

TEST_CASE("a sample of all legal plans on up to eight ranks folds exactly and keeps both ledgers") {
  CHECK(sweep(worlds(), 151) > 70'000);
}

TEST_CASE("a sample of them folds exactly where messages go round") {
  CHECK(sweep(detours(), 307) > 100'000);
}

TEST_CASE("every legal plan on up to eight ranks folds exactly and keeps both ledgers" * doctest::skip()) {
  CHECK(sweep(worlds(), 1) > 70'000);
}
