// Experts whose dispatch runs beside another microbatch, under a host that issues on: what does a faster network give?

#include "tests/support.hpp"

#include <fmt/format.h>

using namespace weft;
using namespace weft::analysis;

namespace {

analysis::Loaded experts(const std::vector<std::string>& sets) {
  const auto tree = parse_document("cluster: {name: h100-superpod, accelerators: 64}\n"
                                   "model: {name: qwen3-30b-a3b, layers: 16}\n"
                                   "training: {global_batch: 256, sequence: 4096, precision: bf16}\n"
                                   "plan: {pp: 2, vpp: 2, ep: 8, dp: 32, schedule: interleaved-1f1b, zero: 1,\n"
                                   "  ep_overlap: true}\n"
                                   "stack: megatron-te-2025\n",
                                   "experts");
  REQUIRE(tree);
  auto loaded = load_scenario(*tree, sets, "experts");
  REQUIRE_MESSAGE(loaded, (loaded ? "" : render(loaded.error())));
  return std::move(*loaded);
}
/// Seconds that the host issues for one rank of a stage.
double issued(const sim::StepResult& r, std::size_t stage) {
  double seconds = 0;
  for (const auto& op : r.program.stages[stage].ops)
    if (op.kind == sim::OpKind::compute) seconds += op.share * r.costs.front()[std::size_t(op.cost)].host;
  return seconds;
}
double host(const Where& where) {
  return where.seconds[std::size_t(sim::Entry::host)];
}

} // namespace

TEST_CASE(
    "where the host binds, a faster scale-up fabric never lengthens the step, and a perfect one is none's affair") {
  double before = INFINITY, ideal = 0;
  for (const char* bandwidth : {"100 GB/s", "200 GB/s", "450 GB/s", "900 GB/s", "9000 GB/s"}) {
    CAPTURE(std::string(bandwidth));
    const auto r = test::simulate(experts({fmt::format(
        "cluster.node.accelerator.scale_up.bandwidth={{value: {}, source: test, evidence: assumed}}", bandwidth)}));
    CHECK(r.run.step_time <= before * (1 + 1e-9));
    before = r.run.step_time;
    if (ideal == 0) ideal = r.ideal.step_time;
    CHECK(r.ideal.step_time == ideal);
    CHECK(r.ideal.step_time <= r.run.step_time);
    for (std::size_t stage = 0; stage < 2; ++stage)
      CHECK(r.run.step_time > issued(r, stage)); // nothing runs before it was issued
  }
}

TEST_CASE("the host's issue is a bound like the device's: the longer of the two, not their sum") {
  auto with = [](double ms) {
    const auto time = fmt::format("{{value: {} ms, source: test, evidence: assumed}}", ms);
    const auto none = "{value: 0 ms, source: test, evidence: assumed}";
    return summarise(
        test::simulate(experts(
            {fmt::format("stack.host.none.experts={}", time), fmt::format("stack.host.none.dense={}", time),
             fmt::format("stack.host.none.size_waits={}", none), fmt::format("stack.host.none.expert_loop={}", none)})),
        {});
  };
  const auto none = with(0), half = with(4), all = with(40), more = with(80);
  const double device = none.result.run.step_time;
  CHECK(host(none.where) == doctest::Approx(0.015)); // once a step
  CHECK(half.result.run.step_time < device + 0.5 * issued(half.result, 0));
  CHECK(all.result.run.step_time > issued(all.result, 0));
  CHECK(all.result.run.step_time < 1.1 * issued(all.result, 0));
  const double longer = more.result.run.step_time - all.result.run.step_time;
  CHECK(test::relative(longer, issued(all.result, 0)) < 0.02); // bound by the host, all of it is seen
  CHECK(host(all.where) > 0.5 * all.result.run.step_time);
  double sum = 0;
  for (const double s : all.where.seconds)
    sum += s;
  CHECK(test::relative(sum, all.result.run.step_time) < 1e-9);
  CHECK(all.tax->total < 0.02); // there is nothing that a network could give back
}
