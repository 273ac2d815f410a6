// Does a uniform pipeline idle exactly as long as its schedule's paper says?
#include "platforms/topology.hpp"
#include "sim/engine.hpp"
#include "sim/lower.hpp"
#include "tests/support.hpp"
#include "workloads/chunk.hpp"
#include "workloads/memory.hpp"
#include "workloads/plan_names.hpp"
#include "workloads/schedules/schedules.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>

using namespace weft;

namespace {

/// Seconds of a forward, an input-gradient and a weight-gradient slot; a whole backward takes the sum of the last two.
struct Seconds3 {
  double forward = 1, input = 1, weight = 1;
};

struct Run {
  double step = 0; ///< from the first slot to the last
  double span = 0; ///< longest that a stage takes from its first slot to its last: what repeats without a flush
  double peak = 0; ///< most chunk-microbatches held by a stage
};

/// A pipeline whose messages take no time.
Run uniform(const std::string& schedule, int pp, int vpp, int m, const Seconds3& s3 = {}) {
  std::vector<std::string> sets{fmt::format("plan.pp={}", pp),
                                fmt::format("plan.vpp={}", vpp),
                                "plan.tp=1",
                                "plan.recompute=none",
                                "plan.schedule=" + schedule,
                                fmt::format("training.global_batch={}", m),
                                fmt::format("cluster.accelerators={}", pp)};
  const auto loaded = test::load("korthikanti-175b", sets);
  const auto& s = loaded.scenario;
  REQUIRE(check_legal(s.model, s.training, s.plan, loaded.cluster.ranks()));
  const platforms::Topology topology(loaded.cluster, loaded.cluster.ranks());
  const auto placement = test::placed(s, loaded.cluster, topology);
  const auto lowered = sim::lower(s, workloads::Recompute::none, sim::layer_roles);
  sim::FoldInput in;
  in.start.rank.assign(placement.cells.size(), 0);
  for (std::size_t r = 0; r < in.start.rank.size(); ++r)
    in.start.rank[r] = std::uint64_t(placement.cells[r].stage);
  in.start.communicator.assign(placement.communicators.size(), 0);
  in.start.link.assign(placement.links.size(), 0);
  in.solver_link.assign(placement.links.size(), false);
  in.capacity.assign(placement.links.size(), 1e9);
  in.group.assign(placement.links.size(), 0);
  const auto folded = sim::fold(placement, in, true);
  const double seconds[] = {s3.forward, s3.input + s3.weight, s3.input, s3.weight}; // by Phase
  sim::Costs costs(lowered.recipes.size());
  for (const auto& stage : lowered.program.stages)
    for (const auto& op : stage.ops)
      if (op.kind == sim::OpKind::compute && op.slot >= 0 && op.slot < 4 * vpp)
        costs[std::size_t(op.cost)].elastic = seconds[op.slot / vpp];
  const sim::CollectivePricer collectives(loaded.cluster);
  const auto runs = sim::run_engines({{lowered.program,
                                       folded,
                                       placement,
                                       collectives,
                                       std::vector<double>(folded.ranks.size(), 1.0),
                                       {0},
                                       {{costs}, sim::all_dims}}},
                                     1);
  REQUIRE(runs);
  Run out;
  out.step = runs->front().step_time;
  for (const auto& spans : runs->front().compute) {
    double first = out.step, last = 0;
    for (const auto& span : spans)
      if (span.end > span.begin) {
        first = std::min(first, span.begin);
        last = std::max(last, span.end);
      }
    out.span = std::max(out.span, last - first);
  }
  const workloads::LayerContext context{s.model, s.training, s.plan, s.stack, workloads::Recompute::none};
  const double weight_share = workloads::weight_gradient_bytes(context) / workloads::activation_bytes(context);
  for (const auto& slots : workloads::scenario_slots(context))
    out.peak = std::max(out.peak, workloads::peak_in_flight(slots, weight_share));
  return out;
}
double uniform_step(int pp, int vpp, int m) {
  return uniform(vpp > 1 ? "interleaved-1f1b" : "1f1b", pp, vpp, m, {1, 0.5, 0.5}).step;
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

TEST_CASE("GPipe idles as long as 1F1B and holds every microbatch") {
  for (int pp : {2, 4, 8})
    for (int m : {8, 24}) {
      const Run run = uniform("gpipe", pp, 1, m);
      CHECK(run.step == doctest::Approx(3.0 * m + 3.0 * (pp - 1)));
      CHECK(run.peak == m);
    }
}

TEST_CASE("1F1B without a flush idles nowhere and holds 2·(p-1)+1 microbatches (PipeDream, arXiv 1806.03377)") {
  for (const Seconds3& s : {Seconds3{1, 1, 1}, Seconds3{1, 0.25, 0.5}})
    for (int pp : {2, 4, 8})
      for (int m : {2 * pp - 1, 2 * pp, 5 * pp + 1}) {
        const Run run = uniform("async-1f1b", pp, 1, m, s);
        CHECK(run.step == doctest::Approx(m * (s.forward + s.input + s.weight)).epsilon(1e-12));
        CHECK(run.peak == 2 * pp - 1);
      }
}

TEST_CASE("zero bubble: H1 idles (p-1)(F+B-W) in 1F1B's memory, 2p not at all in twice of it (arXiv 2401.10241)") {
  for (const Seconds3& s : {Seconds3{1, 1, 1}, Seconds3{1, 1.25, 0.75}})
    for (int pp : {2, 4, 8, 16})
      for (int rounds : {2, 3, 6}) {
        const int m = pp * rounds;
        CAPTURE(pp);
        CAPTURE(m);
        const double work = m * (s.forward + s.input + s.weight);
        const Run h1 = uniform("zb-h1", pp, 1, m, s);
        CHECK(h1.step == doctest::Approx(work + (pp - 1) * (s.forward + s.input - s.weight)));
        CHECK(h1.peak == pp);
        const Run two = uniform("zb-2p", pp, 1, m, s);
        const double idle = std::max(0.0, (pp - 1) * (s.forward + s.input - 2 * s.weight));
        CHECK(two.span <= doctest::Approx(work + idle));
        CHECK(two.peak <= 2 * pp + 1e-6);
        const Run one = uniform("zb-1p", pp, 1, m, s);
        CHECK(one.peak <= pp + 1e-6);
        CHECK(one.step <= h1.step + 1e-9);
      }
}

TEST_CASE("zero bubble: the published bubbles of a 14.6B model on 16 stages from its profiled costs (tables 4 and 5)") {
  // Forward, input and weight gradient and message of a microbatch, ms; bubbles published for 48, 64, 128 microbatches.
  const workloads::SlotTimes ms{11.347, 11.248, 8.132, 0.377};
  // Unfused attention keeps (34 + 5·a·s/h)·sbh of a layer, its weight gradients need 32 of that.
  const double weight_share = 32 / (34 + 5.0 * 40 * 1024 / 5120);
  struct Published {
    workloads::Schedule schedule;
    std::int64_t vpp;
    std::array<double, 3> bubble;
  };
  for (const Published& row : {Published{workloads::Schedule::one_f_one_b, 1, {0.2552, 0.2082, 0.1251}},
                               Published{workloads::Schedule::interleaved, 3, {0.1104, 0.0852, 0.0445}},
                               Published{workloads::Schedule::zb_1p, 1, {0.1397, 0.1088, 0.0576}},
                               Published{workloads::Schedule::zb_2p, 1, {0.0066, 0.0054, 0.0028}}})
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t m = std::array{48, 64, 128}[i];
      const double chunks = double(row.vpp);
      const workloads::Pipeline p{
          16,          row.vpp, m, false, {ms.forward / chunks, ms.input / chunks, ms.weight / chunks, ms.message},
          weight_share};
      const double longest =
          workloads::longest_stage(workloads::pipeline_slots(row.schedule, p), p, workloads::Shape::loop);
      const double bubble = 1 - double(m) * (ms.forward + ms.input + ms.weight) / longest;
      CAPTURE(enum_name(row.schedule));
      CAPTURE(m);
      CHECK(std::abs(bubble - row.bubble[i]) < (row.vpp > 1 ? 0.004 : 0.0005));
    }
}

TEST_CASE("V-shaped schedules: no bubble in 1F1B's memory, half and a third of it at growing cost (arXiv 2405.15362)") {
  for (int pp : {4, 8, 16}) {
    const int m = 4 * pp;
    CAPTURE(pp);
    const double work = 6.0 * m;
    const Run v = uniform("zb-v", pp, 2, m), half = uniform("v-half", pp, 2, m), least = uniform("v-min", pp, 2, m);
    const Run plain = uniform("1f1b", pp, 1, m, {2, 2, 2});
    CHECK(v.span <= work + 1.4 * pp); // of 1F1B's 6·(pp-1)
    CHECK(v.peak <= 2 * pp + 1e-6);   // chunks are half as large
    CHECK(half.peak <= pp + 2 + 1e-6);
    CHECK(least.peak <= (2 * pp + 2) / 3 + 2 + 1e-6);
    CHECK(v.span <= half.span);
    CHECK(half.span <= least.span + 1e-9);
    CHECK(half.step < plain.step);
    CHECK(least.step < 1.1 * plain.step);
  }
}

namespace {
/// DualPipe's step when a forward and backward that run together take F + B and hand on both results at their end.
double dualpipe_blocks(int pp, int m, const Seconds3& s) {
  workloads::Plan plan;
  plan.pp = pp;
  plan.vpp = 2;
  plan.schedule = workloads::Schedule::dualpipe;
  const auto slots = workloads::pipeline_slots(plan.schedule, {pp, 2, m, false, {}});
  std::map<std::tuple<int, std::int64_t, int, bool>, double> done; // copy, virtual stage, microbatch, backward
  std::vector<std::size_t> at(slots.size(), 0);
  std::vector<double> free(slots.size(), 0);
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t st = 0; st < slots.size(); ++st)
      while (at[st] < slots[st].size()) {
        const std::size_t many = slots[st][at[st]].paired ? 2 : 1;
        double start = free[st], seconds = 0;
        for (std::size_t i = 0; i < many; ++i) {
          const auto& slot = slots[st][at[st] + i];
          const std::int64_t v = workloads::virtual_stage(plan, std::int64_t(st), slot.chunk);
          const bool back = workloads::is_backward(slot.phase);
          seconds += slot.phase == workloads::Phase::forward    ? s.forward
                     : slot.phase == workloads::Phase::backward ? s.input + s.weight
                     : slot.phase == workloads::Phase::input    ? s.input
                                                                : s.weight;
          if (slot.phase == workloads::Phase::weight || (!back && v == 0)) continue;
          const auto from = back ? std::tuple(slot.chunk, v == pp - 1 ? v : v + 1, slot.microbatch, v != pp - 1)
                                 : std::tuple(slot.chunk, v - 1, slot.microbatch, false);
          start = done.count(from) ? std::max(start, done[from]) : 1e300;
        }
        if (start >= 1e300) break;
        free[st] = start + seconds;
        for (std::size_t i = 0; i < many; ++i, ++at[st]) {
          const auto& slot = slots[st][at[st]];
          if (slot.phase == workloads::Phase::weight) continue;
          const std::int64_t v = workloads::virtual_stage(plan, std::int64_t(st), slot.chunk);
          done[{slot.chunk, v, slot.microbatch, workloads::is_backward(slot.phase)}] = free[st];
        }
        moved = true;
      }
  }
  for (std::size_t st = 0; st < slots.size(); ++st)
    REQUIRE(at[st] == slots[st].size());
  return *std::max_element(free.begin(), free.end());
}
} // namespace

TEST_CASE("DualPipe idles (p/2-1)(F&B + B - 3W) (DeepSeek-V3, arXiv 2412.19437, table 2)") {
  for (const Seconds3& s : {Seconds3{1, 1, 1}, Seconds3{1, 1.25, 0.75}})
    for (int pp : {2, 4, 8, 16})
      for (int m : {2 * pp, 3 * pp + pp % 4, 6 * pp}) {
        CAPTURE(pp);
        CAPTURE(m);
        const double backward = s.input + s.weight, both = s.forward + backward;
        const double idle = (pp / 2 - 1) * (both + backward - 3 * s.weight);
        const double blocks = dualpipe_blocks(pp, m, s);
        if (s.forward == s.input && s.input == s.weight)
          CHECK(blocks == doctest::Approx(m * (s.forward + backward) + idle));
        CHECK(blocks <= m * (s.forward + backward) + idle + 1e-9);
        // Handing on the forward as soon as it is done can only help.
        const Run run = uniform("dualpipe", pp, 2, m, s);
        CHECK(run.step <= m * (s.forward + backward) + idle + 1e-9);
        CHECK(run.step >= m * (s.forward + backward));
        CHECK(run.peak <= pp + 1 + 1e-6);
      }
}
