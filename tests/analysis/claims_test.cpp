// Does a claim's verdict follow from its values and bands, and do its outputs say what was found?

#include "analysis/bands.hpp"
#include "analysis/claim_metrics.hpp"
#include "tests/analysis/small_claims.hpp"

#include <nlohmann/json.hpp>
#include <set>

using namespace weft;
using namespace weft::analysis;
using doctest::Approx;
using test::holds;
using test::Judged;
using test::reading;
using test::verdict_of;

namespace {

std::vector<std::vector<std::string>> csv_rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      rows.back().emplace_back();
    else if (c == '\n' && !quoted)
      rows.push_back({""});
    else
      rows.back().back() += c;
  }
  rows.pop_back();
  return rows;
}
std::vector<std::string> keys_of(const nlohmann::ordered_json& json) {
  std::vector<std::string> out;
  for (const auto& item : json.items())
    out.push_back(item.key());
  return out;
}

} // namespace

TEST_CASE("a threshold holds from its edges on, and no further") {
  const double found = Judged({reading("tax", "h100")}).value(0);
  const double less = std::nextafter(found, 0), more = std::nextafter(found, 1);
  const Judged j({reading("tax", "h100", holds(found, {})), reading("tax", "h100", holds({}, found)),
                  reading("tax", "h100", holds(found, found)), reading("tax", "h100", holds(more, {})),
                  reading("tax", "h100", holds({}, less)), reading("tax", "h100", holds(less, more)),
                  reading("tax", "h100", holds(more, 1)), reading("tax", "h100", holds(0, less)),
                  reading("tax", "h100")});
  const Verdict want[] = {Verdict::yes, Verdict::yes, Verdict::yes, Verdict::no,  Verdict::no,
                          Verdict::yes, Verdict::no,  Verdict::no,  Verdict::none};
  for (std::size_t i = 0; i < std::size(want); ++i) {
    CAPTURE(i);
    CHECK(j.cell(i).verdict == want[i]);
    CHECK(j.at(i).yes == (want[i] == Verdict::yes));
    CHECK(j.at(i).no == (want[i] == Verdict::no));
    CHECK(j.at(i).open + j.at(i).without == 0);
  }
}

TEST_CASE("a band on both sides of a threshold leaves it open") {
  const std::string compared = "against: {hardware: h100}, ";
  const Cell plain = Judged({reading("energy", "910c", "against: {hardware: h100}")}).cell(0);
  REQUIRE(plain.low);
  const double low = *plain.low, high = *plain.high, value = *plain.value;
  const Judged j(
      {reading("energy", "910c", compared + holds(low, {})), reading("energy", "910c", compared + holds({}, high)),
       reading("energy", "910c", compared + holds(low, high)), reading("energy", "910c", compared + holds(value, {})),
       reading("energy", "910c", compared + holds({}, value)),
       reading("energy", "910c", compared + holds(std::nextafter(high, 1e9), {})),
       reading("energy", "910c", compared + holds({}, std::nextafter(low, 0))),
       reading("energy", "910c", compared + holds(value * 0.999, value * 1.001)),
       reading("energy", "910c", compared + holds(std::nextafter(low, 1e9), high))});
  const Verdict want[] = {Verdict::yes, Verdict::yes, Verdict::yes,  Verdict::open, Verdict::open,
                          Verdict::no,  Verdict::no,  Verdict::open, Verdict::open};
  for (std::size_t i = 0; i < std::size(want); ++i) {
    CAPTURE(i);
    CHECK(j.cell(i).verdict == want[i]);
    CHECK(j.at(i).open == (want[i] == Verdict::open));
  }
}

