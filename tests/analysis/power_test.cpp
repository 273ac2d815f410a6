// Does the power model say what published machines and sites draw, and does it keep unknown what is unknown?

#include "analysis/power.hpp"

#include "analysis/headline.hpp"
#include "analysis/power_print.hpp"
#include "platforms/catalog.hpp"
#include "tests/support.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

using namespace weft;
using namespace weft::analysis;

namespace {

platforms::Cluster cluster_of(const std::string& name, std::int64_t accelerators = 0) {
  auto spec = parse_document(accelerators ? fmt::format("{{name: {}, accelerators: {}}}", name, accelerators)
                                          : fmt::format("{{name: {}}}", name),
                             "t");
  REQUIRE(spec);
  auto out = platforms::read_cluster(*spec);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}

/// A second of nothing but one entry.
Headline second_of(sim::Entry entry) {
  Headline h;
  h.step_s = 1;
  h.tokens_per_s = 1e6;
  h.effective_flops = 1e18;
  h.where[std::size_t(entry)] = 1;
  return h;
}

Power power_in(const platforms::Cluster& cluster, const Headline& h, const std::string& location = {}) {
  auto out = power_at(cluster, h, location);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}

/// Predicted over published − 1, printed.
double off(const std::string& what, double predicted, double published) {
  const double error = predicted / published - 1;
  MESSAGE(what << ": " << predicted << " for " << published << ", " << fmt::format("{:+.1f} %", 100 * error));
  return std::abs(error);
}

/// Figures printed in analysis/docs/power.md, so that the page cannot say otherwise.
void shown(const std::string& text) {
  CHECK_MESSAGE(test::text_of("analysis/docs/power.md").find(text) != std::string::npos, text);
}

} // namespace

TEST_CASE("rated sites are as large as published ones") {
  const Headline busy = second_of(sim::Entry::useful);
  const Power colossus = power_in(cluster_of("h100-colossus"), busy, "us-hyperscale");
  const double site = colossus.facility_rated.value->value;
  const double it_each = site / colossus.location.pue->value / 100000;
  CHECK(off("Colossus, 100,000 H100: MW against 150", site / 1e6, 150) < 0.06);
  CHECK(off("Colossus: MW against Epoch's 181", site / 1e6, 181) < 0.2);
  CHECK(off("IT kW an H100 against 1.43 (Epoch's clusters)", it_each / 1e3, 1.43) < 0.05);
  CHECK(off("IT kW an H100 against 1.5 (SemiAnalysis)", it_each / 1e3, 1.5) < 0.1);
  const double eagle = power_in(cluster_of("h100-eagle", 14400), busy, "us-hyperscale").facility_rated.value->value;
  CHECK(off("Eagle, 14,400 H100: MW against 20.9", eagle / 1e6, 20.9) < 0.1);
  const Power pangu = power_in(cluster_of("910b-pangu-ultra-moe"), busy);
  const double npus = double(cluster_of("910b-pangu-ultra-moe").accelerators);
  CHECK(off("6,000 910B: MW against 4.8", pangu.facility_rated.value->value * 6000 / npus / 1e6, 4.8) < 0.25);
  shown(fmt::format("| {:.1f} MW | 150 MW | {:+.1f} % |", site / 1e6, 100 * (site / 150e6 - 1)));
  shown(fmt::format("| {:.1f} MW | 181 MW | {:+.1f} % |", site / 1e6, 100 * (site / 181e6 - 1)));
  shown(fmt::format("| {:.2f} kW | 1.43 kW | {:+.1f} % |", it_each / 1e3, 100 * (it_each / 1430 - 1)));
  shown(fmt::format("| {:.2f} kW | 1.50 kW | {:+.1f} % |", it_each / 1e3, 100 * (it_each / 1500 - 1)));
  shown(fmt::format("| {:.1f} MW | 20.9 MW | {:+.1f} % |", eagle / 1e6, 100 * (eagle / 20.9e6 - 1)));
  const double hub = pangu.facility_rated.value->value * 6000 / npus;
  shown(fmt::format("| {:.1f} MW | 4.8 MW | {:+.1f} % |", hub / 1e6, 100 * (hub / 4.8e6 - 1)));
}

