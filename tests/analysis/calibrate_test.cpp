// Does calibration find the constants that made the measurements, and does the simulator then use them?
#include "analysis/calibrated_chip.hpp"
#include "analysis/least_squares.hpp"
#include "analysis/outcome.hpp"
#include "platforms/catalog.hpp"
#include "sim/closed_form.hpp"
#include "sim/kernel.hpp"
#include "tests/analysis/calibrate_support.hpp"

#include <array>
#include <nlohmann/json.hpp>

using namespace weft;
using analysis::Calibration;
using analysis::CalibrationRequest;
using test::fitted;

namespace {

constexpr double f8 = 7.0 / 8, f4 = 3.0 / 4;

/// The cluster that a scenario would have with this chip in place of its own.
platforms::Cluster with_chip(const std::string& cluster, const std::string& file) {
  auto tree =
      parse_document(fmt::format("{{name: {}, accelerators: 8, node: {{accelerator: {}}}}}", cluster, file), "t");
  REQUIRE(tree);
  auto out = platforms::read_cluster(*tree);
  if (!out) FAIL(render(out.error()));
  return *out;
}

/// Three runs that are fully stated, measured as if `off` times what the catalog's chip takes.
std::string step_rows(const std::vector<int>& which, const std::vector<double>& off = {1.08, 0.93, 1.04}) {
  std::string out = "runs:\n";
  for (const int i : which)
    out += fmt::format(
        "- {{id: run-{0}, group: own, grade: A, model: {{name: M, layers: {1}, hidden: 8192, ffn: 32768, gated_mlp: "
        "false, heads: 64, head_dim: 128, vocab: 32000, seq: 4096}}, system: {{chips: {2}, per_node: 8, catalogue: "
        "{{accelerator: h100-sxm, domain: 8, scaleup: switched, nics_per_node: 8, nic_gbit: 400, fabric: "
        "infiniband}}}}, "
        "parallel: {{tp: 4, pp: 1, vpp: 1, dp: {3}, cp: 1, ep: 1, sp: true, recompute: none, mbs: 1, gbs: 64}}, "
        "normalized: {{precision: bf16, recompute: none, schedule: none, zero: 1, seconds: {4}, stack: "
        "megatron-te-2025}}}}\n",
        i, 8 + 4 * i, 8 << i, 2 << i, off[std::size_t(i)] * std::array{2.587, 1.939, 1.3145}[std::size_t(i)]);
  return out;
}

} // namespace

TEST_CASE("non-negative least squares finds the optimum at and inside its bounds") {
  const std::vector<std::vector<double>> rows{{1, 0, 2}, {0, 1, 1}, {1, 1, 0}, {3, 1, 1}};
  auto targets = [&](double a, double b, double c) {
    std::vector<double> out;
    for (const auto& r : rows)
      out.push_back(a * r[0] + b * r[1] + c * r[2]);
    return out;
  };
  const auto inside = analysis::non_negative_least_squares(rows, targets(0.5, 2, 3));
  CHECK(inside.rank == 3);
  CHECK(inside.x[0] == doctest::Approx(0.5).epsilon(1e-12));
  CHECK(inside.x[2] == doctest::Approx(3).epsilon(1e-12));
  const auto bound = analysis::non_negative_least_squares(rows, targets(0.5, -2, 3));
  CHECK(bound.x[1] == 0);
  for (std::size_t i = 0; i < 3; ++i) { // the gradient pushes no further: Karush-Kuhn-Tucker
    double gradient = 0;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      double off = -targets(0.5, -2, 3)[r];
      for (std::size_t j = 0; j < 3; ++j)
        off += rows[r][j] * bound.x[j];
      gradient += rows[r][i] * off;
    }
    CHECK(bound.x[i] >= 0);
    CHECK(gradient >= -1e-9);
    CHECK(std::abs(gradient * bound.x[i]) < 1e-9);
  }
  CHECK(analysis::non_negative_least_squares({{1, 2}, {2, 4}}, {1, 2}).rank == 1);
}

