// Are plans ranked as they were measured, and are only plans compared?
#include "analysis/plan_choice.hpp"
#include "tests/analysis/small_runs.hpp"

#include <nlohmann/json.hpp>

using namespace weft;

namespace {

analysis::PlanSet set_of(const std::vector<std::pair<double, double>>& measured_and_predicted) {
  analysis::PlanSet set;
  for (const auto& [measured, predicted] : measured_and_predicted)
    set.plans.push_back({{}, 1, measured, predicted});
  analysis::judge(set);
  return set;
}

} // namespace

TEST_CASE("Spearman's correlation by hand: order, reverse, one swap, ties, no order at all") {
  CHECK(analysis::spearman({1, 2, 3, 4}, {10, 20, 30, 400}) == doctest::Approx(1));
  CHECK(analysis::spearman({1, 2, 3, 4}, {4, 3, 2, 1}) == doctest::Approx(-1));
  CHECK(analysis::spearman({1, 2, 3, 4}, {1, 2, 4, 3}) == doctest::Approx(0.8)); // 1 − 6·2 / (4·15)
  // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / √(4.5 · 5).
  CHECK(analysis::spearman({1, 2, 2, 4}, {1, 2, 3, 4}) == doctest::Approx(4.5 / std::sqrt(22.5)));
  // Ranks 1.5, 1.5, 3.5, 3.5 against 3.5, 1.5, 3.5, 1.5: nothing.
  CHECK(analysis::spearman({1, 1, 2, 2}, {2, 1, 2, 1}) == doctest::Approx(0));
  CHECK(analysis::spearman({5, 5, 5}, {1, 2, 3}) == 0);
  CHECK(analysis::spearman({}, {}) == 0);
}

TEST_CASE("regret is what the plan that is ranked first costs above the best; of equals the slowest is taken") {
  const auto good = set_of({{12, 9}, {10, 8}, {11, 10}});
  CHECK(good.first == 1);
  CHECK(good.best == 1);
  CHECK(good.regret == 0);
  const auto bad = set_of({{10, 9}, {12, 8}, {11, 8}});
  CHECK(bad.first == 1);
  CHECK(bad.best == 0);
  CHECK(bad.regret == doctest::Approx(0.2));
  const auto s = analysis::summary_of({&good, &bad});
  CHECK(s.sets == 2);
  CHECK(s.plans == 6);
  CHECK(s.regret_mean == doctest::Approx(0.1));
  CHECK(s.regret_max == doctest::Approx(0.2));
  CHECK(s.spearman_min == std::min(good.spearman, bad.spearman));
}

TEST_CASE("a set is what differs in nothing but the plan: repeats are averaged, another time or batch is another set") {
  using test::SmallRun;
  const std::vector<SmallRun> runs{
      {.id = "one", .tp = 1, .microbatch = 1, .seconds = 1.0},
      {.id = "two", .tp = 1, .microbatch = 2, .seconds = 1.1},
      {.id = "three", .tp = 2, .microbatch = 1, .seconds = 1.2},
      {.id = "four", .tp = 4, .microbatch = 1, .seconds = 1.4},
      {.id = "four-again", .tp = 4, .microbatch = 1, .seconds = 1.6},
      {.id = "other-batch", .tp = 8, .microbatch = 1, .batch = 128, .seconds = 4.0},
      {.id = "other-day", .tp = 8, .microbatch = 1, .seconds = 0.1, .when = "02-20"},
      {.id = "other-group", .tp = 8, .microbatch = 1, .seconds = 0.1, .group = "elsewhere"},
      {.id = "more-chips", .chips = 32, .tp = 8, .microbatch = 1, .seconds = 0.1},
      {.id = "context", .tp = 2, .microbatch = 2, .seconds = 1.3, .grade = "C"},
  };
  const test::TemporaryFile file("plans.yaml", test::file_of(runs));
  const std::string line = fmt::format("{} validate {} --plan-choice", WEFT_BINARY, file.path());
  const auto printed = test::command(line + " --format json");
  REQUIRE(printed.code == 0);
  CHECK(test::command(line + " --format json --jobs 1").out == printed.out);
  const auto all = nlohmann::json::parse(printed.out);
  REQUIRE(all["same_batch"]["sets"].size() == 1);
  const auto& set = all["same_batch"]["sets"][0];
  CHECK(set["n"] == 5); // one, two, three, four, and the grade C run: every grade is compared
  for (const auto& plan : set["plans"])
    if (plan["ids"][0] == "four") {
      CHECK(plan["ids"].size() == 2);
      CHECK(plan["measured_s"].get<double>() == doctest::Approx(1.5));
    }
  CHECK(set["measured_best"][0] == "one");
  REQUIRE(all["any_batch"]["sets"].size() == 1);
  CHECK(all["any_batch"]["sets"][0]["n"] == 6);
  CHECK(all["same_batch"]["summary"]["overall"]["sets"] == 1);

  const auto graded = nlohmann::json::parse(test::command(line + " --grade A --format json").out);
  CHECK(graded["same_batch"]["sets"][0]["n"] == 4); // an asked grade is kept to
  const auto text = test::command(line);
  CHECK(text.out.find("Small (8 × 2048, 16 heads) · 16 h100-sxm · sequence 2048 · bf16 · batch 64 ") !=
        std::string::npos);
  const auto csv = test::command(line + " --format csv");
  CHECK(csv.out.starts_with("sets,group,set,plans,spearman,ranked_first,measured_best,regret\nsame_batch,own,"));
  CHECK(test::command(line + " --id one,two,three").out.starts_with("no 4 measured runs differ"));
}

TEST_CASE("vTrain's sweep and BLOOM's trials are among the project's sets, and no set of BLOOM mixes dates") {
  const auto printed = test::command(std::string(WEFT_BINARY) +
                                     " validate --plan-choice --group vtrain24-multi,bloom-bench --format json");
  REQUIRE(printed.code == 0);
  const auto all = nlohmann::json::parse(printed.out);
  CHECK(all["same_batch"]["summary"]["groups"]["vtrain24-multi"]["sets"] == 4);
  CHECK(all["same_batch"]["summary"]["groups"]["bloom-bench"]["sets"] == 3);
  for (const auto& set : all["any_batch"]["sets"])
    CHECK((set["group"] == "bloom-bench") == (set["when"] != ""));
}
