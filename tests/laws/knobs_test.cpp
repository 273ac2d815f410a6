// Do rates and times of the table of knobs hold every dimensioned number that a step is made of?
#include "analysis/knobs.hpp"
#include "analysis/sensitivity.hpp"
#include "tests/random_worlds.hpp"
#include "tests/support.hpp"

#include <map>

using namespace weft;

namespace {

struct Kind {
  const char* what;
  const char* scenario;
  std::vector<std::string> sets;
};

const std::string small = "model=llama3-8b";
const std::string sites = "cluster.sites={accelerators: 32, bandwidth: {value: 200 Gbit/s, source: test, evidence: "
                          "assumed}, kilometres: {value: 10, source: test, evidence: assumed}, efficiency: {value: "
                          "0.9, source: test, evidence: assumed}}";

/// One of each kind of fabric, plan and stack; small enough for a second together.
std::vector<Kind> kinds() {
  const std::string batch = "training.global_batch=64", tp_pp = "plan={tp: 8, pp: 2, dp: 4, zero: 1}";
  const std::string short_ = "training.sequence=2048", of_64 = "cluster.accelerators=64";
  const std::string reduce = "stack.collectives.all_reduce=", sums = "stack.all_reduces_gradients=true";
  return {{"one node", "korthikanti-22b", {}},
          {"pipeline on a Clos fabric", "korthikanti-175b", {}},
          {"Clos, ring", "llama3-405b-16k", {small, tp_pp, batch, of_64, short_}},
          {"Clos, trees", "llama3-405b-16k", {small, tp_pp, batch, of_64, short_, sums, reduce + "tree"}},
          {"Clos, switches' trees",
           "llama3-405b-16k",
           {small, "plan={tp: 4, pp: 1, dp: 16, zero: 1}", batch, of_64, short_, sums, reduce + "nvls-tree"}},
          {"Clos, reducing fabric",
           "llama3-405b-16k",
           {"cluster=h100-superpod", small, "plan={tp: 4, pp: 1, dp: 16, zero: 1}", batch, of_64, short_, sums,
            reduce + "sharp"}},
          {"full mesh", "llama3-405b-16k-910b", {small, tp_pp, batch, of_64, short_}},
          {"two tiers",
           "llama3-405b-16k-910c",
           {small, "plan={tp: 8, pp: 2, dp: 4, zero: 1}", batch, "cluster.accelerators=32", short_}},
          {"torus",
           "llama3-405b-16k",
           {"cluster=tpu-v5p-pod", small, "plan={tp: 4, dp: 16, zero: 1}", batch, of_64, "cluster.torus=[4, 4, 4]",
            short_, "stack=megatron-te-2025"}},
          {"PCIe", "llama3-405b-16k", {"cluster=a100-pcie-fire-flyer2", small, tp_pp, batch, of_64, short_}},
          {"sites", "llama3-405b-16k", {small, "cluster.fabric.tiers=[]", sites, tp_pp, batch, of_64, short_}},
          {"experts",
           "llama3-405b-16k",
           {"model=mixtral-8x7b", "plan={tp: 2, ep: 8, pp: 1, dp: 32, zero: 1}", batch, of_64, short_,
            "stack=megatron-te-2025"}},
          {"offloading",
           "llama3-405b-16k",
           {small, tp_pp, batch, of_64, short_, "plan.offload_layers=16",
            "cluster.node.accelerator.host_link={value: 1 GB/s, source: test, evidence: assumed}"}},
          {"zero 3", "llama3-405b-16k", {small, "plan={tp: 1, dp: 64, zero: 3}", batch, of_64, short_}}};
}

} // namespace

TEST_CASE("every rate of the knobs times k and every time over k: the step is k times shorter") {
  std::map<std::string, int> turned;
  for (const Kind& kind : kinds()) {
    CAPTURE(std::string(kind.what));
    auto sets = kind.sets;
    // What NCCL believes when it chooses is fixed in microseconds; the algorithm must not change.
    if (std::none_of(sets.begin(), sets.end(),
                     [](const auto& s) { return s.find("all_reduce=") != std::string::npos; }))
      sets.emplace_back("stack.collectives.all_reduce=ring");
    const auto base = analysis::case_of(test::load(kind.scenario, sets));
    auto faster = base;
    for (const analysis::Knob& knob : analysis::knobs()) {
      const bool rate = knob.kind == analysis::KnobKind::rate;
      if (!rate && knob.kind != analysis::KnobKind::time) continue;
      turned[std::string(knob.name)] += knob.scale(faster, rate ? 4.0 : 0.25);
    }
    const auto both = analysis::simulate_each({base, faster}, {}, 1);
    REQUIRE(both);
    CHECK(test::relative((*both)[1].step_s, (*both)[0].step_s / 4) < 1e-9);
    CHECK(test::relative((*both)[1].ideal_step_s, (*both)[0].ideal_step_s / 4) < 1e-9);
  }
  for (const analysis::Knob& knob : analysis::knobs()) // each was needed somewhere
    if ((knob.kind == analysis::KnobKind::rate || knob.kind == analysis::KnobKind::time) && knob.name != "dp ring rate")
      CHECK_MESSAGE(turned[std::string(knob.name)] > 0, std::string(knob.name));
}

TEST_CASE("elasticities of rates less those of times are -1 away from ties") {
  for (const Kind& kind : kinds()) {
    CAPTURE(std::string(kind.what));
    auto c = analysis::case_of(test::load(kind.scenario, kind.sets));
    double rates = 0, times = 0;
    bool tie = false;
    const auto slopes = analysis::elasticities(c, {}, 2);
    REQUIRE(slopes);
    for (const analysis::KnobEffect& e : *slopes) {
      if (!e.elasticity) continue;
      tie = tie || e.tie();
      if (e.knob->kind == analysis::KnobKind::rate) rates += *e.elasticity;
      if (e.knob->kind == analysis::KnobKind::time) times += *e.elasticity;
    }
    CAPTURE(fmt::format("{:.6f} - {:.6f}{}", rates, times, tie ? ", at a tie" : ""));
    WARN_FALSE(tie);
    CHECK(rates < 0);
    CHECK(times > 0);
    CHECK(std::abs(rates - times + 1) < 2e-4);
  }
}
