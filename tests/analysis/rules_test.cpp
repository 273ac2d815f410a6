// Do the rules say of known chips what the world knows of them, and is the fastest allowed chip allowed and fast?

#include "analysis/rules_print.hpp"

#include "platforms/catalog.hpp"
#include "tests/support.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

using namespace weft;
using namespace weft::analysis;
using platforms::ExportRule;
using platforms::Verdict;

namespace {

std::vector<ExportRule> all_rules() {
  auto rules = platforms::export_rules();
  if (!rules) FAIL(render(rules.error()));
  return std::move(*rules);
}
const ExportRule& named(const std::vector<ExportRule>& rules, const std::string& name) {
  for (const ExportRule& rule : rules)
    if (rule.name == name) return rule;
  FAIL("no rule " << name);
  return rules.front();
}
RuledFigures figures_of(const std::string& chip) {
  const auto read = read_ruled_chip(chip);
  if (!read) FAIL(render(read.error()));
  return ruled_figures(*read);
}
std::optional<Verdict> verdict(const std::string& chip, const std::string& rule) {
  const auto rules = all_rules();
  return judge(figures_of(chip), named(rules, rule)).verdict;
}
RuledFigures made_of(double tpp, double area, double interconnect, double memory) {
  RuledFigures f;
  f.tpp = exactly(tpp);
  f.die_area = area > 0 ? exactly(area) : unknown("die area");
  f.density = f.tpp / f.die_area;
  f.interconnect = exactly(interconnect);
  f.memory = exactly(memory);
  return f;
}

} // namespace

TEST_CASE("known chips fall where everybody knows that they fell") {
  for (const char* chip : {"a100-80", "a100-40", "h100-sxm"})
    CHECK_MESSAGE(verdict(chip, "oct-2022") == Verdict::controlled, chip);
  for (const char* chip : {"a800", "h800", "h20"})
    CHECK_MESSAGE(verdict(chip, "oct-2022") == Verdict::not_controlled, chip);
  for (const char* chip : {"a100-80", "h100-sxm", "a800", "h800", "h200-sxm", "b200-sxm"})
    CHECK_MESSAGE(verdict(chip, "oct-2023") == Verdict::controlled, chip);
  CHECK(verdict("h20", "oct-2023") == Verdict::not_controlled);
  CHECK(verdict("h20", "apr-2025") == Verdict::controlled);
  for (const char* chip : {"h200-sxm", "mi325x", "h100-sxm"})
    CHECK_MESSAGE(verdict(chip, "jan-2026") == Verdict::licence, chip);
  for (const char* chip : {"b200-sxm", "gb300", "mi355x"})
    CHECK_MESSAGE(verdict(chip, "jan-2026") == Verdict::controlled, chip);
  CHECK(verdict("h20", "jan-2026") == Verdict::not_controlled);
}

TEST_CASE("TPP, density and both ways of the links are what published tables have") {
  const RuledFigures a100 = figures_of("a100-80"), h100 = figures_of("h100-sxm"), h20 = figures_of("h20");
  CHECK(a100.tpp.value->value == doctest::Approx(4992));
  CHECK(a100.density.value->value == doctest::Approx(6.04).epsilon(1e-3));
  CHECK(a100.interconnect.value->value == doctest::Approx(664)); // 600 of NVLink, 64 of PCIe
  CHECK(h100.tpp.value->value == doctest::Approx(15832));
  CHECK(h20.tpp.value->value == doctest::Approx(2368));
  CHECK(h20.density.value->value == doctest::Approx(2.91).epsilon(1e-3));
  CHECK(figures_of("mi325x").tpp.value->value < 21000);
  CHECK(figures_of("mi325x").tpp.value->value > 20900);
  CHECK_FALSE(figures_of("h100-pcie").interconnect.value); // its bridge
}

