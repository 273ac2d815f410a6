// Do a published run's biases of experts and its kind of fp8 reach the scenario?
#include "analysis/published.hpp"
#include "platforms/catalog.hpp"
#include "tests/support.hpp"

using namespace weft;

namespace {

/// The project's own runs.
std::vector<analysis::PublishedRun> runs(const std::string& group) {
  auto all = analysis::read_published({analysis::own_runs()});
  if (!all) FAIL(render(all.error()));
  std::erase_if(*all, [&](const auto& run) { return !run.id.starts_with(group); });
  REQUIRE(!all->empty());
  return std::move(*all);
}
workloads::Scenario first(const analysis::PublishedRun& run) {
  const auto unknown = analysis::unknown_fields();
  REQUIRE(unknown);
  const auto all = analysis::candidates(run, *unknown);
  if (!all) FAIL(render(all.error()));
  auto tree = parse_document(all->front().scenario, run.id);
  REQUIRE(tree);
  auto out = workloads::read_scenario(*tree, platforms::resolve_entry);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
std::string stated(const analysis::PublishedRun& run, const char* part, const char* field) {
  const Value* at = run.row.find(part);
  const Value* value = at ? at->find(field) : nullptr;
  return value ? value->scalar : "";
}

} // namespace

TEST_CASE("experts of a published run have biases where the catalog's model of that name has") {
  int with = 0, without = 0;
  for (const auto& run : runs("mbridge")) {
    CAPTURE(run.id);
    if (stated(run, "model", "experts").empty()) continue;
    const bool biased = stated(run, "model", "name") == "gpt-oss-120b";
    ++(biased ? with : without);
    const auto scenario = first(run);
    REQUIRE(scenario.model.experts);
    CHECK(scenario.model.experts->bias == biased);
  }
  CHECK(with >= 10);
  CHECK(without >= 10);
}

TEST_CASE("a published run with a scale for every row takes the stack of those kernels, other fp8 runs the plain one") {
  int rowwise = 0, tensorwise = 0;
  for (const auto& run : runs("torchtitan")) {
    CAPTURE(run.id);
    const std::string precision = stated(run, "normalized", "precision");
    if (!precision.starts_with("fp8")) continue;
    const bool rows = precision == "fp8-rowwise";
    if (!rows && stated(run, "normalized", "stack") != "torchtitan-fsdp2") continue;
    ++(rows ? rowwise : tensorwise);
    const auto scenario = first(run);
    CHECK(scenario.training.precision == Precision::fp8);
    CHECK(scenario.stack.name == (rows ? "torchtitan-fsdp2-fp8-rowwise" : "torchtitan-fsdp2"));
    CHECK(scenario.stack.matmuls == (rows ? "torchao-rowwise" : ""));
  }
  CHECK(rowwise == 4);
  CHECK(tensorwise >= 4);
}

TEST_CASE("the family that the stack of row-wise scaling names is slower on the chip it ran on") {
  const auto stack = platforms::load_entry("stacks", "torchtitan-fsdp2-fp8-rowwise", {});
  REQUIRE(stack);
  const auto chip = platforms::read_accelerator("h100-96gb-500w", {});
  REQUIRE(chip);
  const auto* own = platforms::gemm_timing(*chip, stack->find("matmuls")->scalar, Precision::fp8);
  REQUIRE(own);
  CHECK(own != &chip->gemm.at(Precision::fp8));
  CHECK(own->efficiency.value < chip->gemm.at(Precision::fp8).efficiency.value);
}
