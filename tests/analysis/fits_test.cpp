// Does a fit find the constants that made the measurements, also for what it was not shown, and is a wrong file of fits
// named by its place?
#include "analysis/fits.hpp"
#include "tests/analysis/small_runs.hpp"

#include <nlohmann/json.hpp>

using namespace weft;

namespace {

using analysis::Assignment;

const std::string efficiency = "cluster.node.accelerator.gemm.bf16.efficiency", hidden = "stack.tp_hidden_share";

/// Two families, with and without tp.
std::vector<test::SmallRun> four() {
  return {{.id = "alpha-1", .chips = 8, .tp = 2},
          {.id = "alpha-2", .chips = 16},
          {.id = "beta-1", .chips = 8, .tp = 4},
          {.id = "beta-2", .chips = 16, .tp = 8}};
}
/// The runs' file; models are named by what stands before the hyphen in the id.
std::string named(const std::vector<test::SmallRun>& runs) {
  std::string out = "runs:\n";
  for (const test::SmallRun& run : runs) {
    std::string row = test::text(run);
    const std::string name = "name: Small";
    out += row.replace(row.find(name), name.size(), "name: " + run.id.substr(0, run.id.find('-')) + "2-7B");
  }
  return out;
}
/// Measured steps are the predicted ones with these fields set.
std::vector<test::SmallRun> measured_with(std::vector<test::SmallRun> runs, const std::vector<Assignment>& set) {
  const test::TemporaryFile file("unmeasured.yaml", named(runs));
  const auto published = analysis::read_published({file.path()});
  const auto unknown = analysis::unknown_fields();
  REQUIRE(published);
  REQUIRE(unknown);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto predicted = analysis::predict((*published)[i], *unknown, nullptr, set);
    if (!predicted) FAIL(render(predicted.error()));
    runs[i].seconds = predicted->median;
  }
  return runs;
}
std::string fits_file(const std::string& runs, const std::string& fields) {
  return "fits:\n- name: small\n  runs: " + runs + "\n  fields:\n" + fields;
}
const std::string two_fields = "  - {field: " + efficiency + ", values: [0.5, 0.6, 0.7]}\n" + "  - {field: " + hidden +
                               ", values: [0.1, 0.4, 0.8]}\n";

} // namespace

TEST_CASE("a family is a model's name up to its first digit or separator") {
  for (const auto& [model, family] :
       {std::pair{"LLaMA2-7B", "llama"}, std::pair{"llama-33b", "llama"}, std::pair{"CodeLLaMA 34B", "codellama"},
        std::pair{"Qwen1.5-0.5B", "qwen"}, std::pair{"DeepSeek-V3 671B", "deepseek"}, std::pair{"gpt-oss-120b", "gpt"},
        std::pair{"ChatGLM3 6B", "chatglm"}, std::pair{"Kimi-K2 1T", "kimi"}, std::pair{"7B model", "7b model"},
        std::pair{"", ""}})
    CHECK(analysis::family_of(model) == family);
}

TEST_CASE(
    "a grid has every combination once, the last field fastest; equal values are equal however they are written") {
  analysis::FittedField two, three;
  two.values.resize(2);
  three.values.resize(3);
  const auto grid = analysis::grid_of({two, three});
  REQUIRE(grid.size() == 6);
  CHECK(grid[1] == std::vector<std::size_t>{0, 1});
  CHECK(grid[5] == std::vector<std::size_t>{1, 2});
  CHECK(analysis::same_value("0.26 ms", "0.26ms"));
  CHECK(analysis::same_value("0.5", "0.50"));
  CHECK_FALSE(analysis::same_value("15 ms", "15 us"));
  CHECK_FALSE(analysis::same_value("15 ms", ""));
  CHECK_FALSE(analysis::same_value("0.26 ms", "0.26 ms / 0 ms"));
}