TEST_CASE("links: known constants come back, pooled over operations and ranks") {
  const test::Folder folder;
  const double a = 6.1, c = 7.9, rate = 0.8375 * 300e3;
  auto form = [&](double phases, double f) {
    return [=](double s) { return test::link_form(a, c, rate, phases, f * s); };
  };
  const auto sizes = test::powers(3, 29);
  CalibrationRequest request;
  request.accelerator = "a100-80";
  request.nccl_tests = {
      folder.write("a.log", test::nccl_log("all_reduce", 8, sizes, form(2, 2 * f8)) +
                                test::nccl_log("all_gather", 4, sizes, form(1, f4))),
      folder.write("b.log", test::nccl_log("alltoall", 8, sizes, form(1, f8), {.prefix = "[1,0]<stdout>:"})),
      folder.write("c.log", test::nccl_log("reduce_scatter", 8, sizes, form(1, f8), {.prefix = "0: "}))};
  const Calibration out = test::calibrated(request);
  CHECK(test::relative(fitted(out, "scale_up.timing.phase"), a) < 1e-6);
  CHECK(test::relative(fitted(out, "scale_up.timing.sqrt_us"), c) < 1e-6);
  CHECK(test::relative(fitted(out, "scale_up.timing.efficiency"), 0.8375) < 1e-6);
  REQUIRE(out.fits.size() == 1);
  CHECK(out.fits[0].points == 4 * 10);
  CHECK(out.fits[0].unseen->points == 4 * 5);
  CHECK(out.fits[0].unseen->max < 1e-6);
  CHECK(out.fits[0].by_base->mean > 0.001);
  CHECK(out.name == "a100-80-calibrated");
  for (const auto& f : out.figures) {
    CHECK(f.evidence == Evidence::measured);
    CHECK(f.source == request.nccl_tests[0] + ", " + request.nccl_tests[1] + ", " + request.nccl_tests[2]);
    CHECK(f.note.find("40 points") != std::string::npos);
  }
}

TEST_CASE("all-reduces in switches are fitted apart, and the simulator prices what was fitted") {
  const test::Folder folder;
  const double a = 4.5, c = 5.25, rate = 0.81 * 450e3, c_switches = 7.5, rate_switches = 1.05 * 450e3;
  const auto sizes = test::powers(22, 30);
  CalibrationRequest request;
  request.accelerator = "h100-sxm";
  request.name = "mine";
  request.nccl_tests = {folder.write("all.log", test::nccl_log("all_reduce", 8, sizes, [&](double s) {
                                                  return test::link_form(a, c_switches, rate_switches, 2, 2 * f8 * s);
                                                }) + test::nccl_log("all_gather", 8, sizes, [&](double s) {
                                                  return test::link_form(a, c, rate, 1, f8 * s);
                                                }) + test::nccl_log("all_reduce", 4, sizes, [&](double s) {
                                                  return test::link_form(a, c, rate, 2, 2 * f4 * s);
                                                }))};
  const Calibration out = test::calibrated(request);
  CHECK(test::relative(fitted(out, "scale_up.timing.phase"), a) < 1e-6);
  CHECK(test::relative(fitted(out, "scale_up.timing.efficiency"), 0.81) < 1e-6);
  CHECK(test::relative(fitted(out, "scale_up.timing.sqrt_us"), c) < 1e-6);
  CHECK(test::relative(fitted(out, "scale_up.timing.in_network_efficiency"), 1.05) < 1e-6);
  CHECK(test::relative(fitted(out, "scale_up.timing.in_network_sqrt_us"), c_switches) < 1e-6);

  const platforms::Cluster cluster = with_chip("h100-superpod", folder.write("mine.yaml", out.yaml));
  CHECK(cluster.accelerator.name == "mine");
  for (const double size : sizes) {
    auto run = [&](workloads::CollectiveOp op, std::int64_t ranks) {
      auto done = sim::run_collectives(cluster, ranks, {{op, Bytes(size)}});
      REQUIRE(done);
      return 1e6 * done->time;
    };
    using workloads::CollectiveOp;
    CHECK(test::relative(run(CollectiveOp::all_reduce, 8),
                         test::link_form(a, c_switches, rate_switches, 2, 2 * f8 * size)) < 1e-5);
    CHECK(test::relative(run(CollectiveOp::all_gather, 8), test::link_form(a, c, rate, 1, f8 * size)) < 1e-5);
    CHECK(test::relative(run(CollectiveOp::all_to_all, 8), test::link_form(a, c, rate, 1, f8 * size)) < 1e-5);
    CHECK(test::relative(run(CollectiveOp::all_reduce, 4), test::link_form(a, c, rate, 2, 2 * f4 * size)) < 1e-5);
  }
}