TEST_CASE("a supernode of 384 Ascend 910C is what its maker's critics count, and its own chips less than half of it") {
  const Power p = power_in(cluster_of("910c-cloudmatrix"), second_of(sim::Entry::useful), "china-hub");
  CHECK(p.facility_rated.value->value / p.location.pue->value == doctest::Approx(559e3).epsilon(1e-3));
  CHECK(p.racks.value->value == 16);
  CHECK(p.hardware.value->value == doctest::Approx(8.2e6).epsilon(1e-3));
  CHECK(p.network.value->value == 0); // counted in the node
  CHECK(384 * 700 < 559e3 / 2);
}

TEST_CASE("nodes under load draw what was measured on them") {
  const Headline busy = second_of(sim::Entry::useful);
  const Power h100 = power_in(cluster_of("h100-superpod", 8), busy),
              a100 = power_in(cluster_of("a100-superpod", 8), busy);
  const auto node = [](const Power& p) { return 8 * (p.accelerator.value->value + p.overhead.value->value); };
  CHECK(off("8 x H100 against 76 % of 10.2 kW", node(h100), 0.76 * 10200) < 0.05);
  CHECK(off("8 x H100 against the 8.4 kW seen at most", node(h100), 8400) < 0.1);
  CHECK(off("8 x A100 in GEMM against 4.5 kW", node(a100), 4500) < 0.12);
  CHECK(h100.network.value->value == 0); // one node needs no switch
  shown(fmt::format("| {:.2f} kW | 7.75 kW | {:+.1f} % |", node(h100) / 1e3, 100 * (node(h100) / 7752 - 1)));
  shown(fmt::format("| {:.2f} kW | 4.50 kW | {:+.1f} % |", node(a100) / 1e3, 100 * (node(a100) / 4500 - 1)));
}

TEST_CASE("watts follow what a chip does, and sums are sums") {
  const auto cluster = cluster_of("h100-superpod", 1024);
  const auto watts = [&](sim::Entry e) { return power_in(cluster, second_of(e)).accelerator.value->value; };
  CHECK(watts(sim::Entry::useful) == doctest::Approx(0.95 * 700));
  CHECK(watts(sim::Entry::useful) == watts(sim::Entry::below_peak));
  CHECK(watts(sim::Entry::useful) > watts(sim::Entry::memory_bound));
  CHECK(watts(sim::Entry::memory_bound) > watts(sim::Entry::dp));
  CHECK(watts(sim::Entry::dp) > watts(sim::Entry::bubble));

  Headline mixed = second_of(sim::Entry::useful);
  mixed.where[std::size_t(sim::Entry::useful)] = 0.25;
  mixed.where[std::size_t(sim::Entry::bubble)] = 0.75;
  const Power p = power_in(cluster, mixed);
  CHECK(p.accelerator.value->value ==
        doctest::Approx(0.25 * watts(sim::Entry::useful) + 0.75 * watts(sim::Entry::bubble)));
  const double it = 1024 * (p.accelerator.value->value + p.overhead.value->value + p.network.value->value);
  CHECK(p.facility.value->value == doctest::Approx(it * p.location.pue->value));
  CHECK(p.energy_per_step.value->value == doctest::Approx(p.facility.value->value * 1));
  CHECK(p.energy_per_token.value->value * mixed.tokens_per_s == doctest::Approx(p.facility.value->value));
  CHECK(p.dollars_per_hour.value->value ==
        doctest::Approx(p.hardware_per_hour.value->value + p.electricity_per_hour.value->value));
  CHECK(p.dollars_per_token.value->value * mixed.tokens_per_s * 3600 ==
        doctest::Approx(p.dollars_per_hour.value->value));
  CHECK(p.dollars_per_effective_pflop_day.value->value * 1000 ==
        doctest::Approx(24 * p.dollars_per_hour.value->value)); // 1e18 FLOP/s
  for (const Amount* a : {&p.accelerator, &p.overhead, &p.network, &p.facility, &p.facility_rated, &p.energy_per_token,
                          &p.carbon_per_token, &p.hardware, &p.dollars_per_hour, &p.dollars_per_token}) {
    CHECK(a->value->low <= a->value->value);
    CHECK(a->value->high >= a->value->value);
  }
  CHECK(p.facility.evidence == Evidence::assumed); // PUE and waiting power are
}

