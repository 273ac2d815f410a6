// Models, plans, schedules and memory against their closed forms and the papers.
#include "platforms/catalog.hpp"
#include "tests/support.hpp"
#include "workloads/chunk.hpp"
#include "workloads/plan_names.hpp"
#include "workloads/schedule.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

using namespace weft;
using namespace weft::workloads;

namespace {

Model model(const std::string& name) {
  auto tree = platforms::load_entry("models", name, {});
  REQUIRE(tree);
  auto out = read_model(*tree);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}

} // namespace

namespace {
/// Runs all stages' slots with every dependency; false when they get stuck or a slot is missing or done twice.
bool runs_through(const std::vector<std::vector<Slot>>& slots, Schedule schedule, const Pipeline& p) {
  Plan plan;
  plan.pp = p.pp;
  plan.vpp = p.vpp;
  plan.schedule = schedule;
  const std::int64_t last = virtual_stages(plan) - 1;
  const bool copies = shape_of(schedule) == workloads::Shape::bidirectional;
  using Done = std::tuple<int, std::int64_t, std::int64_t, int>; // copy, virtual stage, microbatch, phase
  std::set<Done> done;
  std::vector<std::vector<Slot>> open; // forwarded in the step before
  for (const auto& stage : slots)
    open.push_back(left_open(stage));
  std::vector<std::size_t> at(slots.size(), 0);
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t s = 0; s < slots.size(); ++s)
      while (at[s] < slots[s].size()) {
        // The two slots of a pair go on layer by layer together: neither ends before the other's input is there.
        const std::size_t many = slots[s][at[s]].paired && at[s] + 1 < slots[s].size() ? 2 : 1;
        auto ready = [&](const Slot& slot) {
          const std::int64_t v = virtual_stage(plan, std::int64_t(s), slot.chunk);
          const int copy = copies ? slot.chunk : 0;
          auto has = [&](std::int64_t stage, int phase) {
            return done.count({copy, stage, slot.microbatch, phase}) > 0;
          };
          const bool own = has(v, 0) || std::count(open[s].begin(), open[s].end(), slot) > 0;
          return slot.phase == Phase::forward  ? v == 0 || slot.carried || has(v - 1, 0)
                 : slot.phase == Phase::weight ? has(v, 1)
                                               : own && (v == last || slot.carried || has(v + 1, 1));
        };
        if (!ready(slots[s][at[s]]) || !ready(slots[s][at[s] + many - 1])) break;
        for (std::size_t i = 0; i < many; ++i, ++at[s]) {
          const Slot& slot = slots[s][at[s]];
          const std::int64_t v = virtual_stage(plan, std::int64_t(s), slot.chunk);
          const int copy = copies ? slot.chunk : 0;
          const int phase = slot.phase == Phase::forward ? 0 : slot.phase == Phase::weight ? 2 : 1;
          if (!done.insert({copy, v, slot.microbatch, phase}).second) return false;
          if (slot.phase == Phase::backward && !done.insert({copy, v, slot.microbatch, 2}).second) return false;
        }
        moved = true;
      }
  }
  for (std::size_t s = 0; s < slots.size(); ++s)
    if (at[s] != slots[s].size()) return false;
  return std::int64_t(done.size()) == 3 * p.pp * p.vpp * p.microbatches / (copies ? 2 : 1);
}
} // namespace

TEST_CASE("parameter counts are within 1 % of the published ones") {
  CHECK(platforms::catalog_names("models").size() >= 60);
  for (const auto& name : platforms::catalog_names("models")) {
    CAPTURE(name);
    const Model m = model(name);
    CHECK(test::relative(m.parameters(), m.published_parameters.value) < 0.01);
  }
}

TEST_CASE("every slot of a schedule is run once, in an order that can be run") {
  for (const auto& [name, schedule] : EnumNames<Schedule>::values)
    for (std::int64_t pp : {1, 2, 3, 4, 6, 8})
      for (std::int64_t vpp : {1, 2, 4})
        for (std::int64_t rounds : {1, 2, 3})
          for (bool paired : {false, true}) {
            const workloads::Shape shape = shape_of(schedule);
            if ((vpp > 1) != (schedule == Schedule::interleaved || shape != workloads::Shape::loop)) continue;
            if ((shape != workloads::Shape::loop && vpp != 2) || (vpp > 1 && pp == 1)) continue;
            if (schedule == Schedule::dualpipe && (pp % 2 != 0 || rounds == 1)) continue;
            if (schedule == Schedule::async && (pp * rounds < 2 * pp - 1 || paired)) continue;
            CAPTURE(name);
            CAPTURE(pp);
            CAPTURE(rounds);
            Pipeline p{pp, vpp, pp * rounds, paired, {}};
            const auto slots = pipeline_slots(schedule, p);
            REQUIRE(std::int64_t(slots.size()) == pp);
            CAPTURE(paired);
            CHECK(runs_through(slots, schedule, p));
            if (schedule == Schedule::one_f_one_b && !paired)
              for (std::int64_t stage = 0; stage < pp; ++stage)
                CHECK(peak_in_flight(slots[std::size_t(stage)]) == std::min(p.microbatches, pp - stage));
          }
}

