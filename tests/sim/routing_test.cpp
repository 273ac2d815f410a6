// What do collisions cost, and does folding stay exact where every rank and every link is its own?
#include "tests/support.hpp"

#include "sim/estimate.hpp"
#include "sim/placement.hpp"

#include <fmt/format.h>
#include <numeric>
#include <random>

using namespace weft;

namespace {

std::string tier(const char* name, int accelerators, double oversubscription) {
  return fmt::format("{{name: {}, accelerators: {}, oversubscription: {{value: {}, source: test, evidence: assumed}}}}",
                     name, accelerators, oversubscription);
}
std::string routing(const char* how, int queue_pairs = 1) {
  return fmt::format("cluster.fabric={{kind: clos, routing: {}, queue_pairs: {}, tiers: [{}, {}]}}", how, queue_pairs,
                     tier("rack", 16, 1), tier("pod", 64, 2));
}

/// A ring of all of 128 ranks on 16 nodes, eight channels; nothing else.
struct Ring {
  analysis::Loaded loaded;
  platforms::Topology topology;
  sim::CollectivePricer pricer;
  explicit Ring(const std::string& how)
      : loaded(test::load("llama3-405b-16k", {"model=llama3-8b", "cluster.accelerators=128", how,
                                              "training.global_batch=128", "plan={dp: 128, zero: 0}"})),
        topology(loaded.cluster, 128), pricer(loaded.cluster) {}
  struct Cost {
    double seconds = 0;
    std::int64_t worst = 0; ///< flows on the fullest tier link that can limit
  };
  [[nodiscard]] Cost cost(std::uint64_t seed) const {
    const auto placement = test::placed(loaded.scenario, loaded.cluster, topology, seed);
    std::vector<double> capacity;
    for (const auto& link : placement.links)
      capacity.push_back(pricer.capacity(topology.link(link.id)));
    for (const auto& c : placement.communicators) {
      if (c.role != sim::Role::dp) continue;
      Cost out;
      out.seconds = pricer.isolated(workloads::CollectiveOp::all_reduce, Bytes(1e9), placement, c, capacity) -
                    pricer.price(workloads::CollectiveOp::all_reduce, Bytes(1e9), c).latency;
      for (const auto& use : placement.uses_of(c.patterns.front()))
        if (topology.link(placement.links[use.link].id).tier >= 0)
          out.worst = std::max(out.worst, placement.own_weight(c, use));
      return out;
    }
    return {};
  }
};

std::vector<std::string> small(const std::string& how) {
  return {"model=llama3-8b",
          "model.layers=8",
          "cluster.accelerators=128",
          how,
          "training={global_batch: 64, sequence: 2048, precision: bf16}",
          "plan={tp: 4, pp: 4, dp: 8, zero: 1, order: [tp, pp, dp]}"};
}

} // namespace

TEST_CASE("a ring over hashed links is slower by its worst collision") {
  const Ring balanced(routing("balanced")), hashed(routing("hashed"));
  const double alone = balanced.cost(0).seconds;
  int collided = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto cost = hashed.cost(seed);
    CHECK(cost.worst >= 1);
    CHECK(cost.seconds == doctest::Approx(alone * double(cost.worst)).epsilon(1e-12)); // links as fast as cards
    collided += cost.worst > 1;
  }
  CHECK(collided > 15);
  CHECK(hashed.cost(3).seconds == hashed.cost(3).seconds);
}

TEST_CASE("more queue pairs even out collisions, and never beat balanced routing") {
  const double alone = Ring(routing("balanced")).cost(0).seconds;
  auto mean = [&](int queue_pairs) {
    const Ring ring(routing("hashed", queue_pairs));
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      sum += ring.cost(seed).seconds / 10;
      CHECK(ring.cost(seed).seconds >= alone * (1 - 1e-12));
    }
    return sum;
  };
  const double one = mean(1), four = mean(4), many = mean(64);
  CHECK(four < one);
  CHECK(many < four);
  CHECK(many < 1.7 * alone);
}

TEST_CASE("hashed is no faster than balanced for a step of collectives in a row; adaptive is balanced to the bit") {
  auto at = [](const std::string& how, std::int64_t seed) {
    sim::Options options;
    options.seed = seed;
    return test::simulate("llama3-405b-16k", small(how), options);
  };
  const auto balanced = at(routing("balanced"), 0), adaptive = at(routing("adaptive"), 0);
  CHECK(balanced.run.step_time == adaptive.run.step_time);
  CHECK(balanced.run.step_time == at(routing("balanced"), 5).run.step_time);
  CHECK(at(routing("hashed"), 1).run.step_time == at(routing("hashed"), 1).run.step_time);
  CHECK(at(routing("hashed"), 1).run.step_time != at(routing("hashed"), 2).run.step_time);
  for (std::int64_t seed = 0; seed < 3; ++seed) {
    const auto hashed = at(routing("hashed", 2), seed);
    CHECK(hashed.run.step_time >= balanced.run.step_time);
    test::check_ledgers(hashed); // bytes are those of the closed forms, however they are cut
  }
}

