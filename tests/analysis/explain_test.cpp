// Does --explain say what was simulated, in text and JSON, and no more?
#include "analysis/explain.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace weft;
using Json = nlohmann::ordered_json;

namespace {

const std::string weft_binary = WEFT_BINARY;

Json run(const std::string& arguments) {
  const auto printed = test::command(weft_binary + " run " + arguments + " --format json 2>/dev/null");
  CHECK(printed.code == 0);
  return Json::parse(printed.out);
}
double sum(const Json& rows) {
  double out = 0;
  for (const Json& row : rows)
    out += row["seconds"].get<double>();
  return out;
}
std::string said(const Json& explanation) {
  std::string out;
  for (const Json& sentence : explanation)
    out += sentence.get<std::string>() + " ";
  return out;
}
bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("the page on --explain shows what the command prints, and its other figures are another command's") {
  const std::string page = test::text_of("analysis/docs/explain.md");
  const std::string open = "<!-- weft run llama3-405b-16k --explain -->\n```text\n", close = "```\n<!-- end -->";
  const auto from = page.find(open), to = page.find(close);
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  const auto printed = test::command(weft_binary + " run llama3-405b-16k --explain 2>/dev/null");
  CHECK(printed.code == 0);
  CHECK(page.substr(from + open.size(), to - from - open.size()) ==
        printed.out.substr(0, printed.out.find("\nMEMORY")));
  const Json outermost = run("llama3-405b-16k --explain --set plan.order='[tp, cp, dp, pp]'");
  for (const Json& link : outermost["links"])
    if (link["link"] == "pod uplink")
      CHECK(has(page, fmt::format("uplinks are {:.1f} % full", 100 * link["while_busy"].get<double>())));
  for (const Json& tier : outermost["tax"]["by_tier"])
    if (tier["tier"] == "pod uplink")
      CHECK(has(page, fmt::format("cost {:.1f} % of the step", 100 * tier["share"].get<double>())));
}

TEST_CASE("tiers sum to the tax, the path to the step, and the sentences name the largest of them") {
  const Json out = run("llama3-405b-16k --explain");
  CHECK(out["tax"]["by_tier"].size() == 3);
  CHECK(out["tax"]["tier_runs"] == 8);
  CHECK(sum(out["tax"]["by_tier"]) == doctest::Approx(out["tax"]["seconds"].get<double>()).epsilon(1e-9));
  CHECK(sum(out["tax"]["by_dimension"]) == doctest::Approx(out["tax"]["seconds"].get<double>()).epsilon(1e-9));
  CHECK(sum(out["critical_path"]["by_entry"]) == doctest::Approx(out["step_time_s"].get<double>()).epsilon(1e-9));
  CHECK(sum(out["critical_path"]["by_stage"]) == doctest::Approx(out["step_time_s"].get<double>()).epsilon(1e-9));
  for (const Json& stage : out["critical_path"]["by_stage"])
    CHECK(sum(stage["by_entry"]) == doctest::Approx(stage["seconds"].get<double>()).epsilon(1e-9));
  const std::string text = said(out["explanation"]);
  CHECK(has(text, fmt::format("The interconnect takes {:.1f} % of the step", 100 * out["tax"]["total"].get<double>())));
  CHECK(has(text, fmt::format("by tier most of it ({:.1f} %) is the scale-up fabric",
                              100 * out["tax"]["by_tier"][0]["share"].get<double>())));
  CHECK(has(text, "is tensor parallelism."));
  CHECK(has(text, "spread over 16 stages"));
}

TEST_CASE("one rank is explained too: no dimension, no tier, and the fields are there") {
  const Json out = run("llama3-405b-16k --explain --set model=llama3-8b --set model.layers=2 --set plan='{}' "
                       "--set training.global_batch=1 --set cluster.accelerators=1");
  for (const char* split : {"by_dimension", "by_tier"}) {
    REQUIRE(out["tax"].contains(split));
    CHECK(out["tax"][split].empty());
  }
  CHECK(sum(out["critical_path"]["by_entry"]) == doctest::Approx(out["step_time_s"].get<double>()).epsilon(1e-9));
}

TEST_CASE("without --explain nothing is split by tier and no path is walked") {
  const Json out = run("korthikanti-22b");
  CHECK_FALSE(out["tax"].contains("by_tier"));
  CHECK_FALSE(out.contains("critical_path"));
  CHECK_FALSE(out.contains("explanation"));
}

TEST_CASE("what was not simulated is not spoken of") {
  const Json no_tax = run("korthikanti-175b --explain --no-tax");
  CHECK(no_tax["tax"].is_null());
  CHECK(sum(no_tax["critical_path"]["by_entry"]) == doctest::Approx(no_tax["step_time_s"].get<double>()).epsilon(1e-9));
  CHECK_FALSE(has(said(no_tax["explanation"]), "interconnect"));
  const Json ideal = run("korthikanti-175b --explain --ideal-network");
  CHECK(sum(ideal["critical_path"]["by_entry"]) == doctest::Approx(ideal["step_time_s"].get<double>()).epsilon(1e-9));
  for (const Json& row : ideal["critical_path"]["by_entry"])
    if (row["entry"] == "tp" || row["entry"] == "pp" || row["entry"] == "other") CHECK(row["seconds"] == 0);
  CHECK_FALSE(has(said(ideal["explanation"]), "perfect"));
  const Json alone = run("korthikanti-22b --explain --set model=llama3-8b --set cluster.accelerators=1 --set plan.tp=1 "
                         "--set plan.microbatch=1 --set plan.recompute=full --set training.global_batch=1 "
                         "--set training.sequence=128 --set model.layers=4");
  CHECK(has(said(alone["explanation"]), "The interconnect takes 0.0 % of the step."));
}

TEST_CASE("one stage that has most of the path is named") {
  const Json out = run("korthikanti-530b --explain");
  CHECK(has(said(out["explanation"]), " of it is stage 34, "));
}
