// Does `weft sensitivity` say what changed runs say, and does it know a tie?
#include "analysis/sensitivity.hpp"
#include "tests/random_worlds.hpp"
#include "tests/support.hpp"

#include <nlohmann/json.hpp>
#include <set>

using namespace weft;
using namespace weft::analysis;

namespace {

const std::vector<std::string> small{"model=llama3-8b", "plan={tp: 4, pp: 4, dp: 4, zero: 1, microbatch: 2}",
                                     "training.global_batch=64", "training.sequence=2048", "cluster.accelerators=64"};

Sensitivity of(const std::string& scenario, const std::vector<std::string>& sets) {
  auto out = sensitivity(case_of(test::load(scenario, sets)), {}, 2);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
const KnobEffect& effect(const Sensitivity& s, std::string_view name) {
  for (const KnobEffect& e : s.knobs)
    if (e.knob->name == name) return e;
  FAIL("no such knob: " << std::string(name));
  return s.knobs.front();
}
double step(const std::vector<std::string>& sets, const std::string& more) {
  auto all = sets;
  for (std::size_t from = 0; from < more.size();) { // as a person pastes it: one --set a word
    const std::size_t to = std::min(more.find(" plan.", from), more.size());
    all.push_back(more.substr(from, to - from));
    from = to + 1;
  }
  return test::simulate("llama3-405b-16k", all).run.step_time;
}

} // namespace

TEST_CASE("a changed number gives the step that --set gives") {
  const Sensitivity s = of("llama3-405b-16k", small);
  CHECK(s.base.step_s == step(small, "plan.tp=4"));
  const std::pair<const char*, const char*> doubled[] = {
      {"NIC bandwidth", "cluster.node.nics.bandwidth=800 Gbit/s"},
      {"HBM bandwidth", "cluster.node.accelerator.memory_bandwidth=6700 GB/s"},
      {"scale-up bandwidth", "cluster.node.accelerator.scale_up.bandwidth=900 GB/s"}};
  for (const auto& [name, set] : doubled) {
    CAPTURE(std::string(name));
    REQUIRE(effect(s, name).doubled);
    CHECK(effect(s, name).doubled->step_s == doctest::Approx(step(small, set)).epsilon(1e-12));
  }
  const auto& theft = effect(s, "core theft");
  REQUIRE(theft.none);
  CHECK(theft.none->step_s == step(small, "cluster.node.accelerator.overlap_slowdown=0"));
  CHECK(theft.none->ratio < theft.halved->ratio);
}

TEST_CASE("ten percent more or less is what the elasticity says, to second order") {
  const Sensitivity s = of("llama3-405b-16k", small);
  for (const KnobEffect& e : s.knobs) {
    if (!e.elasticity || !e.minus10 || !e.plus10) continue;
    CAPTURE(std::string(e.knob->name));
    const double across = std::log(e.plus10->ratio / e.minus10->ratio) / std::log(1.1 / 0.9);
    CHECK(std::abs(across - *e.elasticity) < 0.02);
  }
}

TEST_CASE("what improves most comes first, and the sentence names it") {
  const Sensitivity s = of("llama3-405b-16k", small);
  double last = 0;
  for (const KnobEffect& e : s.knobs) {
    const double ratio = e.better() ? e.better()->ratio : 1;
    CHECK(ratio >= last);
    last = ratio;
  }
  const auto bought = std::find_if(s.knobs.begin(), s.knobs.end(), [](const auto& e) { return e.knob->bought; });
  CHECK(first(s).find(std::string(bought->knob->name)) != std::string::npos);
}

TEST_CASE("uplinks exactly as wide as the cards below them are at a tie, and wider ones are not") {
  auto at = [](double oversubscription) {
    return std::vector<std::string>{"model=llama3-8b",
                                    "plan={tp: 1, dp: 64, zero: 3}",
                                    "training.global_batch=64",
                                    "training.sequence=512",
                                    "cluster.accelerators=64",
                                    "stack.host.none.dense=0 ms",
                                    fmt::format("cluster.fabric.tiers=[{}]", test::tier("rack", 8, oversubscription))};
  };
  const auto tied = of("llama3-405b-16k", at(1)), slack = of("llama3-405b-16k", at(0.5)),
             tight = of("llama3-405b-16k", at(4));
  const auto& e = effect(tied, "oversubscription");
  CHECK(e.tie());
  CHECK(e.below == doctest::Approx(0).epsilon(1e-9));
  CHECK(e.above > 0.1);
  CHECK(sensitivity_text(tied).find("at a tie") != std::string::npos);
  CHECK_FALSE(effect(slack, "oversubscription").tie());
  CHECK(*effect(slack, "oversubscription").elasticity == doctest::Approx(0).epsilon(1e-9));
  CHECK_FALSE(effect(tight, "oversubscription").tie());
  CHECK(*effect(tight, "oversubscription").elasticity > 0.3);
}

TEST_CASE("memory acts through what has to be recomputed, and on what fits") {
  const Sensitivity s = of("korthikanti-22b", {});
  const auto& memory = effect(s, "HBM capacity");
  CHECK_FALSE(memory.elasticity);
  REQUIRE(memory.doubled);
  CHECK(memory.doubled->recompute == workloads::Recompute::none);
  CHECK(memory.doubled->step_s == test::simulate("korthikanti-22b", {"plan.recompute=none"}).run.step_time);
  REQUIRE(memory.halved);
  CHECK_FALSE(memory.halved->fits);
}

TEST_CASE("of a plan that does not fit it says what makes it fit") {
  const std::vector<std::string> tight{"plan={tp: 8, pp: 1, dp: 1}", "cluster.accelerators=8",
                                       "training.global_batch=8"};
  const std::vector<std::string> big{"model=llama3-70b", "training.sequence=8192"};
  auto sets = tight;
  sets.insert(sets.end(), big.begin(), big.end());
  const Sensitivity s = of("llama3-405b-16k", sets);
  CHECK_FALSE(s.base.fits());
  REQUIRE(effect(s, "HBM capacity").doubled); // 152 of 80 GiB
  CHECK(effect(s, "HBM capacity").doubled->fits);
  CHECK(first(s).starts_with("The plan does not fit in memory. What makes it fit: "));
  CHECK(first(s).find("twice the HBM capacity") != std::string::npos);
  CHECK(first(s).find("first") == std::string::npos);

  sets.back() = "training.sequence=8192";
  sets.push_back("cluster.node.accelerator.memory_capacity=20 GiB");
  CHECK(first(of("llama3-405b-16k", sets)) ==
        "The plan does not fit in memory. No hardware number, doubled by itself, and no neighbour of the plan makes it "
        "fit.");
}

TEST_CASE("a scale-up domain grows where a switch or a second tier can, and stays where ports would be missing") {
  const Knob& domain = *find_knob("scale-up domain");
  auto grown = [&](const char* scenario, double factor, const std::vector<std::string>& sets = {}) {
    return scaled(case_of(test::load(scenario, sets)), domain, factor);
  };
  const auto switched = grown("llama3-405b-16k", 2);
  REQUIRE(switched);
  CHECK(switched->cluster.domain == 16);
  CHECK(switched->cluster.node.nics.per_node == 16); // cards come along
  CHECK(grown("llama3-405b-16k-910c", 2)->cluster.domain == 768);
  CHECK_FALSE(grown("llama3-405b-16k-910b", 2)); // a full mesh
  CHECK_FALSE(grown("llama3-405b-16k", 4));      // a rack holds 16
  CHECK_FALSE(grown("korthikanti-22b", 2));      // one domain, and nothing known of what is beyond it
  CHECK_FALSE(grown("korthikanti-22b", 0.5));
  CHECK_FALSE(grown("llama3-405b-16k", 1.0 / 16));
}

TEST_CASE("neighbours of a plan are legal, differ, and are what --set says they are") {
  auto sets = small;
  const Case c = case_of(test::load("llama3-405b-16k", sets));
  const auto plans = neighbours(c);
  CHECK(plans.size() >= 15);
  const Sensitivity s = of("llama3-405b-16k", small);
  CHECK(s.plans.size() == plans.size());
  std::set<std::string> names;
  for (const auto& [change, plan] : plans) {
    CAPTURE(change);
    CHECK(names.insert(change).second);
    CHECK(plan.ranks() == c.scenario.plan.ranks());
    const auto found = std::find_if(s.plans.begin(), s.plans.end(), [&](const auto& p) { return p.change == change; });
    REQUIRE(found != s.plans.end());
    CHECK(found->to.step_s == step(small, change));
  }
}

TEST_CASE("text, JSON and CSV of `weft sensitivity` keep their contract") {
  const std::string line = fmt::format("'{}' sensitivity korthikanti-22b", WEFT_BINARY);
  const auto json = nlohmann::json::parse(test::command(line + " --format json").out);
  for (const char* key : {"scenario", "step_time_s", "tax", "fits", "knobs", "sum_rule", "plan", "first", "version"})
    CHECK(json.contains(key));
  CHECK(json["sum_rule"]["sum"].get<double>() == doctest::Approx(-1).epsilon(1e-4));
  for (const char* key : {"knob", "kind", "elasticity", "minus10", "plus10", "halved", "doubled"})
    CHECK(json["knobs"][0].contains(key));
  for (const char* key : {"change", "step_time_s", "ratio", "fits"})
    CHECK(json["plan"][0].contains(key));
  const auto one = test::command(line + " --jobs 1"), two = test::command(line + " --jobs 3");
  CHECK(one.code == 0);
  CHECK(one.out == two.out);
  CHECK(one.out.find("self-check") != std::string::npos);
  const std::string csv = test::command(line + " --format csv").out;
  CHECK(csv.starts_with("what,kind,elasticity,"));
}

TEST_CASE("the page shows what `weft sensitivity` prints") {
  const std::string text = test::text_of("analysis/docs/sensitivity.md");
  const std::string open = "<!-- weft sensitivity llama3-405b-16k -->\n```text\n", close = "```\n<!-- end -->";
  const auto from = text.find(open), to = text.find(close);
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  const auto printed = test::command(fmt::format("'{}' sensitivity llama3-405b-16k", WEFT_BINARY));
  CHECK(text.substr(from + open.size(), to - from - open.size()) == printed.out);
}