TEST_CASE("ranks and coordinates are one to one in every order") {
  std::vector<Dimension> order{Dimension::tp, Dimension::cp, Dimension::ep, Dimension::dp, Dimension::pp};
  std::sort(order.begin(), order.end());
  do {
    Plan plan;
    plan.tp = 2;
    plan.dp = 3;
    plan.pp = 4;
    plan.order = order;
    const RankMap map(plan);
    std::set<std::int64_t> seen;
    for (std::int64_t r = 0; r < plan.ranks(); ++r) {
      const Coordinates at = map.coordinates(r);
      CHECK(map.rank(at) == r);
      seen.insert((at.tp * 3 + at.dp) * 4 + at.pp);
    }
    CHECK(seen.size() == 24);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("layers are dealt as the frameworks deal them") {
  Plan plan;
  plan.pp = 16;
  plan.vpp = 8;
  const auto llama = split_layers(model("llama3-405b"), plan);
  CHECK(llama.front() == 0); // embedding and head count as layers: 128 things on 128 chunks
  CHECK(llama.back() == 0);
  CHECK(std::count(llama.begin(), llama.end(), 1) == 126);
  plan.pp = 5;
  plan.vpp = 1;
  CHECK(split_layers(model("llama3-8b"), plan) == std::vector<std::int64_t>{7, 7, 6, 6, 6});
  plan.layers_per_chunk = {6, 7, 7, 7, 5};
  CHECK(split_layers(model("llama3-8b"), plan) == plan.layers_per_chunk);
}

TEST_CASE("activation memory equals Korthikanti et al.'s formulas (arXiv 2205.05198, table 2)") {
  auto loaded = test::load("korthikanti-175b");
  auto& s = loaded.scenario;
  for (const char* name : {"megatron-22b", "gpt3-175b", "megatron-530b", "megatron-1t"})
    for (std::int64_t tp : {1, 8}) {
      s.model = model(name);
      s.plan.tp = tp;
      const double sbh = 2048.0 * double(s.model.hidden), t = double(tp);
      const double scores = 5.0 * double(s.model.heads) * 2048 / double(s.model.hidden);
      auto bytes = [&](bool sp, Recompute r) {
        s.plan.sp = sp;
        return activation_bytes({s.model, s.training, s.plan, s.stack, r}).count();
      };
      CHECK(bytes(true, Recompute::none) == doctest::Approx(sbh * (34 + scores) / t));
      CHECK(bytes(false, Recompute::none) == doctest::Approx(sbh * (10 + 24 / t + scores / t)));
      CHECK(bytes(true, Recompute::selective) == doctest::Approx(sbh * 34 / t));
      CHECK(bytes(true, Recompute::full) == doctest::Approx(sbh * 2 / t));
    }
}

TEST_CASE("model FLOP follow Korthikanti et al.'s formula (appendix A) under the s² convention") {
  for (const char* name : {"megatron-22b", "gpt3-175b", "megatron-530b", "megatron-1t"}) {
    const Model m = model(name);
    Training training;
    training.global_batch = 64;
    training.sequence = 2048;
    const double B = 64, s = 2048, l = double(m.layers), h = double(m.hidden), V = double(m.vocab);
    const double paper = 72 * B * s * l * h * h * (1 + s / (6 * h) + V / (12 * l * h));
    CHECK(model_flops(m, training).full.count() == doctest::Approx(paper).epsilon(1e-9));
  }
}

TEST_CASE("what a layer executes adds up to its model FLOP") {
  auto loaded = test::load("llama3-405b-16k");
  const auto& s = loaded.scenario;
  const LayerContext context{s.model, s.training, s.plan, s.stack, Recompute::none};
  double useful = 0;
  for (const auto& work : {layer_forward(context, LayerKind::dense), layer_backward(context, LayerKind::dense)})
    for (const auto& step : work)
      if (!step.is_collective) useful += step.kernel.useful.count();
  const double tokens = 8192, h = 16384;
  const double matmul = 6 * tokens * (s.model.attention_parameters() + s.model.mlp_parameters());
  const double attention = 6 * tokens * 8192 * h; // 3 · 2 matmuls · s²/2 · 2 FLOP
  CHECK(useful * 8 == doctest::Approx(matmul + attention).epsilon(1e-12));
}

TEST_CASE("the worst stage decides, and sharding shrinks what it says it shrinks") {
  auto loaded = test::load("llama3-405b-16k");
  auto& s = loaded.scenario;
  auto need = [&](std::int64_t zero) {
    s.plan.zero = zero;
    return worst_memory({s.model, s.training, s.plan, s.stack, Recompute::none});
  };
  const auto z0 = need(0), z1 = need(1), z2 = need(2);
  CHECK(z1.optimizer.count() == doctest::Approx(z0.optimizer.count() / 128));
  CHECK(z1.gradients == z0.gradients);
  CHECK(z2.gradients < z1.gradients);
  CHECK(z2.weights == z0.weights);
  // 126 layers of 3.19e9 parameters over tp 8 × pp 16, two bytes each.
  const double norms = 2 * 16384; // whole on every tp rank
  CHECK(z0.weights.count() ==
        doctest::Approx(8 * ((s.model.dense_parameters(LayerKind::dense) - norms) / 8 + norms) * 2));
}

TEST_CASE("layers that recompute are counted: by share of each kind, or the first of every chunk") {
  auto loaded = test::load("llama3-405b-16k", {"plan.recompute=full", "plan.vpp=1", "plan.schedule=1f1b"});
  auto& s = loaded.scenario;
  const LayerContext context{s.model, s.training, s.plan, s.stack, Recompute::full};
  Chunk chunk;
  chunk.dense_layers = 3;
  chunk.expert_layers = 5;
  s.plan.recompute_layers = 4;
  CHECK(recomputed_layers(s.plan, chunk).dense == 3);
  CHECK(recomputed_layers(s.plan, chunk).experts == 1);
  const double four = worst_memory(context).activations.count();
  s.plan.recompute_layers = 100;
  CHECK(recomputed_layers(s.plan, chunk).experts == 5);
  const double all = worst_memory(context).activations.count();
  s.plan.recompute_layers = 0;
  CHECK(recomputed_layers(s.plan, chunk).dense == 3);
  CHECK(worst_memory(context).activations.count() == doctest::Approx(all));
  // The second stage holds 8 layers of 15 microbatches: half of them keep everything.
  const double whole = activation_bytes({s.model, s.training, s.plan, s.stack, Recompute::none}).count();
  const double input = activation_bytes(context).count();
  CHECK(four == doctest::Approx(15 * 4 * (whole + input)));
  CHECK(all == doctest::Approx(15 * 8 * input));
}

TEST_CASE("recomputation that frees a module's activations repeats its matmuls, once") {
  auto executed = [](const LayerContext& context, LayerKind kind) {
    double out = 0;
    for (const auto& step : layer_backward(context, kind))
      if (!step.is_collective && step.kernel.recomputation) out += step.kernel.executed.count();
    return out;
  };
  auto parallel = test::load("llama3-405b-16k", {"model=falcon-180b"}).scenario;
  parallel.plan.recompute_parts = {RecomputePart::mlp};
  const LayerContext block{parallel.model, parallel.training, parallel.plan, parallel.stack, Recompute::selective};
  const LayerContext none{parallel.model, parallel.training, parallel.plan, parallel.stack, Recompute::none};
  CHECK(activation_bytes(block) < activation_bytes(none));
  const double tokens = 8192, tp = 8;
  CHECK(executed(block, LayerKind::dense) == doctest::Approx(2 * tokens * parallel.model.mlp_parameters() / tp));

  auto experts = test::load("llama3-405b-16k", {"model=deepseek-v3"}).scenario;
  const LayerContext repeat{experts.model, experts.training, experts.plan, experts.stack, Recompute::selective};
  experts.plan.recompute_parts = {RecomputePart::experts};
  const double once = executed(repeat, LayerKind::experts), kept = activation_bytes(repeat, LayerKind::experts).count();
  experts.plan.recompute_parts = {RecomputePart::mlp, RecomputePart::experts};
  CHECK(executed(repeat, LayerKind::experts) == once);
  CHECK(activation_bytes(repeat, LayerKind::experts).count() == kept);
}

TEST_CASE("a tied head is a copy where it lies on another stage, and none where it does not") {
  const Model tied = model("gemma2-27b");
  auto tables = [&](Schedule schedule, std::int64_t vpp) {
    Plan plan;
    plan.pp = 4;
    plan.vpp = vpp;
    plan.schedule = schedule;
    double out = 0;
    for (const Chunk& c : chunks_of(tied, plan))
      out += c.tables;
    return out;
  };
  CHECK(tables(Schedule::one_f_one_b, 1) == 2);
  CHECK(tables(Schedule::interleaved, 2) == 2);
  CHECK(tables(Schedule::zb_v, 2) == 1);
  CHECK(tables(Schedule::dualpipe, 2) == 1); // of each copy of the model
}
