// Which rate does a kernel get: bound by FLOP or by bytes, askew in memory, of a stack's own family of matmuls?
#include "platforms/catalog.hpp"
#include "sim/kernel.hpp"
#include "tests/support.hpp"

using namespace weft;
using workloads::Kernel;
using workloads::KernelKind;

namespace {

double time(const platforms::Accelerator& chip, const workloads::Scenario& scenario, const Kernel& kernel) {
  auto kernels = sim::KernelPricer::make(chip, scenario);
  if (!kernels) FAIL(render(kernels.error()));
  return sim::total(kernels->price(kernel));
}
Kernel kernel(KernelKind kind, double flops, double bytes = 0) {
  Kernel k;
  k.kind = kind;
  k.executed = Flops(flops);
  k.bytes = Bytes(bytes);
  return k;
}
platforms::Accelerator chip(const char* name) {
  auto out = platforms::read_accelerator(name, {});
  if (!out) FAIL(render(out.error()));
  return *out;
}

} // namespace

TEST_CASE("a matmul of unfused attention takes the longer of its FLOP and its bytes") {
  const auto loaded = test::load("korthikanti-22b");
  const auto& a100 = loaded.cluster.accelerator;
  const auto* row = platforms::attention_row(a100, "unfused", 96);
  REQUIRE(row);
  const double rate = row->efficiency.value * a100.peak.at(Precision::fp16).value.count();
  const double streaming = a100.streaming_efficiency.value * a100.memory_bandwidth.value.count();
  const double launch = row->launch.value.count();
  for (const auto& [flops, bytes] : {std::pair{1e12, 1e6}, {1e9, 1e9}, {0.0, 1e9}, {1e12, 0.0}}) {
    Kernel k = kernel(KernelKind::attention_matmul, flops, bytes);
    k.launches = 2;
    CHECK(time(a100, loaded.scenario, k) ==
          doctest::Approx(2 * launch + std::max(flops / rate, bytes / streaming)).epsilon(1e-12));
  }
}

TEST_CASE("heads that 8 does not divide run unfused attention askew, others do not") {
  auto loaded = test::load("korthikanti-22b");
  auto& head_dim = loaded.scenario.model.head_dim;
  platforms::Accelerator a100 = loaded.cluster.accelerator;
  REQUIRE(a100.name == "a100-80");
  const auto& row = a100.attention.at("unfused").front();
  REQUIRE(row.misaligned_efficiency);
  const double slower = row.efficiency.value / row.misaligned_efficiency->value, launch = row.launch.value.count();
  const Kernel k = kernel(KernelKind::attention_matmul, 1e13);
  auto at = [&](std::int64_t dim) {
    head_dim = dim;
    return time(a100, loaded.scenario, k) - launch;
  };
  const double straight = at(128);
  for (const std::int64_t dim : {64, 96, 104, 112, 160})
    CHECK(at(dim) == straight);
  for (const std::int64_t dim : {100, 108, 127})
    CHECK(at(dim) == doctest::Approx(slower * straight).epsilon(1e-12));
  a100.attention.at("unfused").front().misaligned_efficiency.reset();
  CHECK(at(108) == straight);
}

TEST_CASE("heads of 108 make a step of unfused attention longer than those of 104 and 112, one of fused not") {
  auto step = [](const char* dim, const std::vector<std::string>& more = {}) {
    std::vector<std::string> sets{std::string("model.head_dim=") + dim};
    sets.insert(sets.end(), more.begin(), more.end());
    return test::simulate("korthikanti-22b", sets).run.step_time;
  };
  CHECK(step("108") > 1.2 * step("112"));
  CHECK(step("112") > step("104"));
  const std::vector<std::string> fused{"stack.attention=flash2", "stack.fused_softmax_attention=true"};
  CHECK(step("108", fused) < step("112", fused));
}

TEST_CASE("a stack's family of matmuls is taken where the chip has it at that precision, else the chip's own") {
  const auto b200 = chip("b200-sxm"), h100 = chip("h100-sxm");
  const auto& family = b200.gemm_families.at("simumax");
  CHECK(platforms::gemm_timing(b200, "simumax", Precision::bf16) == &family.at(Precision::bf16));
  REQUIRE(!family.contains(Precision::fp8));
  CHECK(platforms::gemm_timing(b200, "simumax", Precision::fp8) == &b200.gemm.at(Precision::fp8));
  CHECK(platforms::gemm_timing(b200, "", Precision::bf16) == &b200.gemm.at(Precision::bf16));
  CHECK(platforms::gemm_timing(b200, "nobody", Precision::bf16) == &b200.gemm.at(Precision::bf16));
  REQUIRE(!h100.gemm_families.contains("simumax"));
  CHECK(platforms::gemm_timing(h100, "simumax", Precision::bf16) == &h100.gemm.at(Precision::bf16));
  REQUIRE(!h100.gemm.contains(Precision::fp4));
  CHECK(platforms::gemm_timing(h100, "simumax", Precision::fp4) == nullptr);
}

TEST_CASE("matmuls, weight gradients and experts run at the family's rates, a grouped factor of its own included") {
  auto loaded = test::load("llama3-405b-16k", {"model=mixtral-8x7b", "stack=simumax-megatron"});
  auto& stack = loaded.scenario.stack;
  const auto b200 = chip("b200-sxm");
  const double peak = b200.peak.at(Precision::bf16).value.count(), flops = 1e14;
  Kernel grouped = kernel(KernelKind::grouped_gemm, flops);
  grouped.rows = 4096;
  const double ramp = 1 + b200.grouped_gemm->ramp_tokens.value / 4096;
  auto check = [&](const platforms::GemmTiming& g, double factor) {
    const double launch = g.launch.value.count(), whole = flops / peak;
    auto at = [&](const Kernel& k) { return time(b200, loaded.scenario, k) - launch; };
    CHECK(at(kernel(KernelKind::gemm, flops)) == doctest::Approx(whole / g.efficiency.value).epsilon(1e-9));
    CHECK(at(kernel(KernelKind::weight_gradient, flops)) ==
          doctest::Approx(whole / g.weight_gradient_efficiency.value_or(g.efficiency).value).epsilon(1e-9));
    CHECK(at(grouped) == doctest::Approx(whole * ramp / (g.efficiency.value * factor)).epsilon(1e-9));
  };
  const auto& own = b200.gemm_families.at("simumax").at(Precision::bf16);
  REQUIRE(own.grouped_factor);
  REQUIRE(own.grouped_factor->value != b200.grouped_gemm->factor.value);
  check(own, own.grouped_factor->value);
  stack.matmuls.clear();
  check(b200.gemm.at(Precision::bf16), b200.grouped_gemm->factor.value);
}