TEST_CASE("an assignment is what --set does, and leaves alone what a run states or another stack has") {
  const test::TemporaryFile file("assigned.yaml", named(four()));
  const auto runs = analysis::read_published({file.path()});
  const auto unknown = analysis::unknown_fields();
  REQUIRE(runs);
  REQUIRE(unknown);
  const auto& run = runs->at(2);
  const auto all = analysis::candidates(run, *unknown);
  REQUIRE(all);
  REQUIRE(all->size() == 1);
  const std::vector<Assignment> both{{efficiency, "0.5", {}}, {hidden, "0.1", {"megatron-te-2025"}}};
  const auto predicted = analysis::predict(run, *unknown, nullptr, both);
  REQUIRE(predicted);
  const test::TemporaryFile scenario("scenario.yaml", all->front().scenario);
  CHECK(predicted->median == test::simulate(scenario.path(), {efficiency + "=0.5", hidden + "=0.1"}).run.step_time);
  const auto plain = analysis::predict(run, *unknown);
  REQUIRE(plain);
  CHECK(plain->median < predicted->median);
  const auto elsewhere = analysis::predict(run, *unknown, nullptr, {{hidden, "0.1", {"megatron-te-2024"}}});
  REQUIRE(elsewhere);
  CHECK(elsewhere->median == plain->median);
  const auto stated = analysis::predict(run, *unknown, nullptr, {{"plan.tp", "2", {}}});
  REQUIRE(stated);
  CHECK(stated->median == plain->median);
}

TEST_CASE("the constants that made the measurements are found, also without a family") {
  const test::TemporaryFile runs("made-runs.yaml",
                                 named(measured_with(four(), {{efficiency, "0.5", {}}, {hidden, "0.8", {}}})));
  const test::TemporaryFile fits("made-fits.yaml", fits_file("{groups: [own], kind: dense}", two_fields));
  const std::string line = fmt::format("{} validate {} --fits-file {}", WEFT_BINARY, runs.path(), fits.path());
  const auto printed = test::command(line + " --format json");
  REQUIRE(printed.code == 0);
  const auto fit = nlohmann::json::parse(printed.out)["fits"][0];
  CHECK(fit["ids"].size() == 4);
  CHECK(fit["best"]["values"] == nlohmann::json{"0.5", "0.8"});
  CHECK(fit["best"]["errors"]["mean_abs_log"].get<double>() < 1e-12);
  CHECK_FALSE(fit["catalog_is_best"].get<bool>());
  CHECK(fit["catalog"]["median"].get<double>() > 0.005);
  const auto& held_out = fit["held_out"][0];
  CHECK(held_out["by"] == "family");
  REQUIRE(held_out["sets"].size() == 2);
  CHECK(held_out["sets"][0]["name"] == "alpha");
  CHECK(held_out["sets"][0]["models"]["alpha2-7B"] == 2);
  for (const auto& set : held_out["sets"]) {
    CHECK(set["values"] == nlohmann::json{"0.5", "0.8"});
    CHECK(set["errors"]["p90"].get<double>() < 1e-12);
  }
  CHECK(held_out["overall"]["runs"] == 4);
  CHECK(held_out["overall"]["p90"].get<double>() < 1e-12);
  const std::string text = test::command(line).out;
  CHECK(text.find("catalog differs from the best of the grid: gemm.bf16.efficiency 0.5 instead of") !=
        std::string::npos);
  CHECK(text.find("4 runs, 0 of them read none of the fields; 9 combinations, 34 predictions") != std::string::npos);
  CHECK(test::command(line + " --format csv").out.find("\nsmall,best,,0.5 | 0.8,4,") != std::string::npos);
  CHECK(test::command(line).out == text);
  const std::string one = test::command(line + " --id alpha-1,alpha-2").out;
  CHECK(one.find("only one family among the runs asked for: nothing can be left out") != std::string::npos);
  CHECK(test::command(line + " --grade C 2>&1").code == 2);
}

