// Does a published run become the scenarios that it could be?
#include "analysis/published.hpp"
#include "analysis/validate.hpp"
#include "tests/support.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <unistd.h>

using namespace weft;

namespace {

/// One run in the layout of published runs; `parallel` and `notes` are what the tests vary.
std::string row(const std::string& parallel, const std::string& normalized = "precision: bf16, recompute: none",
                const std::string& more = "", std::int64_t chips = 64) {
  return fmt::format(
      "runs:\n- {{id: mine, group: own, grade: A, model: {{name: M, layers: 32, hidden: 4096, ffn: 16384, gated_mlp: "
      "false, heads: 32, head_dim: 128, vocab: 32000, seq: 2048}}, system: {{chips: {}, per_node: 8, catalogue: "
      "{{accelerator: h100-sxm, domain: 8, scaleup: switched, nics_per_node: 8, nic_gbit: 400, fabric: "
      "infiniband}}}}, parallel: {{{}}}, normalized: {{{}, schedule: unknown, zero: 1, seconds: 2.0, stack: "
      "megatron-te-2025}}{}}}\n",
      chips, parallel, normalized, more);
}

Result<std::vector<analysis::Candidate>> candidates(const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("weft-rows-{}.yaml", ::getpid());
  std::ofstream(path) << text;
  const auto runs = analysis::read_published({path.string()});
  std::filesystem::remove(path);
  if (!runs) return tl::unexpected(runs.error());
  const auto unknown = analysis::unknown_fields();
  REQUIRE(unknown);
  return analysis::candidates(runs->front(), *unknown);
}
std::vector<analysis::Candidate> good(const std::string& text) {
  auto out = candidates(text);
  if (!out) FAIL(render(out.error()));
  return *out;
}

/// "tp 4, recompute full" → field and value.
std::map<std::string, std::string> fields(const std::string& choices) {
  std::map<std::string, std::string> out;
  for (std::size_t at = 0; at < choices.size();) {
    const auto end = std::min(choices.find(", ", at), choices.size());
    const auto blank = choices.find(' ', at);
    out[choices.substr(at, blank - at)] = choices.substr(blank + 1, end - blank - 1);
    at = end + 2;
  }
  return out;
}

constexpr const char* stated = "tp: 2, pp: 1, dp: 32, mbs: 1, gbs: 64, sp: true, recompute: none";

} // namespace

TEST_CASE("a run that says all is one scenario, and what its notes talk about changes nothing") {
  const auto plain = good(row(stated));
  REQUIRE(plain.size() == 1);
  CHECK(plain[0].choices.empty());
  const auto noted = good(row(stated, "precision: bf16, recompute: none",
                              ", notes: \"an exploration, meager with eager readers; LoRA, tokendrop, vanillatp\""));
  CHECK(noted[0].scenario == plain[0].scenario);
}

TEST_CASE("unknown fields are scanned evenly: every value and every pair of values of two fields is tried") {
  const auto all = good(row("tp: null, pp: null, mbs: null, gbs: 512, sp: true, recompute: none"));
  CHECK(all.size() == 64);
  std::map<std::string, std::set<std::string>> values;
  std::set<std::pair<std::string, std::string>> pairs;
  for (const auto& c : all) {
    const auto f = fields(c.choices);
    for (const auto& [name, value] : f)
      values[name].insert(value);
    pairs.insert({f.at("tp"), f.at("microbatch")});
  }
  CHECK(values["tp"] == std::set<std::string>{"1", "2", "4", "8"});
  CHECK(values["microbatch"] == std::set<std::string>{"1", "2", "4", "8"});
  CHECK(values["pp"].size() >= 4);
  CHECK(values["schedule"].size() == 2);
  CHECK(pairs.size() == 16);
  std::set<std::string> texts;
  for (const auto& c : all)
    texts.insert(c.scenario);
  CHECK(texts.size() == all.size()); // none twice
}

TEST_CASE("a degree that a run names but does not know is scanned, one that it does not name is 1") {
  CHECK(good(row(stated)).front().scenario.find("cp: 1,") != std::string::npos);
  CHECK(good(row("tp: 2, pp: 1, cp: null, mbs: 1, gbs: 64, sp: true, recompute: none")).size() == 4);
}

TEST_CASE("of a rounded number of chips the plan takes what it fills, and says so") {
  const auto all = good(row("tp: 8, pp: 16, vpp: 2, mbs: 1, gbs: 736, sp: true, recompute: none",
                            "precision: bf16, recompute: none", "", 6000));
  CHECK(all.front().choices.find("5888 of 6000 chips") != std::string::npos);
  CHECK(all.front().scenario.find("accelerators: 5888") != std::string::npos);
}

TEST_CASE("what is missing or wrong is named") {
  const auto precision = candidates(row(stated, "recompute: none"));
  REQUIRE(!precision);
  CHECK(precision.error().message == "normalized.precision is unknown");
  const auto recompute = candidates(row(stated, "precision: bf16, recompute: blockwise"));
  REQUIRE(!recompute);
  CHECK(recompute.error().message.find("blockwise") != std::string::npos);
  std::string no_gate = row(stated);
  no_gate.replace(no_gate.find("gated_mlp: false, "), 18, "");
  const auto gated = candidates(no_gate);
  REQUIRE(!gated);
  CHECK(gated.error().message == "model.gated_mlp is unknown");
}

TEST_CASE("a layer's time is what one more layer adds, the optimizer left out") {
  std::string text =
      row(stated, "precision: bf16, recompute: none", ", measured: {layer_forward_ms: 3.0, layer_backward_ms: 6.0}");
  text.replace(text.find("seconds: 2.0"), 12, "seconds: null");
  const auto all = good(text);
  CHECK(all.front().scenario.find("layers: 32") != std::string::npos);
  CHECK(all.front().deeper.find("layers: 33") != std::string::npos);
}

TEST_CASE("statistics: an unpredicted run is an infinite error") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(analysis::median_of({0.1, 0.3, 0.2}) == doctest::Approx(0.2));
  CHECK(analysis::median_of({0.1, 0.3}) == doctest::Approx(0.2));
  CHECK(analysis::median_of({0.1, inf}) == inf);
  CHECK(analysis::p90_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) == 9);
  CHECK(analysis::p90_of({1, inf}) == inf);
}