TEST_CASE("links: only all-reduces in switches leave the base's phase; direct links have a form of their own") {
  const test::Folder folder;
  CalibrationRequest request;
  request.accelerator = "h100-sxm";
  request.nccl_tests = {folder.write("x.log", test::nccl_log("all_reduce", 8, test::powers(22, 30), [](double s) {
                                       return test::link_form(5.2, 8, 1.1 * 450e3, 2, 2 * f8 * s);
                                     }))};
  const Calibration switches = test::calibrated(request);
  CHECK(switches.figures.size() == 2);
  CHECK(test::relative(fitted(switches, "scale_up.timing.in_network_efficiency"), 1.1) < 1e-6);
  request.accelerator = "mi300x"; // an all-gather puts S/n on each link, an all-reduce twice that
  request.nccl_tests = {folder.write("y.log", test::nccl_log("all_gather", 8, test::powers(20, 30), [](double s) {
                                       return test::link_form(11, 3, 0.7 * 64e3, 1, s / 8);
                                     }))};
  const Calibration direct = test::calibrated(request);
  CHECK(test::relative(fitted(direct, "scale_up.timing.efficiency"), 0.7) < 1e-6);
  CHECK(test::relative(fitted(direct, "scale_up.timing.phase"), 11) < 1e-6);
}

TEST_CASE("matmuls: known constants come back, and the kernel pricer uses them") {
  const test::Folder folder;
  const double e = 0.77, launch = 4.25, peak = 989.4e12, streaming = 0.8 * 3350e9;
  auto time = [&](double m, double n, double k, double rate) {
    return launch + 1e6 * std::max(2 * m * n * k / (rate * peak), 2 * (m * k + k * n + m * n) / streaming);
  };
  std::string csv = "\xEF\xBB\xBFTime_us, K,\"N\",note,M,DType\r\n";
  for (const double m : {1.0, 64.0, 1024.0, 4096.0})
    for (const double n : {1024.0, 4096.0, 8192.0})
      for (const double k : {1024.0, 2048.0}) {
        csv += fmt::format("{:.12g},{},{},\"a \"\"b\"\", c\",{},bfloat16\r\n", time(m, n, k, e), k, n, m);
        csv += fmt::format("{:.12g},{},{},,{},fp16\r\n", time(m, n, k, 0.7), k, n, m);
      }
  CalibrationRequest request;
  request.accelerator = "h100-sxm";
  request.gemm = folder.write("g.csv", csv);
  const Calibration out = test::calibrated(request);
  CHECK(test::relative(fitted(out, "gemm.bf16.efficiency"), 0.89 * e) < 1e-6);
  CHECK(test::relative(fitted(out, "gemm.fp16.efficiency"), 0.89 * 0.7) < 1e-6);
  CHECK(test::relative(fitted(out, "gemm.bf16.launch"), launch) < 1e-6);
  REQUIRE(out.fits.size() == 2);
  CHECK(out.fits[0].unseen->points == 8);
  CHECK(out.fits[0].unseen->max < 1e-6);
  for (const auto& f : out.figures) {
    const bool efficiency = f.path.ends_with("efficiency");
    CHECK(f.evidence == (efficiency ? Evidence::derived : Evidence::measured));
    CHECK((f.note.find("× 0.89 training over benchmark") != std::string::npos) == efficiency);
  }

  request.gemm_in_training = true;
  const Calibration inside = test::calibrated(request);
  CHECK(test::relative(fitted(inside, "gemm.bf16.efficiency"), e) < 1e-6);
  for (const auto& f : inside.figures)
    CHECK(f.evidence == Evidence::measured);
  const auto loaded = test::load("llama3-405b-16k");
  const platforms::Cluster cluster = with_chip("h100-superpod", folder.write("mine.yaml", inside.yaml));
  const auto pricer = sim::KernelPricer::make(cluster.accelerator, loaded.scenario);
  REQUIRE(pricer);
  for (const double m : {1.0, 512.0, 8192.0}) {
    workloads::Kernel kernel;
    kernel.kind = workloads::KernelKind::gemm;
    kernel.executed = kernel.useful = Flops(2 * m * 4096 * 2048);
    kernel.bytes = Bytes(2 * (m * 2048 + 2048.0 * 4096 + m * 4096));
    CHECK(test::relative(1e6 * sim::total(pricer->price(kernel)), time(m, 4096, 2048, e)) < 1e-5);
  }

  request.accelerator = "a100-80"; // its weight gradients have an efficiency of their own: the ratio stays
  request.gemm_in_training = false;
  const Calibration a100 = test::calibrated(request);
  CHECK(test::relative(fitted(a100, "gemm.bf16.weight_gradient_efficiency") / fitted(a100, "gemm.bf16.efficiency"),
                       0.72 / 0.75) < 1e-5);
}

