// Are runs counted where they belong, and is a group that the baseline does better on named?
#include "analysis/validate_subsets.hpp"
#include "tests/analysis/small_runs.hpp"

#include <limits>
#include <nlohmann/json.hpp>

using namespace weft;

namespace {

void add(analysis::Validation& v, const std::string& group, int runs, double error, double baseline) {
  for (int i = 0; i < runs; ++i) {
    analysis::Prediction p;
    p.group = group;
    p.ok = true;
    p.measured = 1;
    p.error = error;
    p.baseline_error = baseline;
    v.runs.push_back(p);
  }
  std::vector<const analysis::Prediction*> members;
  for (const auto& p : v.runs)
    if (p.group == group) members.push_back(&p);
  v.groups[group] = analysis::statistics_of(members);
}

} // namespace

TEST_CASE("runs of a file are counted by experts, by scale-up domain and by grade") {
  const std::string experts = ", experts: 8, topk: 2, expert_ffn: 1024";
  const test::TemporaryFile file(
      "subsets.yaml", test::file_of({{.id = "inside", .chips = 8},
                                     {.id = "outside", .chips = 16},
                                     {.id = "sparse", .chips = 16, .experts = experts, .grade = "B"},
                                     {.id = "sparse-inside", .chips = 8, .experts = experts, .group = "other"}}));
  const auto printed = test::command(fmt::format("{} validate {} --format json", WEFT_BINARY, file.path()));
  REQUIRE(printed.code == 0);
  const auto summary = nlohmann::json::parse(printed.out)["summary"];
  const auto count = [&](const char* name) { return summary["subsets"][name]["count"].get<int>(); };
  CHECK(count("dense") == 2);
  CHECK(count("mixture of experts") == 2);
  CHECK(count("ascend-910b dense") == 0);
  CHECK(count("one scale-up domain") == 2);
  CHECK(count("leaves one scale-up domain") == 2);
  CHECK(count("grade A") == 3);
  CHECK(count("grade B") == 1);
  const double own = summary["groups"]["own"]["median_abs_error"],
               other = summary["groups"]["other"]["median_abs_error"];
  CHECK(summary["median_of_group_medians"].get<double>() == doctest::Approx((own + other) / 2));
  CHECK(summary["baseline_nearer"].empty()); // too few runs
  const auto text = test::command(fmt::format("{} validate {}", WEFT_BINARY, file.path())).out;
  CHECK(text.find("\nmixture of experts ") != std::string::npos);
  CHECK(text.find("ascend-910b dense") == std::string::npos); // nothing to say
  CHECK(text.find("\nmedian of group medians: ") != std::string::npos);
  CHECK(text.find("measured runs or more)\n  none\n") != std::string::npos);
}

TEST_CASE("a catalog model with experts is one, whatever the row states") {
  const test::TemporaryFile file("experts.yaml",
                                 "runs:\n- {id: a, group: g, grade: A, model: {name: \"DeepSeek-V3\"}, system: {chips: "
                                 "16, catalogue: {domain: 16}}, parallel: {}, normalized: {}}\n- {id: b, group: g, "
                                 "grade: A, model: {name: \"LLaMA2-7B\"}, system: {chips: unknown, catalogue: {}}, "
                                 "parallel: {}, normalized: {}}\n");
  const auto runs = analysis::read_published({file.path()});
  REQUIRE(runs);
  CHECK(analysis::has_experts(runs->at(0)));
  CHECK(!analysis::has_experts(runs->at(1)));
  CHECK(analysis::leaves_domain(runs->at(0)) == false);
  CHECK(!analysis::leaves_domain(runs->at(1)));
}

TEST_CASE("a group of eight runs whose baseline is nearer is named, seven are too few") {
  analysis::Validation v;
  add(v, "bad", 8, 0.2, 0.1);
  add(v, "good", 8, 0.05, 0.1);
  add(v, "small", 7, 0.4, 0.1);
  analysis::Prediction lost;
  lost.group = "lost";
  v.runs.push_back(lost);
  v.groups["lost"] = analysis::statistics_of({&v.runs.back()});
  analysis::add_subsets(v);
  CHECK(v.baseline_nearer == std::vector<std::string>{"bad"});
  CHECK(v.group_median == doctest::Approx(0.3)); // of 0.05, 0.2, 0.4 and a group that nothing is predicted of
  CHECK(v.baseline_group_median == doctest::Approx(0.1));
}
