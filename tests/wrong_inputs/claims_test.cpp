// Are claims that ask for what does not exist refused at their place, with exit 2 and an empty stdout?
#include "tests/analysis/small_claims.hpp"

#include <fmt/format.h>
#include <fstream>
#include <sstream>

using namespace weft;
using test::claim_of;
using test::reading;

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

/// `text` is part of what is said; `place`, where given, stands before it as file:line:col.
void refused(const Files& files, const std::string& place, const std::string& text, const std::string& asked = {}) {
  const test::TemporaryFolder folder(files);
  const auto stdout_of = test::command(
      fmt::format("'{}' claims --claims-folder '{}' {} 2>'{}/said'", WEFT_BINARY, folder.path(), asked, folder.path()));
  std::ostringstream stderr_of;
  stderr_of << std::ifstream(folder.path() + "/said").rdbuf();
  const std::string said = stderr_of.str();
  CAPTURE(said);
  CAPTURE(text);
  CHECK(stdout_of.code == 2);
  CHECK(stdout_of.out.empty());
  const std::string start = place.empty() ? "" : fmt::format("{}/{}: error: ", folder.path(), place);
  CHECK(said.find(start + text) != std::string::npos);
}
void refused_reading(const std::string& reading, const std::string& column, const std::string& text) {
  refused({{"worlds.yaml", test::small_worlds}, {"1.yaml", claim_of({reading})}}, "1.yaml:7:" + column, text);
}
/// `from`, once in the file of worlds, replaced.
void refused_worlds(const std::string& from, const std::string& to, const std::string& place, const std::string& text,
                    const std::string& claim = claim_of({reading("tax", "h100")})) {
  std::string worlds = test::small_worlds;
  const auto at = worlds.find(from);
  REQUIRE(at != std::string::npos);
  worlds.replace(at, from.size(), to);
  refused({{"worlds.yaml", worlds}, {"1.yaml", claim}}, place.empty() ? "" : "worlds.yaml:" + place, text);
}

} // namespace

TEST_CASE("readings of what is not there are refused, with what was meant") {
  refused_reading(reading("taxes", "h100"), "5", "unknown metric `taxes`");
  refused_reading(reading("chips for chips", "h100"), "5", "unknown metric `chips for chips`");
  refused_reading(reading("tax", "h1000"), "5", "no hardware `h1000` in worlds.yaml");
  refused_reading(reading("tax", "h100", "", "16", "singel"), "5", "no workload `singel` in worlds.yaml");
  refused_reading(reading("tax", ""), "5", "reading has no hardware");
  refused_reading(reading("tax", "h100", "", "16", ""), "5", "reading has no workload");
  refused_reading(reading("tax", "h100", "", ""), "5", "reading has no accelerators");
  refused_reading(reading("tax", "h100", "", "0"), "5", "accelerators are 1 or more");
  refused_reading(reading("tax", "h100", "", "-8"), "5", "accelerators are 1 or more");
  for (const auto& [name, near] : {std::pair{"taxs", "tax"}, std::pair{"output lots", "output lost"}})
    refused({{"worlds.yaml", test::small_worlds}, {"1.yaml", claim_of({reading(name, "h100")})}}, "",
            fmt::format("did you mean `{}`?", near));
  refused({{"worlds.yaml", test::small_worlds}, {"1.yaml", claim_of({reading("tax", "h10")})}}, "",
          "did you mean `h100`?");
}