TEST_CASE("verdicts add up to the worlds, and conditions name only the axes that have several values") {
  const double tax = Judged({reading("tax", "h100", "", "8")}).value(0);
  const std::string judged = holds(std::nextafter(tax, 1), {});
  const Judged j({reading("tax", "h100, 910b", judged, "8, 16", "single, odd"), reading("tax", "h100, 910b", judged),
                  reading("tax", "h100", judged, "8, 16"), reading("tax", "910b", judged),
                  reading("tax", "h100, 910b", "", "8, 16")});
  CHECK(j.at(0).cells.size() == 8);
  for (const ReadingResult& r : j.results.front().readings) {
    std::size_t valued = 0;
    for (const Cell& cell : r.cells) {
      valued += cell.value.has_value();
      CHECK(cell.value.has_value() == cell.why.empty());
      if (r.reading->holds && cell.value) CHECK(cell.verdict == verdict_of(cell, *r.reading->holds));
    }
    CHECK(r.without + valued == r.cells.size());
    if (r.reading->holds) CHECK(r.yes + r.no + r.open == valued);
  }
  CHECK(j.at(0).without == 4);
  // In the order of the file: workload, hardware, size.
  CHECK(j.cell(0, 0).world.hardware == "h100");
  CHECK(j.cell(0, 1).world.accelerators == 16);
  CHECK(j.cell(0, 2).world.hardware == "910b");
  CHECK(j.cell(0, 4).world.workload == "odd");
  auto count = [&](std::size_t reading, auto of) {
    int yes = 0, all = 0;
    for (const Cell& cell : j.at(reading).cells)
      if (cell.value && of(cell)) {
        yes += cell.verdict == Verdict::yes;
        ++all;
      }
    return fmt::format("{} of {}", yes, all);
  };
  auto on = [](const std::string& hardware) {
    return [hardware](const Cell& c) { return c.world.hardware == hardware; };
  };
  auto with = [](std::int64_t size) { return [size](const Cell& c) { return c.world.accelerators == size; }; };
  // The workload that has no value in any world is no axis.
  CHECK(j.at(0).conditions == fmt::format("h100 {}, 910b {}; 8 {}, 16 {}", count(0, on("h100")), count(0, on("910b")),
                                          count(0, with(8)), count(0, with(16))));
  CHECK(j.at(0).yes > 0);
  CHECK(j.at(0).no > 0);
  CHECK(j.at(1).conditions == fmt::format("h100 {}, 910b {}", count(1, on("h100")), count(1, on("910b"))));
  CHECK(j.at(2).conditions == fmt::format("8 {}, 16 {}", count(2, with(8)), count(2, with(16))));
  CHECK(j.at(3).conditions.empty());
  CHECK(j.at(4).conditions.empty());
}

TEST_CASE("a claim of worlds that cannot run has no band and no verdict") {
  const test::TemporaryFolder folder(
      {{"worlds.yaml", test::small_worlds},
       {"1.yaml", test::claim_of({reading("tax", "h100", holds(0.1, {}), "16", "single")})},
       {"2.yaml", test::claim_of({reading("tax", "h100", holds(0.1, {}), "16", "odd")}, 2, "none")}});
  const ClaimSet set = test::claims_in(folder.path());
  ClaimOptions how;
  how.samples = least_samples;
  CHECK(judge(set, {&set.claims[0]}, how));
  const auto none = judge(set, {&set.claims[1]}, how);
  REQUIRE(none);
  CHECK(none->front().readings.front().without == 1);
  CHECK(claims_text(*none).find("Not settled") != std::string::npos);
  CHECK(judge(set, {}, how)->empty());
}