TEST_CASE("the catalog's own values are recognised, and what the other runs cannot tell stays the catalog's") {
  // Without tp nothing is hidden: left alone with alpha-2 only, the share is not chosen by anyone.
  const auto runs = measured_with({{.id = "alpha-2", .chips = 16}, {.id = "beta-1", .chips = 8, .tp = 4}}, {});
  const test::TemporaryFile file("own-runs.yaml", named(runs));
  const test::TemporaryFile fits(
      "own-fits.yaml", fits_file("{groups: [own]}", "  - {field: " + hidden + ", values: [0.1, 0.5, 0.8]}\n"));
  const std::string line = fmt::format("{} validate {} --fits-file {}", WEFT_BINARY, file.path(), fits.path());
  const std::string text = test::command(line).out;
  CHECK(text.find("the catalog's values are the best of the grid\n") != std::string::npos);
  CHECK(text.find("2 runs, 1 of them read none of the fields; 3 combinations, 5 predictions") != std::string::npos);
  const auto fit = nlohmann::json::parse(test::command(line + " --format json").out)["fits"][0];
  CHECK(fit["catalog_is_best"].get<bool>());
  CHECK(fit["grid"][1]["errors"] == fit["catalog"]);
  const auto& beta = fit["held_out"][0]["sets"][1];
  CHECK(beta["name"] == "beta");
  CHECK(beta["values"] == nlohmann::json{"0.5"});
  CHECK(beta["not_chosen"] == nlohmann::json{true});
  CHECK(text.find("(0.5)") != std::string::npos);
}

TEST_CASE("host times of other graphs than a run's are not read, and do change nothing") {
  const std::string experts = ", experts: 16, topk: 2, expert_ffn: 2048";
  const auto runs = measured_with(
      {{.id = "alpha-1", .chips = 8, .experts = experts}, {.id = "beta-1", .chips = 16, .experts = experts}}, {});
  const test::TemporaryFile file("host-runs.yaml", named(runs));
  const test::TemporaryFile fits("host-fits.yaml",
                                 fits_file("{kind: experts}",
                                           "  - {field: stack.host.none.experts, values: [15 ms, 40 ms]}\n"
                                           "  - {field: stack.host.partial.experts, values: [9 ms, 90 ms]}\n"));
  const auto published = analysis::read_published({file.path()});
  const auto read = analysis::read_fits(fits.path());
  const auto unknown = analysis::unknown_fields();
  REQUIRE(published);
  REQUIRE(read);
  REQUIRE(unknown);
  for (const auto& run : *published) {
    const auto uses = analysis::uses_of(run, read->front(), *unknown);
    REQUIRE(uses);
    CHECK(uses->at(0).read);
    CHECK(uses->at(0).catalog == std::vector<std::string>{"15 ms"});
    CHECK_FALSE(uses->at(1).read);
    const auto other = analysis::predict(run, *unknown, nullptr, {{"stack.host.partial.experts", "90 ms", {}}});
    REQUIRE(other);
    CHECK(other->median == *run.seconds);
    const auto own = analysis::predict(run, *unknown, nullptr, {{"stack.host.none.experts", "40 ms", {}}});
    REQUIRE(own);
    CHECK(own->median > *run.seconds);
  }
  const auto results = analysis::fits(*read, *published, *unknown, 2);
  REQUIRE(results.size() == 1);
  CHECK(results[0].simulated == 6); // each run: the catalog's and two of the first field
  CHECK(results[0].catalog == std::vector<std::string>{"15 ms", ""});
}