TEST_CASE("comparisons, changes and counts that lack a side are refused") {
  refused_reading(reading("output lost", "h100"), "5", "`output lost` compares: it needs `against`");
  refused_reading(reading("accelerators to match", "h100"), "5", "`accelerators to match` compares");
  refused_reading(reading("gap closed", "h100", "against: {hardware: h800}"), "5",
                  "`gap closed` is of a change: it needs `set` or `take_network`");
  refused_reading(reading("output lost", "h100", "against: {hardware: h80}"), "5", "no hardware `h80` in worlds.yaml");
  for (const char* sides : {"against: {hardware: h800}", "fleet: 10, against: {hardware: h800}",
                            "against: {hardware: h800, fleet: 10}", "fleet: 0, against: {hardware: h800, fleet: 10}",
                            "fleet: -5, against: {hardware: h800, fleet: 10}", "fleet: 10"})
    for (const char* metric : {"fleet", "nominal fleet"})
      refused_reading(reading(metric, "h100", sides), "5", fmt::format("`{}` counts: it needs `fleet`", metric));
  refused_reading(reading("energy", "h100", "location: atlantis, against: {hardware: h800}"), "5",
                  "unknown location `atlantis`");
  refused_reading(reading("energy", "h100", "against: {hardware: h800, location: atlantis}"), "5",
                  "unknown location `atlantis`");
  refused_reading(reading("tax", "h100", "location: china-hub"), "5", "`tax` does not depend on a `location`");
  refused_reading(reading("accelerators to match", "h100", "against: {hardware: h800, location: china-hub}"), "5",
                  "`accelerators to match` does not depend on a `location`, or takes each chip's own");
  refused_reading(reading("tax", "h100", "fleet: 10"), "5", "`tax` counts no `fleet`");
  refused({{"worlds.yaml", test::small_worlds},
           {"1.yaml", claim_of({reading("tax", "h100", "against: {accelerators: 0}")})}},
          "", "accelerators must be at least 1");
}

TEST_CASE("thresholds that nothing can be within are refused") {
  refused({{"worlds.yaml", test::small_worlds},
           {"1.yaml", claim_of({reading("tax", "h100", "holds: {at_least: 0.5, at_most: 0.3}")})}},
          "1.yaml:7:104", "`at_least` is more than `at_most`");
  refused({{"worlds.yaml", test::small_worlds}, {"1.yaml", claim_of({reading("tax", "h100", "holds: {}")})}},
          "1.yaml:7:104", "a threshold has `at_least`, `at_most` or both");
  refused({{"worlds.yaml", test::small_worlds}, {"1.yaml", claim_of({reading("tax", "h100", "holds: {atleast: 1}")})}},
          "", "unknown key `atleast` in threshold");
  refused(
      {{"worlds.yaml", test::small_worlds}, {"1.yaml", claim_of({reading("tax", "h100", "holds: {at_least: no}")})}},
      "1.yaml:7:115", "");
}

TEST_CASE("worlds without plans, batches or hardware are refused") {
  const std::string single = "      - {tp: 8, microbatch: 1, schedule: 1f1b, zero: 1, recompute: auto}\n  huge";
  const std::string scenario =
      "single:\n    scenario: {model: llama3-8b, training: {sequence: 8192, precision: bf16}}\n"
      "    batch: {8: 32}\n    plans:\n";
  refused_worlds(scenario + single, scenario + "      []\n  huge", "13:7", "`plans` is empty");
  auto plan = [&](const std::string& text, const std::string& place, const std::string& wrong) {
    refused_worlds(scenario + single, scenario + "      - " + text + "\n  huge", place, wrong);
  };
  plan("{tp: 8, pq: 2}", "13:17", "unknown key `pq` in plan");
  plan("{tp: 0}", "13:14", "tp must be between 1 and");
  plan("{tp: [2, 0]}", "13:18", "tp must be between 1 and");
  plan("{tp: -2}", "13:14", "tp must be between 1 and");
  plan("{tp: []}", "13:14", "`tp` is an empty list");
  plan("{tp: eight}", "13:14", "");
  plan("{tp: 8, dp: 2}", "13:21", "dp is what the ranks leave");
  plan("{tp: 8, zero: [1, 2]}", "13:23", "");
  plan("tp 8", "13:9", "expected a map");
  plan("{tp: 100000000, cp: 100000000, pp: 100000000}", "13:9", "a replica has more than 100000000 ranks");
  plan("{tp: 8, schedule: never}", "13:27", "");
  auto batch = [&](const std::string& text, const std::string& place, const std::string& wrong) {
    refused_worlds("batch: {8: 32}", "batch: " + text, place, wrong);
  };
  batch("{}", "11:12", "`batch` is empty");
  batch("{8: 0}", "11:13", "accelerators and sequences are 1 or more");
  batch("{0: 8}", "11:13", "accelerators and sequences are 1 or more");
  batch("{many: 8}", "11:13", "`many` is not a plain decimal integer");
  batch("32", "11:12", "expected a map");
  refused_worlds("    batch: {8: 32}\n", "", "10:5", "workload lacks `batch`");
  refused_worlds(", stack: mindspeed-2024}\n", "}\n", "", "hardware lacks `stack`");
  refused_worlds("{name: h100-meta-24k-roce}", "{name: nowhere}", "", "unknown cluster `nowhere`");
  refused_worlds("single:\n    scenario: {model: llama3-8b, training: {sequence: 8192, precision: bf16}}",
                 "single:\n    scenario: {model: llama3-8b}", "", "the workload's scenario lacks `training`");
  refused_worlds("single:\n    scenario: {model: llama3-8b,", "single:\n    scenario: {model: llama3-8bb,", "",
                 "unknown model `llama3-8bb`");
}

