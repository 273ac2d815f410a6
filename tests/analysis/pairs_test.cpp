// Is what a pair loses to communication computed as by hand, and is a wrong file of pairs named by its place?
#include "analysis/pairs.hpp"
#include "tests/analysis/small_runs.hpp"

#include <nlohmann/json.hpp>

using namespace weft;

namespace {

std::string pairs_file(const std::string& pairs) {
  return "families:\n- name: family\n  about: all of it\n  pairs:\n" + pairs;
}
const std::vector<test::SmallRun> three{{.id = "wide", .chips = 64, .batch = 64, .seconds = 2},
                                        {.id = "narrow", .chips = 32, .batch = 64, .seconds = 3},
                                        {.id = "long", .chips = 32, .batch = 64, .seconds = 3, .sequence = 4096}};

} // namespace

TEST_CASE("a pair's loss is that of chip-seconds per sequence") {
  CHECK(analysis::loss(4, 3) == doctest::Approx(0.25));
  CHECK(analysis::loss(3, 4) == doctest::Approx(-1.0 / 3));
  const test::TemporaryFile runs("pair-runs.yaml", test::file_of(three));
  const test::TemporaryFile pairs("pairs.yaml",
                                  pairs_file("  - {name: p, about: more chips, with: wide, without: narrow}\n"));
  const std::string line = fmt::format("{} validate {} --pairs-file {}", WEFT_BINARY, runs.path(), pairs.path());
  const auto printed = test::command(line + " --format json");
  REQUIRE(printed.code == 0);
  const auto all = nlohmann::json::parse(printed.out);
  const auto& pair = all["pairs"][0];
  CHECK(pair["with"]["measured_chip_s_per_sequence"] == 2.0);    // 2 s · 64 / 64
  CHECK(pair["without"]["measured_chip_s_per_sequence"] == 1.5); // 3 s · 32 / 64
  CHECK(pair["measured_loss"].get<double>() == doctest::Approx(0.25));
  const double with = pair["with"]["predicted_chip_s_per_sequence"];
  const double without = pair["without"]["predicted_chip_s_per_sequence"];
  CHECK(pair["predicted_loss"].get<double>() == doctest::Approx(1 - without / with));
  CHECK(all["summary"]["families"]["family"]["count"] == 1);
  CHECK(all["summary"]["overall"]["mean_abs_difference"].get<double>() ==
        doctest::Approx(std::abs(pair["difference"].get<double>())));
  CHECK(test::command(line).out.find("+25.0 %") != std::string::npos);
  CHECK(test::command(line + " --format csv").out.find("family,p,wide,narrow,0.25,") != std::string::npos);
  CHECK(test::command(line + " --id wide").out == "no pair has both its runs among those asked for\n");
}

TEST_CASE("a summary counts signs, zero for itself, and leaves out what is not compared") {
  analysis::PairLoss both, neither, opposite, skipped;
  both.measured = 0.2, both.predicted = 0.1;
  opposite.measured = 0.1, opposite.predicted = -0.1;
  skipped.reason = "no measured step";
  const auto s = analysis::summary_of({&both, &neither, &opposite, &skipped});
  CHECK(s.count == 3);
  CHECK(s.same_sign == 2);
  CHECK(s.mean_difference == doctest::Approx(0.1));
}

TEST_CASE("a wrong id, a wrong key and sequences of two lengths are errors at their place") {
  const test::TemporaryFile runs("wrong-runs.yaml", test::file_of(three));
  const auto published = analysis::read_published({runs.path()});
  REQUIRE(published);
  const auto checked = [&](const std::string& pair) {
    const test::TemporaryFile file("wrong-pairs.yaml", pairs_file(pair));
    const auto families = analysis::read_pairs(file.path());
    if (!families) return families.error();
    const auto good = analysis::check_pairs(*families, *published);
    REQUIRE(!good);
    return good.error();
  };
  const Error id = checked("  - {name: p, with: wide, without: narow}\n");
  CHECK(id.message == "no run `narow`");
  CHECK(id.where.line == 5);
  CHECK(id.where.column == 36);
  CHECK(id.hint == "did you mean `narrow`?");
  const Error key = checked("  - {name: p, with: wide, whithout: narrow}\n");
  CHECK(key.message.find("whithout") != std::string::npos);
  CHECK(key.where.line == 5);
  CHECK(checked("  - {name: p, with: wide, without: wide}\n").message == "`wide` is the run with it");
  const Error sequence = checked("  - {name: p, with: wide, without: long}\n");
  CHECK(sequence.message == "sequences of `wide` have 2048 tokens, those of `long` 4096");

  const test::TemporaryFile file("printed-pairs.yaml", pairs_file("  - {name: p, with: wide, without: narow}\n"));
  const auto printed =
      test::command(fmt::format("{} validate {} --pairs-file {} 2>&1", WEFT_BINARY, runs.path(), file.path()));
  CHECK(printed.code == 2);
  CHECK(printed.out.find(file.path() + ":5:36: error: no run `narow`") != std::string::npos);
}

TEST_CASE("the project's own pairs name runs that it carries; views exclude each other") {
  const auto families = analysis::read_pairs(analysis::own_pairs());
  if (!families) FAIL(render(families.error()));
  const auto runs = analysis::read_published({analysis::own_runs()});
  REQUIRE(runs);
  if (auto good = analysis::check_pairs(*families, *runs); !good) FAIL(render(good.error()));
  CHECK(families->size() == 6);
  const std::string weft = std::string(WEFT_BINARY) + " validate ";
  CHECK(test::command(weft + "--pairs --plan-choice 2>/dev/null").code == 2);
  CHECK(test::command(weft + "--pairs --max-median 0.1 2>/dev/null").code == 2);
  CHECK(test::command(weft + "--pairs-file nowhere.yaml 2>/dev/null").code == 2);
  const auto printed = test::command(weft + "--pairs --group korthikanti22 --format json");
  CHECK(printed.code == 0);
  const auto pair = nlohmann::json::parse(printed.out)["pairs"][0];
  CHECK(pair["measured_loss"].get<double>() == doctest::Approx(1 - 37.83 / 39.15));
}
