// Is a band as wide as what is uncertain, and no wider?
#include "analysis/bands.hpp"
#include "analysis/sobol.hpp"
#include "analysis/uncertain.hpp"
#include "tests/support.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace weft;
using namespace weft::analysis;

namespace {

ErrorSize size(double median, double p90) {
  ErrorSize out;
  out.median = Figure<double>{median, "test", Evidence::assumed, {}, {}, {}};
  out.p90 = {p90, "test", Evidence::assumed, {}, {}, {}};
  return out;
}
/// Prices that are right.
CalibrationErrors none() {
  const ErrorSize zero = size(0, 0);
  return {zero, zero, zero, {{"", zero}}, zero, {{"", false, zero}, {"", true, zero}}};
}
std::vector<Bands> of(const std::vector<Case>& cases, std::int64_t n, std::int64_t seed = 0,
                      const std::optional<CalibrationErrors>& errors = {}) {
  sim::Options options;
  options.seed = seed;
  auto out = errors ? bands(cases, n, options, 2, *errors) : bands(cases, n, options, 2);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
Case small(const char* scenario, std::vector<std::string> sets = {}) {
  sets.insert(sets.begin(), {"model=llama3-8b", "plan={tp: 8, pp: 2, dp: 2, zero: 1, recompute: auto}",
                             "training.global_batch=32", "training.sequence=2048", "cluster.accelerators=32"});
  if (std::string(scenario).ends_with("910c")) sets.emplace_back("cluster.accelerators=16"); // of two dies
  return case_of(test::load(scenario, sets));
}
const std::string no_theft_band =
    "cluster.node.accelerator.overlap_slowdown={value: 0.19, source: test, evidence: assumed, low: 0.19, high: 0.19}";

} // namespace

TEST_CASE("an error factor has its quartiles at the median and nine tenths within p90") {
  const ErrorSize e = size(0.04, 0.15);
  CHECK(e.log_at(0.5) == doctest::Approx(0));
  CHECK(e.log_at(0.75) == doctest::Approx(std::log(1.04)));
  CHECK(e.log_at(0.25) == doctest::Approx(-std::log(1.04)));
  CHECK(e.log_at(0.95) == doctest::Approx(std::log(1.15)));
  CHECK(e.log_at(0.05) == doctest::Approx(-std::log(1.15)));
  CHECK(std::isfinite(e.log_at(0)));
  ErrorSize normal;
  normal.p90 = {0.1, "test", Evidence::assumed, {}, {}, {}};
  CHECK(normal.log_deviation() == doctest::Approx(std::log(1.1) / 1.644854).epsilon(1e-2));
}

TEST_CASE("sixty-four Sobol points have one in every sixty-fourth of every axis, wherever the seed moves them") {
  for (const std::uint64_t seed : {0, 1, 77}) {
    const auto points = sobol_points(64, 12, seed);
    for (std::size_t d = 0; d < 12; ++d) {
      std::vector<double> axis;
      for (const auto& p : points)
        axis.push_back(p[d]);
      std::sort(axis.begin(), axis.end());
      CHECK(axis.front() >= 0);
      CHECK(axis.back() < 1);
      for (std::size_t i = 1; i < axis.size(); ++i) // the first point of the sequence is left out: one gap of two
        CHECK(axis[i] - axis[i - 1] < 2.5 / 64);
    }
  }
  CHECK(sobol_points(8, 3, 5) == sobol_points(8, 3, 5));
  CHECK(sobol_points(8, 3, 5) != sobol_points(8, 3, 6));
  CHECK(sobol_points(8, 0, 5).size() == 8);
}

TEST_CASE("nothing uncertain: the band is a point") {
  const Case c = small("llama3-405b-16k", {no_theft_band});
  const auto b = of({c}, 16, 3, none()).front();
  for (const Spread& s : {b.step_s, b.tax, b.mfu_causal, b.effective_flops, b.tokens_per_s_per_accelerator})
    CHECK(s.low == s.high);
  CHECK(b.step_s.median == b.as_is.step_s);
  CHECK(b.as_is.step_s ==
        test::simulate(test::load("llama3-405b-16k",
                                  {"model=llama3-8b", "plan={tp: 8, pp: 2, dp: 2, zero: 1, recompute: auto}",
                                   "training.global_batch=32", "training.sequence=2048", "cluster.accelerators=32"}))
            .run.step_time);
}

TEST_CASE("one uncertain peak: the band's percentiles are the step at the peak's") {
  const std::string peak = "cluster.node.accelerator.peak.bf16={value: 900 TFLOP/s, source: test, evidence: analyst, "
                           "low: 600 TFLOP/s, high: 1000 TFLOP/s}";
  const Case c = small("llama3-405b-16k", {no_theft_band, peak});
  const auto b = of({c}, 256, 0, none()).front();
  auto step = [&](double tflops) {
    Case one = c;
    one.cluster.accelerator.peak.at(Precision::bf16).value = FlopsPerSecond(tflops * 1e12);
    return simulate_each({one}, {}, 1)->front().step_s;
  };
  // Half the probability between low and value, half between value and high, uniform in each.
  CHECK(b.step_s.p95 == doctest::Approx(step(630)).epsilon(5e-3));
  CHECK(b.step_s.median == doctest::Approx(step(900)).epsilon(5e-3));
  CHECK(b.step_s.p5 == doctest::Approx(step(990)).epsilon(5e-3));
  const auto& input = b.inputs.front();
  CHECK(input.step_low == step(600));
  CHECK(input.step_high == step(1000));
  CHECK(input.low == "600 TFLOP/s");
}

TEST_CASE("seeds are reproducible and matter; more samples change the band by a few percent of its width") {
  const Case c = small("llama3-405b-16k-h800");
  const auto first = of({c}, 128).front(), other = of({c}, 128, 1).front(), more = of({c}, 512).front(),
             again = of({c}, 16).front();
  for (std::size_t i = 0; i < 16; ++i) // few samples are the first of many
    CHECK(again.samples[i].step_s == more.samples[i].step_s);
  CHECK(first.step_s.p5 != other.step_s.p5);
  const double width = more.step_s.p95 - more.step_s.p5;
  for (const auto& few : {first.step_s, other.step_s}) {
    CHECK(std::abs(few.p5 - more.step_s.p5) < 0.05 * width);
    CHECK(std::abs(few.median - more.step_s.median) < 0.05 * width);
    CHECK(std::abs(few.p95 - more.step_s.p95) < 0.05 * width);
  }
}

TEST_CASE("a disputed chip is wider than a measured one, and its peak says why") {
  const auto both = of({small("llama3-405b-16k"), small("llama3-405b-16k-910c", {"plan={tp: 8, dp: 4, zero: 1}"})}, 64);
  auto width = [](const Bands& b) { return (b.step_s.p95 - b.step_s.p5) / b.step_s.median; };
  CHECK(width(both[1]) > 1.3 * width(both[0]));
  const auto peak = std::find_if(both[1].inputs.begin(), both[1].inputs.end(),
                                 [](const BandInput& i) { return i.name == "ascend-910c peak"; });
  REQUIRE(peak != both[1].inputs.end());
  CHECK(peak->low == "560 TFLOP/s");
  CHECK(peak->high == "800 TFLOP/s");
}

TEST_CASE("a measured chip's band is as wide as its measured runs spread") {
  const auto errors = calibration_errors();
  REQUIRE(errors);
  const auto b = of({small("llama3-405b-16k", {no_theft_band})}, 256).front();
  const double p90 = errors->step_of("h100-sxm", false).p90.value;
  CHECK(std::log(b.step_s.p95 / b.step_s.median) == doctest::Approx(std::log1p(p90)).epsilon(0.15));
  CHECK(std::log(b.step_s.median / b.step_s.p5) == doctest::Approx(std::log1p(p90)).epsilon(0.15));
}

TEST_CASE("every uncertainty once: factors stand where no figure has bounds and no run was measured") {
  const auto errors = calibration_errors();
  REQUIRE(errors);
  auto names = [&](const char* scenario) {
    std::string out;
    for (const auto& input : uncertain_inputs(small(scenario), *errors).inputs)
      out += input.shown.name + "\n";
    return out;
  };
  const std::string measured = names("llama3-405b-16k"), h800 = names("llama3-405b-16k-h800"),
                    disputed = names("llama3-405b-16k-910c");
  CHECK(measured.find("matmuls, ") == std::string::npos);
  CHECK(measured.find("collectives inside a domain, h100-sxm") != std::string::npos);
  CHECK(h800.find("matmuls, h800") != std::string::npos);
  CHECK(disputed.find("matmuls, ") == std::string::npos); // gemm.efficiency has bounds
  CHECK(disputed.find("ascend-910c gemm.efficiency") != std::string::npos);
  CHECK(disputed.find("collectives inside") == std::string::npos);
  for (const std::string& all : {measured, h800, disputed})
    CHECK(all.find("error of whole steps, ") != std::string::npos);
}

TEST_CASE("precisions of one disputed peak move together") {
  const auto errors = calibration_errors();
  REQUIRE(errors);
  Case c = small("llama3-405b-16k-910c", {"training.precision=fp16"}); // matmuls in fp16, MFU also against bf16
  int peaks = 0;
  for (const auto& input : uncertain_inputs(c, *errors).inputs) {
    if (input.shown.name != "ascend-910c peak") continue;
    ++peaks;
    input.set(c, 0);
  }
  CHECK(peaks == 1);
  CHECK(c.cluster.accelerator.peak.at(Precision::fp16).value.count() == 560e12);
  CHECK(c.cluster.accelerator.peak.at(Precision::bf16).value.count() == 560e12);
}

TEST_CASE("sample by sample, two cases share the figures that are the same") {
  const Case h100 = small("llama3-405b-16k"), h800 = small("llama3-405b-16k-h800");
  const auto same = of({h100, h100}, 32);
  for (std::size_t i = 0; i < 32; ++i)
    CHECK(same[0].samples[i].step_s == same[1].samples[i].step_s);
  // Core theft is one figure of both chips, and nothing else is uncertain here: the two steps rise together.
  const auto two = of({h100, h800}, 32, 0, none());
  for (std::size_t i = 1; i < 32; ++i) {
    const double a = two[0].samples[i].step_s - two[0].samples[0].step_s,
                 b = two[1].samples[i].step_s - two[1].samples[0].step_s;
    CHECK(a * b >= 0);
  }
}

TEST_CASE("an unmeasured scale-up link factor makes a collective that much longer") {
  const auto errors = calibration_errors();
  REQUIRE(errors);
  const std::vector<std::string> sets{"stack.tp_hidden_share=0", "stack.overlap.tp_regather=false",
                                      "stack.overlap.tp_input_gradient=false", "stack.collectives.all_reduce=ring",
                                      "stack.host.none.dense=0 ms"};
  const Case c = small("llama3-405b-16k", sets);
  for (const auto& input : uncertain_inputs(c, *errors).inputs) {
    if (!input.shown.name.starts_with("collectives inside a domain")) continue;
    Case slow = c;
    input.set(slow, input.high_end());
    const auto steps = simulate_each({c, slow}, {}, 1);
    REQUIRE(steps);
    const auto tp = std::size_t(sim::Entry::tp);
    CHECK((*steps)[1].where[tp] / (*steps)[0].where[tp] ==
          doctest::Approx(std::exp(input.error->log_at(0.95))).epsilon(1e-6));
  }
}

TEST_CASE("run and compare print their bands, and wrong numbers of samples are refused") {
  const std::string weft = fmt::format("'{}' ", WEFT_BINARY), scenario = "run korthikanti-22b";
  const auto json = nlohmann::json::parse(test::command(weft + scenario + " --samples 16 --format json").out);
  for (const char* key : {"samples", "seed", "step_time_s", "tokens_per_s_per_accelerator", "mfu_causal",
                          "effective_flops_per_s", "tax", "inputs", "figures", "assumed_without_band"})
    CHECK(json["band"].contains(key));
  const auto one = test::command(weft + scenario + " --samples 16 --jobs 1"),
             two = test::command(weft + scenario + " --samples 16 --jobs 3");
  CHECK(one.code == 0);
  CHECK(one.out == two.out);
  CHECK(one.out.find("5 to 95 %") != std::string::npos);
  const auto side = test::command(weft + "compare korthikanti-22b korthikanti-22b --samples 16 --format csv");
  CHECK(side.out.find("step_time_s_band_p5") != std::string::npos);
  for (const char* wrong : {"0", "-5", "7", "65537", "1e9", "many", "16.5", ""}) {
    CAPTURE(std::string(wrong));
    const auto refused = test::command(fmt::format("{}{} --samples '{}' 2>/dev/null", weft, scenario, wrong));
    CHECK(refused.code == 2);
    CHECK(refused.out.empty());
  }
  for (const char* wrong :
       {"run korthikanti-22b --samples 16 --no-tax", "run korthikanti-22b --samples 16 --ideal-network",
        "run no-such-scenario --samples 16", "sensitivity no-such-scenario", "sensitivity",
        "sensitivity korthikanti-22b --set plan.tp=3", "sensitivity korthikanti-22b --jobs 0"}) {
    CAPTURE(std::string(wrong));
    const auto refused = test::command(weft + wrong + " 2>/dev/null");
    CHECK(refused.code == 2);
    CHECK(refused.out.empty());
  }
}
