// Can every cluster and every chip of the catalog take a small step, or does it say which figure it lacks?
#include "platforms/catalog.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

using namespace weft;

namespace {

/// A 7 B model on all of `cluster` in tp 2 and dp, in the stack whose attention the chip has.
double step(const std::string& cluster, const platforms::Accelerator& chip, std::int64_t accelerators) {
  const std::int64_t ranks = accelerators * chip.ranks_per_accelerator;
  const bool npu = chip.attention.contains("flash-npu"), bf16 = chip.peak.contains(Precision::bf16);
  sim::Options quick;
  quick.ideal_run = false;
  const auto result = test::simulate(
      "korthikanti-22b",
      {"cluster=" + cluster, "model=llama2-7b",
       fmt::format("training={{global_batch: {}, sequence: 4096, precision: {}}}", ranks, bf16 ? "bf16" : "fp16"),
       fmt::format("plan={{tp: 2, dp: {}, zero: 1, recompute: full}}", ranks / 2),
       std::string("stack=") + (npu ? "mindspeed-2024" : "megatron-te-2025")},
      quick);
  const double peak = platforms::peak_of(chip, bf16 ? Precision::bf16 : Precision::fp16)->value.count();
  const double mfu = result.flops.causal.count() / result.run.step_time / peak / double(accelerators);
  CHECK(mfu > 0.02);
  CHECK(mfu < 0.75);
  return result.run.step_time;
}

} // namespace

TEST_CASE("every cluster of the catalog runs a small step over two nodes") {
  for (const auto& name : platforms::catalog_names("clusters")) {
    CAPTURE(name);
    auto parsed = parse_document(fmt::format("{{name: {}, accelerators: 1}}", name), "test");
    REQUIRE(parsed);
    auto cluster = platforms::read_cluster(*parsed);
    if (!cluster) FAIL(render(cluster.error()));
    const std::int64_t two = 2 * cluster->node.accelerators;
    CHECK(step(fmt::format("{{name: {}, accelerators: {}}}", name, two), cluster->accelerator, two) > 0);
  }
}

TEST_CASE("every accelerator whose figures are known runs a small step behind a switch") {
  int count = 0;
  for (const auto& name : platforms::catalog_names("accelerators")) {
    CAPTURE(name);
    auto chip = platforms::read_accelerator(name, {});
    if (!chip) { // left_out_test.cpp holds it to the list
      CHECK(chip.error().message.find("is not known") != std::string::npos);
      continue;
    }
    ++count;
    const std::string figure = "source: a test, evidence: assumed}";
    const std::string node = fmt::format("{{name: probe, accelerator: {0}, accelerators: 8, scale_up: switched, nics: "
                                         "{{per_node: 8, bandwidth: {{value: 200 Gbit/s, {1}, efficiency: {{value: "
                                         "0.9, {1}}}}}",
                                         name, figure);
    const std::string latency = fmt::format("{{base: {{value: 20 us, {0}, hop: {{value: 14 us, {0}, point_to_point: "
                                            "{{value: 20 us, {0}}}",
                                            figure);
    const std::string cluster = fmt::format(
        "{{name: probe, node: {}, built: {{value: 8, {}, fabric: {{kind: clos, technology: RoCE, tiers: [], "
        "latency: {}}}}}",
        node, figure, latency);
    CHECK(step(cluster, *chip, 8) > 0);
  }
  CHECK(count >= 45);
}