TEST_CASE("what is unknown stays unknown, by name, and what is known is still said") {
  const Power h800 = power_in(cluster_of("h800-meta-24k-roce", 16384), second_of(sim::Entry::useful));
  CHECK(h800.location.name == "china-hub");
  CHECK(h800.by_default);
  CHECK(h800.facility.value); // rated like DGX H100
  CHECK_FALSE(h800.hardware.value);
  CHECK(h800.hardware.at_least->value == doctest::Approx(16384 * 7500.0)); // the network
  CHECK(h800.hardware.missing == std::vector<std::string>{"price of accelerator h800", "price of node hgx-h800"});
  CHECK_FALSE(h800.dollars_per_token.value);
  CHECK(h800.electricity_per_hour.value);

  const Power h20 = power_in(cluster_of("h20-roce", 1024), second_of(sim::Entry::useful));
  CHECK(h20.accelerator.value->value == doctest::Approx(0.95 * 400));
  CHECK_FALSE(h20.overhead.known());
  CHECK_FALSE(h20.facility.value);
  CHECK(h20.facility.missing == std::vector<std::string>{"rated power of node hgx-h20"});
  CHECK(h20.facility.at_least->value ==
        doctest::Approx(1024 * (0.95 * 400 + h20.network.value->value) * h20.location.pue->value));
  CHECK(h20.racks.missing == std::vector<std::string>{"accelerators in a rack of hgx-h20"});

  // One rank has no network, whose price would be known: "at least 0 dollars" would say nothing.
  const Power alone = power_in(cluster_of("b300-superpod", 1), second_of(sim::Entry::useful));
  CHECK_FALSE(alone.hardware.known());
  const auto said = nlohmann::json::parse(power_json(alone));
  CHECK(said["hardware_musd"]["evidence"].is_null()); // of nothing, not "measured"
  CHECK(said["racks"]["evidence"].is_null());
  CHECK(said["accelerator_w"]["evidence"] == "derived");

  const Power dt = power_in(cluster_of("950dt-superpod"), second_of(sim::Entry::useful));
  CHECK_FALSE(dt.accelerator.known());
  CHECK(dt.accelerator.missing == std::vector<std::string>{"design power of accelerator ascend-950dt"});
}

TEST_CASE("a figure of the base that is another chip's is not inherited") {
  for (const char* name : {"h800", "a800", "h200-sxm", "h100-96gb-500w", "a100-pcie-80", "ascend-910b1"}) {
    const auto chip = platforms::read_accelerator(name, {});
    REQUIRE(chip);
    CHECK_MESSAGE(chip->tdp, name);
    CHECK_MESSAGE(!chip->price, name);
  }
  const auto h100 = platforms::read_accelerator("h100-sxm", {});
  CHECK(h100->price->value.count() == 23238);
}