TEST_CASE("JSON has the documented keys, CSV as many fields as its header, and both are the same twice") {
  const std::vector<std::string> readings{
      reading("output lost", "h800, 910b", "against: {hardware: h100}, " + holds(0.1, 0.5), "8, 16", "single, odd"),
      reading("energy", "910c", "about: \"a, b\", against: {hardware: h100}")};
  const Judged j(readings), again(readings);
  const std::string text = claims_json(j.results);
  CHECK(text == claims_json(again.results));
  CHECK(claims_csv(j.results) == claims_csv(again.results));
  CHECK(claims_text(j.results) == claims_text(again.results));

  const auto json = nlohmann::ordered_json::parse(text);
  CHECK(keys_of(json).front() == "claims");
  const auto& claim = json["claims"][0];
  CHECK(keys_of(claim) == std::vector<std::string>{"number", "name", "statement", "source", "assumptions", "readings"});
  CHECK(claim["statement"] == "it is so, \"always\"");
  std::size_t cells = 0;
  for (const auto& r : claim["readings"]) {
    for (const char* key : {"name", "metric", "yes", "no", "open", "without_value", "conditions", "cells"})
      CHECK(r.contains(key));
    cells += r["cells"].size();
    for (const auto& cell : r["cells"]) {
      for (const char* key : {"workload", "hardware", "accelerators", "value", "verdict", "measured_runs", "best"})
        CHECK(cell.contains(key));
      CHECK(cell["value"].is_null() == cell.contains("why"));
      CHECK(cell["best"].contains("plan") == (cell["workload"] == "single"));
    }
  }
  CHECK(cells == 9);
  const auto& first = claim["readings"][0]["cells"][0];
  CHECK(first["value"] == *j.cell(0).value);
  CHECK(first["best"]["tokens_per_s"] == j.cell(0).best.headline.tokens_per_s);
  CHECK(first["compared"]["tokens_per_s"] == j.cell(0).other->headline.tokens_per_s);

  const auto rows = csv_rows(claims_csv(j.results));
  REQUIRE(rows.size() == 10);
  for (const auto& row : rows)
    CHECK(row.size() == rows.front().size());
  auto column = [&](const std::string& name) {
    return std::size_t(std::find(rows[0].begin(), rows[0].end(), name) - rows[0].begin());
  };
  for (const auto& row : rows) {
    if (&row == &rows.front() || row[column("workload")] == "single") continue;
    for (const char* name : {"value", "plan", "tokens_per_s_per_accelerator", "mfu_causal", "tax"})
      CHECK(row[column(name)].empty()); // nothing was simulated: no 0
    CHECK_FALSE(row[column("why")].empty());
  }
}

TEST_CASE("the project's own claims are nine, each with its source, and every world of them can be read") {
  const ClaimSet set = test::claims_in(own_claims());
  REQUIRE(set.claims.size() == 9);
  std::set<std::string> names;
  for (std::size_t i = 0; i < set.claims.size(); ++i) {
    const Claim& claim = set.claims[i];
    CHECK(claim.number == std::int64_t(i + 1));
    CHECK(names.insert(claim.name).second);
    CHECK_FALSE(claim.statement.empty());
    CHECK_FALSE(claim.source.empty());
    CHECK_FALSE(claim.readings.empty());
    bool judged = false;
    for (const Reading& r : claim.readings) {
      CAPTURE(claim.name + ": " + r.name);
      CHECK(metric(r.metric) != nullptr);
      judged |= r.holds.has_value();
      for (const std::string& hardware : r.hardware)
        CHECK(set.worlds.hardware.contains(hardware));
      for (const std::string& workload : r.workloads)
        CHECK(set.worlds.workloads.contains(workload));
    }
    CHECK(judged);
  }
  auto read = [&](const std::string& workload, const std::string& hardware) {
    World world;
    world.workload = workload;
    world.hardware = hardware;
    world.accelerators = 1024;
    const auto plans = plans_of(set.worlds, world);
    CAPTURE(world.key());
    REQUIRE(plans);
    CHECK_FALSE(plans->cases.empty());
  };
  for (const auto& [workload, what] : set.worlds.workloads) {
    CHECK_FALSE(what.about.empty());
    read(workload, "h100-ib");
  }
  for (const auto& [hardware, what] : set.worlds.hardware) {
    CHECK_FALSE(what.about.empty());
    for (const char* workload : {"dense-405b", "dense-70b", "moe-671b"})
      read(workload, hardware);
  }
}

TEST_CASE("every metric that compares says so, and has a name of its own and words") {
  std::set<std::string_view> names;
  for (const Metric& m : metrics()) {
    CHECK(names.insert(m.name).second);
    CHECK(bool(m.of));
    CHECK_FALSE(m.about.empty());
    CHECK(metric(m.name) == &m);
    if (m.changed || m.parity) CHECK(m.against);
  }
  CHECK(metric("taxes") == nullptr);
}