TEST_CASE("one measured step moves the chip half the way, n of them n/(n+1)") {
  const test::Folder folder;
  CalibrationRequest request;
  request.accelerator = "h100-sxm";
  for (const double off : {0.95, 1.2}) {
    request.steps = folder.write("one.yaml", step_rows({0}, {off, 1, 1}));
    const Calibration one = test::calibrated(request);
    REQUIRE(one.steps.size() == 1);
    const double before = std::log1p(one.steps[0].before), after = std::log1p(one.steps[0].after);
    CAPTURE(before);
    CHECK(std::abs(before) > 0.02);
    CHECK(std::abs(after / before - 0.5) < 1e-3);
    CHECK(!one.steps[0].held_out);
    CHECK(one.fits[0].held_out == "nothing: there is one run");
    for (const auto& f : one.figures) {
      CHECK(f.evidence == Evidence::derived);
      CHECK(f.note.find("run-0") != std::string::npos);
      CHECK(f.path.ends_with("efficiency"));
    }
    // One factor on all kernels, those of families too: no stack is left with the base's.
    CHECK(fitted(one, "gemm_families.torchao-rowwise.fp8.efficiency") / 0.47 ==
          doctest::Approx(fitted(one, "gemm.fp8.efficiency") / 0.631).epsilon(1e-5));
  }
  request.steps = folder.write("three.yaml", step_rows({0, 1, 2}));
  const Calibration three = test::calibrated(request);
  double before = 0, after = 0;
  for (const auto& s : three.steps) {
    before += std::log1p(s.before);
    after += std::log1p(s.after);
  }
  CHECK(std::abs(after / before - 0.25) < 1e-3);
}

TEST_CASE("a run held out is predicted by the chip that the others give") {
  const test::Folder folder;
  CalibrationRequest request;
  request.accelerator = "h100-sxm";
  request.steps = folder.write("three.yaml", step_rows({0, 1, 2}));
  const Calibration all = test::calibrated(request);
  const auto runs = analysis::read_published({request.steps});
  const auto unknown = analysis::unknown_fields();
  REQUIRE(runs);
  REQUIRE(unknown);
  for (int i = 0; i < 3; ++i) {
    request.steps = folder.write("two.yaml", step_rows({(i + 1) % 3, (i + 2) % 3}));
    const Calibration others = test::calibrated(request);
    const auto predicted = analysis::predict((*runs)[std::size_t(i)], *unknown, &others.chip);
    REQUIRE(predicted);
    const auto& step = all.steps[std::size_t(i)];
    CHECK(std::abs(predicted->median / step.measured - 1 - *step.held_out) < 1e-3);
    CHECK(std::abs(*step.held_out - step.after) > 1e-4);
  }
}