TEST_CASE("overrides of a reading that cannot be read are refused") {
  auto set = [](const std::string& what, const std::string& text) {
    refused({{"worlds.yaml", test::small_worlds}, {"1.yaml", claim_of({reading("tax", "h100", what)})}}, "", text);
  };
  set("set: [training.seqence=1024]", "unknown key `seqence`");
  set("set: [training.sequence]", "");
  set("set: [cluster.node.nics.bandwidth=fast]", "");
}

TEST_CASE("folders that hold no claims, or one twice, are refused") {
  const std::string one = claim_of({reading("tax", "h100")});
  refused({}, "", "worlds.yaml");
  refused({{"1.yaml", one}}, "", "worlds.yaml");
  refused({{"worlds.yaml", test::small_worlds}}, "", "no claim in ");
  refused(
      {{"worlds.yaml", test::small_worlds}, {"1.yaml", one}, {"2.yaml", claim_of({reading("tax", "h100")}, 1, "b")}},
      "2.yaml:1:1", "claim 1 (b) is there twice");
  refused({{"worlds.yaml", test::small_worlds}, {"1.yaml", one}, {"2.yaml", claim_of({reading("tax", "h100")}, 2)}},
          "2.yaml:1:1", "claim 2 (small) is there twice");
  refused(
      {{"worlds.yaml", test::small_worlds}, {"1.yaml", "number: 1\nname: a\nstatement: b\nsource: c\nreadings: []\n"}},
      "1.yaml:1:1", "claim has no reading");
  refused(
      {{"worlds.yaml", test::small_worlds}, {"1.yaml", "number: 0\nname: a\nstatement: b\nsource: c\nreadings: []\n"}},
      "1.yaml:1:9", "number must be at least 1");
  refused({{"worlds.yaml", test::small_worlds}, {"1.yaml", "number: 1\nname: a\nstatement: b\nreadings: []\n"}},
          "1.yaml:1:1", "claim lacks `source`");
  refused({{"worlds.yaml", "hardware: {}\n"}, {"1.yaml", one}}, "worlds.yaml:1:1", "file of worlds lacks `workloads`");
}

TEST_CASE("claims that nobody made are refused, with what was meant") {
  const Files files{{"worlds.yaml", test::small_worlds},
                    {"1.yaml", claim_of({reading("tax", "h100")}, 1, "communication")},
                    {"2.yaml", claim_of({reading("tax", "h100")}, 2, "caps")}};
  refused(files, "", "no claim `comunication`", "comunication");
  refused(files, "", "did you mean `communication`?", "comunication");
  refused(files, "", "no claim `3`", "1 3");
  refused(files, "", "known: communication, caps", "whatever-else");
  refused(files, "", "--samples", "--samples 7");
  refused(files, "", "--jobs", "--jobs 0");
  refused(files, "", "--format", "--format xml");
}