TEST_CASE("every clause holds from its threshold on and not before") {
  const auto rules = all_rules();
  const ExportRule &old = named(rules, "oct-2022"), &now = named(rules, "oct-2023"), &late = named(rules, "jan-2026");
  CHECK(judge(made_of(4800, 0, 600, 0), old).verdict == Verdict::controlled);
  CHECK(judge(made_of(4799, 0, 600, 0), old).verdict == Verdict::not_controlled);
  CHECK(judge(made_of(4800, 0, 599, 0), old).verdict == Verdict::not_controlled);
  struct Row {
    double tpp, density;
    Verdict verdict;
  };
  const std::vector<Row> table{
      {4800, 0.1, Verdict::controlled},      {4799, 5.92, Verdict::controlled},     {4799, 5.91, Verdict::notifiable},
      {4799, 1.6, Verdict::notifiable},      {4799, 1.59, Verdict::not_controlled}, {2400, 1.6, Verdict::notifiable},
      {2399, 3.19, Verdict::not_controlled}, {2399, 3.2, Verdict::notifiable},      {1600, 5.92, Verdict::controlled},
      {1600, 3.2, Verdict::notifiable},      {1599, 99, Verdict::not_controlled}};
  for (const Row& row : table) {
    RuledFigures f = made_of(row.tpp, 1, 1000, 1000);
    f.density = exactly(row.density);
    CHECK_MESSAGE(judge(f, now).verdict == row.verdict, row.tpp << " " << row.density);
  }
  CHECK(judge(made_of(20999, 2000, 900, 6499), late).verdict == Verdict::licence);
  CHECK(judge(made_of(21000, 2000, 900, 100), late).verdict == Verdict::controlled);
  CHECK(judge(made_of(20999, 2000, 900, 6500), late).verdict == Verdict::controlled);
  CHECK(judge(made_of(1500, 2000, 900, 9000), late).verdict == Verdict::not_controlled);
}

TEST_CASE("an unknown die area leaves open only what hangs on it, and says where the limit is") {
  const auto rules = all_rules();
  const ExportRule& now = named(rules, "oct-2023");
  CHECK(judge(made_of(4800, 0, 0, 0), now).verdict == Verdict::controlled);
  CHECK(judge(made_of(1500, 0, 0, 0), now).verdict == Verdict::not_controlled);
  const Ruling open = judge(made_of(2960, 0, 0, 0), now);
  CHECK_FALSE(open.verdict);
  CHECK(open.because == "die area not known: controlled if its dies are 500 mm² or less together (3A090.a.2)");
  CHECK_FALSE(allows(open));
  const auto p800 = read_ruled_chip("kunlun-p800"); // cannot be simulated, can be judged
  REQUIRE(p800);
  CHECK(judge(ruled_figures(*p800), now).verdict == Verdict::controlled);
  CHECK_FALSE(judge(ruled_figures(*p800), named(rules, "oct-2022")).verdict);
}

TEST_CASE("margins and disputes are said") {
  const auto rules = all_rules();
  CHECK(judge(figures_of("h20"), named(rules, "oct-2023")).because == "TPP 2,368 is 1.3 % under 2,400 (3A090.b.1)");
  CHECK(judge(figures_of("h800"), named(rules, "oct-2022")).because ==
        "interconnect 528 GB/s is 12.0 % under 600 (3A090)");
  CHECK_FALSE(judge(figures_of("h100-sxm"), named(rules, "oct-2022")).disputed);
  CHECK(judge(figures_of("ascend-910a"), named(rules, "oct-2023")).disputed); // dies of 456 or 1,228 mm²
}

TEST_CASE("every way out is allowed, lowers nothing but what is ruled, and none is better than another in all") {
  const auto rules = all_rules();
  const auto h100 = platforms::read_accelerator("h100-sxm", {});
  REQUIRE(h100);
  for (const ExportRule& rule : rules) {
    CAPTURE(rule.name);
    const auto out = escapes(*h100, rule);
    CHECK_FALSE(out.empty());
    for (const Escape& e : out) {
      CAPTURE(e.changes);
      CHECK(allows(e.ruling));
      RuledChip chip = ruled_chip(e.chip);
      if (e.die_area) chip.die_area = Figure<SquareMillimetres>{SquareMillimetres(*e.die_area), "", {}, {}, {}, ""};
      CHECK(judge(ruled_figures(chip), rule).verdict == e.ruling.verdict);
      CHECK(e.chip.memory_capacity.value == h100->memory_capacity.value);
      CHECK(e.chip.gemm.at(Precision::bf16).efficiency.value == h100->gemm.at(Precision::bf16).efficiency.value);
    }
  }
  const auto old = escapes(*h100, named(rules, "oct-2022"));
  REQUIRE(old.size() == 2); // links or FLOP/s, not both
  const auto late = escapes(*h100, named(rules, "jan-2026"));
  CHECK(std::any_of(late.begin(), late.end(), [](const Escape& e) { return e.changes == "as it is"; }));
}