TEST_CASE("folded equals unfolded with hashed routes and jitter: twelve random worlds") {
  std::mt19937 random(5);
  auto one_of = [&](auto... values) {
    const std::array all{values...};
    return all[random() % all.size()];
  };
  int ran = 0;
  while (ran < 12) {
    const int tp = one_of(1, 2, 4, 8), pp = one_of(1, 2, 4), dp = one_of(4, 6, 8), ep = one_of(1, 1, 2, 4);
    const int ranks = tp * pp * dp;
    std::vector<std::string> sets{ep > 1 ? "model=mixtral-8x7b" : "model=llama3-8b",
                                  fmt::format("model.layers={}", 4 * pp),
                                  "training.sequence=1024",
                                  fmt::format("training.global_batch={}", dp * pp * 2),
                                  fmt::format("cluster.accelerators={}", ranks),
                                  fmt::format("cluster.fabric.kind={}", one_of("clos", "rail-optimised", "rail-only")),
                                  "cluster.fabric.routing=hashed",
                                  fmt::format("cluster.fabric.queue_pairs={}", one_of(1, 1, 4)),
                                  fmt::format("cluster.fabric.tiers=[{}, {}]", tier("rack", 8, one_of(0.5, 1.0, 2.0)),
                                              tier("pod", 16, one_of(1.0, 3.0)))};
    sets.push_back(fmt::format("plan={{tp: {}, pp: {}, dp: {}, ep: {}, expert_tp: 1, zero: {}, order: {}}}", tp, pp, dp,
                               ep, one_of(0, 1, 2), one_of("[tp, pp, dp]", "[tp, dp, pp]")));
    if (one_of(0, 1) == 1)
      sets.emplace_back(
          "jitter={rank: {distribution: normal, spread: 0.02}, step: {distribution: exponential, spread: 0.01}}");
    if (one_of(0, 0, 1) == 1 && ranks % 32 == 0)
      sets.push_back(
          fmt::format("cluster.sites={{accelerators: {}, bandwidth: {{value: 100 GB/s, source: test, evidence: "
                      "assumed}}, kilometres: {{value: 100, source: test, evidence: assumed}}, efficiency: "
                      "{{value: 0.9, source: test, evidence: assumed}}}}",
                      ranks / 2));
    auto loaded = analysis::load_scenario("llama3-405b-16k", sets);
    if (!loaded || ranks < 16 ||
        !workloads::check_legal(loaded->scenario.model, loaded->scenario.training, loaded->scenario.plan, ranks))
      continue;
    ++ran;
    CAPTURE(fmt::format("{}", fmt::join(sets, " | ")));
    sim::Options options;
    options.seed = ran;
    const auto a = test::simulate(*loaded, options);
    options.fold = false;
    const auto b = test::simulate(*loaded, options);
    CHECK(test::relative(a.run.step_time, b.run.step_time) < 1e-9);
    CHECK(test::relative(a.ideal.step_time, b.ideal.step_time) < 1e-9);
    for (std::size_t i = 0; i < a.links.size(); ++i)
      CHECK(std::abs(a.links[i].bytes - b.links[i].bytes) <= 1e-9 * b.links[i].bytes);
    test::check_ledgers(a);
  }
}

TEST_CASE("the predicted number of activities is the counted one") {
  for (const auto& [scenario, sets] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{{"korthikanti-175b", {}},
                                                                     {"llama3-405b-16k", {}},
                                                                     {"llama3-405b-16k-910b", {}},
                                                                     {"llama3-405b-16k", small(routing("hashed"))}}) {
    CAPTURE(scenario);
    const auto loaded = test::load(scenario, sets);
    const auto r = test::simulate(loaded);
    sim::Options options;
    options.max_activities = r.run.activities; // of the step; the ideal one comes on top
    CHECK(!sim::simulate(loaded.scenario, loaded.cluster, options));
    options.max_activities = std::int64_t(1.05 * double(r.run.activities + r.ideal.activities)) + 100;
    CHECK(sim::simulate(loaded.scenario, loaded.cluster, options));
    options.draws = 3;
    CHECK(!sim::simulate(loaded.scenario, loaded.cluster, options));
  }
}

TEST_CASE("what would take more than ten million activities is refused with the estimate, unless asked for") {
  const std::string many = " --set 'jitter={step: {distribution: normal, spread: 0.01}}' --seeds 100000";
  auto weft = [](const std::string& arguments, const char* streams) {
    return test::command(fmt::format("'{}' run {} {}", WEFT_BINARY, arguments, streams));
  };
  const auto refused = weft("korthikanti-175b" + many, "2>&1 >/dev/null");
  CHECK(refused.code == 2);
  CHECK(refused.out.find("activities") != std::string::npos);
  CHECK(refused.out.find("--max-activities") != std::string::npos);
  CHECK(weft("korthikanti-175b" + many, "2>/dev/null").out.empty());
  CHECK(weft("korthikanti-22b --max-activities 5", "2>/dev/null").code == 2);
  CHECK(weft("korthikanti-22b --max-activities 100000", "2>/dev/null").code == 0);
}