TEST_CASE("what is wrong in a file of fits is an error at its place") {
  const test::TemporaryFile file("wrong-runs.yaml", named(four()));
  const auto runs = analysis::read_published({file.path()});
  const auto unknown = analysis::unknown_fields();
  REQUIRE(runs);
  REQUIRE(unknown);
  const auto wrong = [&](const std::string& filter, const std::string& fields) {
    const test::TemporaryFile asked("wrong-fits.yaml", fits_file(filter, fields));
    const auto read = analysis::read_fits(asked.path());
    if (!read) return read.error();
    const auto good = analysis::check_fits(*read, *runs, *unknown);
    REQUIRE(!good);
    return good.error();
  };
  const std::string field = "  - {field: " + hidden + ", values: [0.1]}\n";
  const auto is = [](const Error& error, const std::string& message, int line, int column) {
    CHECK(error.message == message);
    CHECK(error.where.line == line);
    CHECK(error.where.column == column);
  };
  is(wrong("{groups: [ohn]}", field), "no run has group `ohn`", 3, 19);
  CHECK(wrong("{groups: [ohn]}", field).hint == "did you mean `own`?");
  is(wrong("{stacks: [megatron-te-2024]}", field), "no run has stack `megatron-te-2024`", 3, 19);
  is(wrong("{kind: experts}", field), "no measured run is all that is asked here", 3, 9);
  is(wrong("{ids: [alpha-1, alpha-2]}", field), "all runs are of family `alpha`: without it nothing is left to fit", 3,
     9);
  is(wrong("{groups: []}", field), "`groups` is empty", 3, 18);
  CHECK(wrong("{kind: sparse}", field).where.column == 16);
  CHECK(wrong("{sort: dense}", field).message.find("unknown key `sort` in filter of runs") == 0);
  const std::string all = "{groups: [own]}";
  is(wrong(all, "  []\n"), "`fields` is empty", 5, 3);
  is(wrong(all, "  - {field: " + hidden + ", values: []}\n"), "`values` is empty", 5, 44);
  is(wrong(all, "  - {values: [1]}\n"), "a fitted field has one of `field` and `fields`", 5, 5);
  is(wrong(all, "  - {field: stack.tp_hiden_share, values: [0.1]}\n"),
     "`stack.tp_hiden_share`: unknown key `tp_hiden_share` in stack", 5, 13);
  CHECK(wrong(all, "  - {field: stack.tp_hiden_share, values: [0.1]}\n").hint == "did you mean `tp_hidden_share`?");
  CHECK(wrong(all, "  - {field: " + hidden + ", values: [0.1, much]}\n").where.column == 50);
  CHECK(wrong(all, "  - {field: stack.host.none.dense, values: [1 ms, 1 GB]}\n").where.column == 51);
  is(wrong(all, "  - {field: plan.tp, values: [2, 4]}\n"), "no run of this fit takes `plan.tp`", 5, 13);
  is(wrong(all, "  - {field: " + hidden + ", values: [0.1], stacks: [megatron-te-2024]}\n"),
     "no run of this fit takes `" + hidden + "`", 5, 13);
  CHECK(wrong(all, "  - {field: " + hidden + ", values: [0.1], stacks: [megatron]}\n").message ==
        "unknown stack `megatron`");
  is(wrong(all, field + field), "`" + hidden + "` occurs twice", 6, 13);

  const test::TemporaryFile asked("printed-fits.yaml", fits_file("{groups: [ohn]}", field));
  const auto printed =
      test::command(fmt::format("{} validate {} --fits-file {} 2>&1", WEFT_BINARY, file.path(), asked.path()));
  CHECK(printed.code == 2);
  CHECK(printed.out.find(asked.path() + ":3:19: error: no run has group `ohn`") != std::string::npos);
}

TEST_CASE("the project's own fits can be asked of its runs; views exclude each other") {
  const auto fits = analysis::read_fits(analysis::own_fits());
  if (!fits) FAIL(render(fits.error()));
  const auto runs = analysis::read_published({analysis::own_runs()});
  const auto unknown = analysis::unknown_fields();
  REQUIRE(runs);
  REQUIRE(unknown);
  if (auto good = analysis::check_fits(*fits, *runs, *unknown); !good) FAIL(render(good.error()));
  REQUIRE(fits->size() == 3);
  const std::string page = test::text_of("analysis/docs/validation.md");
  for (const auto& fit : *fits)
    CHECK_MESSAGE(page.find("FIT: " + fit.name + "\n") != std::string::npos, fit.name << ": tests/golden/fits.sh");
  CHECK(analysis::runs_of(fits->at(0), *runs).size() == 36);
  // One expert matmul for all stays one: later stacks take no time for a loop.
  for (const auto& run : *runs)
    if (run.id.find("mbridge") == 0 && run.row.find("normalized")->find("stack")->scalar == "megatron-te-2026-fused") {
      const auto uses = analysis::uses_of(run, fits->at(1), *unknown);
      REQUIRE(uses);
      CHECK_FALSE(uses->at(2).read);
    }
  const std::string weft = std::string(WEFT_BINARY) + " validate ";
  for (const char* flags : {"--fits --plan-choice", "--fits --pairs", "--fits-file f.yaml --pairs",
                            "--fits --pairs-file f.yaml", "--fits --max-median 0.1", "--fits-file nowhere.yaml"})
    CHECK(test::command(weft + flags + " 2>/dev/null").code == 2);
  CHECK(test::command(weft + "--fits --group mosaic").out == "no fit is over any of the runs asked for\n");
}