TEST_CASE("the file that is written loads, by name on top of the catalog and from a file whole") {
  const test::Folder folder;
  const std::string weft = WEFT_BINARY, in = "cd '" + folder.path("") + "' && " + weft + " ";
  std::string csv = "m,n,k,time_us\n";
  for (const double m : {1024.0, 4096.0, 8192.0})
    for (const double n : {4096.0, 8192.0})
      csv += fmt::format("{},{},4096,{}\n", m, n, 5 + 1e6 * 2 * m * n * 4096 / (0.4 * 989.4e12));
  folder.write("slow.csv", csv);
  auto step = [&](const std::string& set) {
    const auto said = test::command(in + "run llama3-405b-16k --no-tax --format json " + set);
    REQUIRE(said.code == 0);
    return nlohmann::json::parse(said.out)["step_time_s"].get<double>();
  };
  const auto said = test::command(in + "calibrate --accelerator h100-sxm --gemm slow.csv -o slow.yaml --format json");
  REQUIRE(said.code == 0);
  const auto json = nlohmann::json::parse(said.out);
  CHECK(json["name"] == "h100-sxm-calibrated");
  CHECK(json["figures"][0]["source"] == "slow.csv");
  CHECK(folder.read("slow.yaml").find("base: h100-sxm\n") != std::string::npos);
  // Runs that the base's figures predicted stand behind those, not behind these.
  CHECK(folder.read("slow.yaml").find("measured_runs: {value: 0, ") != std::string::npos);
  const double slow = step("--set cluster.node.accelerator=slow.yaml");
  CHECK(slow > 1.3 * step(""));
  CHECK(step("--set cluster.node.accelerator.gemm.bf16.efficiency=0.356 --set "
             "cluster.node.accelerator.gemm.bf16.launch=\"5 us\"") == doctest::Approx(slow).epsilon(1e-5));

  // What exists stays, unless told otherwise; equal inputs give equal bytes.
  const std::string before = folder.read("slow.yaml");
  CHECK(test::command(in + "calibrate --accelerator h100-sxm --gemm slow.csv -o slow.yaml 2>/dev/null").code == 2);
  CHECK(test::command(in + "calibrate --accelerator h100-sxm --gemm slow.csv -o slow.yaml --force").code == 0);
  CHECK(folder.read("slow.yaml") == before);

  // On top of a file, in another folder, and by a scenario that names it beside itself.
  std::filesystem::create_directories(folder.path("sub"));
  std::string own = step_rows({0});
  own.replace(own.find("accelerator: h100-sxm"), 21, "accelerator: h100-sxm-calibrated");
  folder.write("own.yaml", own);
  const auto again =
      test::command(in + "calibrate --accelerator slow.yaml --name twice --steps own.yaml -o sub/twice.yaml");
  CHECK(again.code == 0);
  CHECK(folder.read("sub/twice.yaml").find("measured_runs: {value: 1, source: \"own.yaml\"") != std::string::npos);
  CHECK(again.out.find("kernels × ") != std::string::npos);
  CHECK(folder.read("sub/twice.yaml").find("base: ") == std::string::npos);
  folder.write("sub/mine.yaml",
               "cluster: {name: h100-superpod, accelerators: 8, node: {accelerator: twice.yaml}}\nmodel: "
               "llama2-7b\ntraining: {global_batch: 16, sequence: 4096, precision: bf16}\nplan: {tp: 8}\n"
               "stack: megatron-te-2025\n");
  const auto run = test::command(in + "run sub/mine.yaml");
  CHECK(run.code == 0);
  CHECK(run.out.find("twice") != std::string::npos);
  CHECK(test::command(in + "run sub/mine.yaml --set cluster.node.accelerator.memory_bandwidth='1000 GB/s'").code == 0);
}