TEST_CASE("every location reads, and a cluster of two kinds of nodes adds up") {
  CHECK(platforms::catalog_names("locations").size() >= 4);
  for (const auto& name : platforms::catalog_names("locations")) {
    const auto place = platforms::read_location(name, {});
    if (!place) FAIL(render(place.error()));
    CHECK(place->name == name);
    CHECK(place->pue->value >= 1);
    CHECK(place->electricity);
    CHECK(place->grid_carbon);
  }
  const Headline busy = second_of(sim::Entry::useful);
  auto both = cluster_of("h100-superpod", 1024);
  platforms::Part first{both.accelerator, both.node, both.domain, 512}, second = first;
  both.parts = {first, second};
  const Power whole = power_in(cluster_of("h100-superpod", 1024), busy), halves = power_in(both, busy);
  CHECK(halves.facility.value->value == doctest::Approx(whole.facility.value->value));
  CHECK(halves.hardware.value->value == doctest::Approx(whole.hardware.value->value));
}

TEST_CASE("the page shows the section that the command prints") {
  const std::string page = test::text_of("analysis/docs/power.md"), open = "<!-- weft run --power -->\n```text\n";
  const auto from = page.find(open), to = page.find("```\n<!-- end -->", from);
  REQUIRE(from != std::string::npos);
  const std::string said = test::command(std::string(WEFT_BINARY) + " run llama3-405b-16k --power 2>/dev/null").out;
  CHECK(page.substr(from + open.size(), to - from - open.size()) == said.substr(said.find("POWER AND MONEY")));
}

TEST_CASE("the command says it in text and JSON, and a wrong place is an error before anything runs") {
  const std::string weft = WEFT_BINARY;
  const auto text = test::command(weft + " run korthikanti-22b --power --location china-mean 2>/dev/null");
  CHECK(text.code == 0);
  CHECK(text.out.find("POWER AND MONEY") != std::string::npos);
  CHECK(text.out.find("At china-mean: PUE 1.46") != std::string::npos);
  const auto json = test::command(weft + " run korthikanti-22b --power --format json 2>/dev/null");
  const auto parsed = nlohmann::json::parse(json.out);
  const auto& power = parsed["power"];
  CHECK(power["location"] == "us-hyperscale");
  CHECK(power["location_by_default"] == true);
  CHECK(power["accelerator_w"]["value"].get<double>() > 100);
  bool sourced = false;
  for (const auto& line : parsed["evidence"])
    sourced = sourced || (line["figure"] == "node.power_max" && line["value"] == "6.5 kW");
  CHECK(sourced);
  const auto csv = test::command(weft + " run korthikanti-22b --power --format csv 2>/dev/null").out;
  CHECK(csv.find(",location,accelerator_w,") != std::string::npos);
  CHECK(csv.find(",us-hyperscale,") != std::string::npos);
  CHECK(power["usd_per_h"]["value"].is_null());
  CHECK(power["usd_per_h"]["at_least"].get<double>() > 0);
  CHECK(test::command(weft + " run korthikanti-22b --power --location mars 2>&1 >/dev/null").out ==
        "error: unknown location `mars`\nhint: `weft catalog locations` lists them\n");
  CHECK(test::command(weft + " run korthikanti-22b --power --location mars 2>/dev/null").code == 2);
  CHECK(test::command(weft + " run korthikanti-22b --location us-hyperscale 2>/dev/null").code == 2); // without --power
  namespace fs = std::filesystem;
  const fs::path file = fs::temp_directory_path() / fmt::format("weft-place-{}.yaml", ::getpid());
  std::ofstream(file) << "name: cellar\npue: {value: 0.9, source: x, evidence: assumed}\n";
  const std::string there = weft + " run korthikanti-22b --power --location " + file.string();
  CHECK(test::command(there + " 2>&1 >/dev/null").out.find(":2:6: error: pue must be at least 1") != std::string::npos);
  std::ofstream(file) << "name: cellar\npue: {value: 1.2, source: x, evidence: assumed}\n";
  const auto unpriced = test::command(there + " 2>/dev/null").out;
  CHECK(unpriced.find("At cellar: PUE 1.2, electricity price not known, grid carbon not known.") != std::string::npos);
  CHECK(unpriced.find("grid carbon of cellar; ") != std::string::npos);
  fs::remove(file);
}