TEST_CASE("the fastest allowed chip is allowed, fits, and no allowed chip that fits is faster") {
  const auto rules = all_rules();
  const auto loaded = test::load("korthikanti-22b");
  const auto fastest = fastest_allowed(loaded, rules, {}, 2);
  if (!fastest) FAIL(render(fastest.error()));
  CHECK(fastest->reference.chip.name == "a100-80");
  std::size_t found = 0;
  for (const RuleOutcome& o : fastest->rules) {
    if (!o.fastest) continue;
    ++found;
    const Contender& best = fastest->contenders[*o.fastest];
    CHECK(best.headline->fits());
    CHECK(allows(judge(best.figures, *o.rule)));
    for (const Contender& c : fastest->contenders)
      if (c.headline && c.headline->fits() && allows(judge(c.figures, *o.rule)))
        CHECK(best.headline->step_s <= c.headline->step_s);
  }
  CHECK(found >= 3);
  for (const Contender& c : fastest->contenders) // the scenario's own chip, swapped for itself, is the plain run
    if (c.chip.name == "a100-80") CHECK(c.headline->step_s == fastest->reference.headline->step_s);
}

TEST_CASE("the page shows what the commands print") {
  const std::string weft = WEFT_BINARY, page = test::text_of("analysis/docs/rules.md");
  for (const char* line : {"weft rules", "weft rules --fastest"}) {
    const std::string open = fmt::format("<!-- {} -->\n```text\n", line);
    const auto from = page.find(open), to = page.find("```\n<!-- end -->", from);
    REQUIRE(from != std::string::npos);
    const bool one = std::string(line) == "weft rules";
    CHECK(page.substr(from + open.size(), to - from - open.size()) ==
          test::command(weft + (one ? " rules h20 h200-sxm b200-sxm" : " rules --fastest") + " 2>/dev/null").out);
  }
}

TEST_CASE("a design is judged and simulated, in every format; wrong ones are errors with nothing on stdout") {
  namespace fs = std::filesystem;
  const fs::path file = fs::temp_directory_path() / fmt::format("weft-design-{}.yaml", ::getpid());
  const std::string weft = WEFT_BINARY, design = " rules --design " + file.string();
  std::ofstream(file) << "base: h100-sxm\nname: mine\nscale_up: {bandwidth: 225 GB/s}\n";
  const auto json = test::command(weft + design + " --scenario llama3-405b-16k --format json 2>/dev/null");
  CHECK(json.code == 0);
  const auto read = nlohmann::json::parse(json.out);
  CHECK(read["chips"][0]["name"] == "mine");
  CHECK(read["chips"][0]["interconnect_gb_per_s"]["value"].get<double>() == doctest::Approx(578));
  CHECK(read["chips"][0]["rulings"][0]["verdict"] == "not controlled");
  CHECK(read["chips"][0]["step"]["times_reference"].get<double>() > 1);
  CHECK(test::command(weft + design + " --format csv 2>/dev/null").out.starts_with("chip,chip_class,tpp"));
  std::ofstream(file) << "base: h100-sxm\nname: mine\ndie_area: {value: -1 mm2, source: x, evidence: assumed}\n";
  const auto wrong = test::command(weft + design + " 2>&1 >/dev/null");
  CHECK(wrong.code == 2);
  CHECK(wrong.out.find(file.string() + ":3:19: error: `-1 mm2` is negative") != std::string::npos);
  CHECK(test::command(weft + design + " 2>/dev/null").out.empty());
  fs::remove(file);
  CHECK(test::command(weft + " rules h801 2>&1 >/dev/null").out ==
        "error: unknown accelerator `h801`\nhint: did you mean `h800`?\n");
  CHECK(test::command(weft + " rules h800 --fastest 2>/dev/null").code == 2);
  CHECK(test::command(weft + " rules --fastest --scenario nowhere 2>/dev/null").code == 2);
  CHECK(nlohmann::json::parse(test::command(weft + " rules --fastest --format json 2>/dev/null").out)["rules"].size() ==
        4);
}
