// How many accelerators equal how many others: is the number found the one that makes the tokens?

#include "analysis/parity.hpp"
#include "tests/support.hpp"

#include <cmath>

using namespace weft;
using namespace weft::analysis;

namespace {

/// Eight layers on 64 ranks, 16 a replica, a batch that can be dealt to up to 64 replicas.
std::vector<std::string> shape() {
  return {"plan.tp=8",      "plan.pp=2",          "plan.dp=4",
          "plan.vpp=1",     "plan.schedule=1f1b", "training.global_batch=64",
          "model.layers=8", "plan.zero=1",        "plan.recompute=none"};
}
Case a_case(const std::string& cluster, std::int64_t accelerators, const std::string& stack,
            std::vector<std::string> more = {}, const std::string& called = {}) {
  std::vector<std::string> sets = shape();
  sets.push_back("cluster={name: " + cluster + ", accelerators: " + std::to_string(accelerators) + "}");
  sets.push_back("stack=" + stack);
  sets.insert(sets.end(), more.begin(), more.end());
  return case_of(test::load("korthikanti-175b", sets), called.empty() ? cluster : called);
}
Case h100(std::vector<std::string> more = {}, const std::string& called = {}) {
  return a_case("h100-superpod", 64, "megatron-te-2024", std::move(more), called);
}
Case ascend() {
  return a_case("910c-cloudmatrix", 32, "mindspeed-2024");
}
Parity asked(const std::vector<Case>& reference, const std::vector<Case>& candidates, const ParityOptions& how = {}) {
  auto out = parity(reference, candidates, how);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
std::string message(const std::vector<Case>& reference, const std::vector<Case>& candidates,
                    const ParityOptions& how = {}) {
  const auto out = parity(reference, candidates, how);
  return out ? std::string() : out.error().message;
}
double tokens_per_s(const Case& one, std::int64_t dp, Scaling scaling = Scaling::fixed_batch) {
  const auto at = resized(one, dp, scaling);
  REQUIRE(at);
  const auto head = simulate_each({*at}, {}, 1);
  REQUIRE(head);
  return head->front().tokens_per_s;
}

} // namespace

TEST_CASE("a cluster equals itself with as many accelerators, exactly") {
  for (const Scaling scaling : {Scaling::fixed_batch, Scaling::batch_per_replica}) {
    ParityOptions how;
    how.scaling = scaling;
    const Parity p = asked({h100()}, {h100()}, how);
    CHECK(p.candidates.front().best.accelerators == 64);
    CHECK(*p.ratio(p.candidates.front()) == 1);
    CHECK(p.candidates.front().best.head.step_s == p.reference.best.head.step_s);
    CHECK(p.candidates.front().best.head.tax() > 0);
    const NominalRatio nominal = nominal_ratio(p.reference, p.candidates.front());
    CHECK(nominal.peak == 1);
    CHECK(nominal.memory_capacity == 1);
  }
}

TEST_CASE("the size found makes the tokens, the next smaller one does not, and the number between lies on their line") {
  const Case one = ascend();
  ParityOptions how;
  how.tokens_per_s = 1.5 * tokens_per_s(h100(), 4);
  const Parity p = asked({h100()}, {one}, how);
  const ParityPlan& best = p.candidates.front().best;
  REQUIRE(best.reached);
  REQUIRE(best.accelerators);
  const std::int64_t dp = best.at.scenario.plan.dp;
  CHECK(best.head.accelerators == dp * 8); // 16 dies a replica, two a package
  CHECK(best.above == best.head.accelerators);
  CHECK(best.below == best.above / 2); // the batch is a power of two
  const double more = tokens_per_s(one, dp), less = tokens_per_s(one, dp / 2);
  CHECK(more >= *how.tokens_per_s);
  CHECK(less < *how.tokens_per_s);
  const double share = std::log(*how.tokens_per_s / less) / std::log(more / less);
  CHECK(*best.accelerators == doctest::Approx(double(best.below) * std::pow(2, share)).epsilon(1e-12));
  CHECK(best.tokens_per_s == *how.tokens_per_s);
  CHECK(p.reference.best.count() > 64);
  CHECK(p.reference.best.count() < 128);
}

TEST_CASE("with the batch of each replica kept every whole number of replicas is a size") {
  ParityOptions how;
  how.scaling = Scaling::batch_per_replica;
  how.tokens_per_s = 3.4 * tokens_per_s(h100(), 4);
  const Parity p = asked({h100()}, {ascend()}, how);
  for (const ParitySide* side : {&p.reference, &p.candidates.front()}) {
    const ParityPlan& best = side->best;
    const Case one = side == &p.reference ? h100() : ascend();
    const std::int64_t dp = best.at.scenario.plan.dp, packages = best.above / dp;
    CHECK(best.above - best.below == packages);
    CHECK(best.at.scenario.training.global_batch == 16 * dp);
    CHECK(tokens_per_s(one, dp, how.scaling) >= *how.tokens_per_s);
    CHECK(tokens_per_s(one, dp - 1, how.scaling) < *how.tokens_per_s);
    CHECK(best.largest == 0);
  }
  // Tokens grow a little less than accelerators do.
  CHECK(p.reference.best.count() > 3.4 * 64);
  CHECK(p.reference.best.count() < 1.2 * 3.4 * 64);
}

TEST_CASE("a reference of a size that no plan has is interpolated between those next to it") {
  ParityOptions how;
  how.accelerators = 100;
  const Parity p = asked({h100()}, {h100()}, how);
  CHECK(p.reference.best.below == 64);
  CHECK(p.reference.best.above == 128);
  CHECK(p.reference.best.count() == 100);
  CHECK(p.target_tokens_per_s > tokens_per_s(h100(), 4));
  CHECK(p.target_tokens_per_s < tokens_per_s(h100(), 8));
  CHECK(p.candidates.front().best.count() == doctest::Approx(100).epsilon(1e-12)); // there and back
}

TEST_CASE("a batch that is dealt out cannot make more, and says how far it comes") {
  ParityOptions how;
  how.tokens_per_s = 1.01 * tokens_per_s(ascend(), 64);
  REQUIRE(*how.tokens_per_s < tokens_per_s(h100(), 64));
  const Parity p = asked({h100()}, {ascend()}, how);
  const ParityPlan& best = p.candidates.front().best;
  CHECK_FALSE(best.reached);
  CHECK_FALSE(p.ratio(p.candidates.front()));
  CHECK(best.largest == 512); // 64 replicas
  CHECK(best.head.accelerators == 512);
  CHECK(best.tokens_per_s == tokens_per_s(ascend(), 64));
  CHECK(best.tokens_per_s < *how.tokens_per_s);
  CHECK(parity_text(p).find("No number of ascend-910c equals") != std::string::npos);
  how.tokens_per_s = 100 * *how.tokens_per_s;
  CHECK(message({h100()}, {ascend()}, how).find("the reference makes at most") == 0);
}

TEST_CASE("sizes at which a replica's shard does not fit are none") {
  // Optimizer states are sharded over the replicas: more of them, less of each.
  const Case one = h100();
  ParityOptions how;
  how.scaling = Scaling::batch_per_replica;
  auto memory = [&](std::int64_t dp) {
    const auto head = simulate_each({*resized(one, dp, how.scaling)}, {}, 1);
    REQUIRE(head);
    return head->front().memory_bytes;
  };
  REQUIRE(memory(4) > memory(5));
  REQUIRE(memory(5) > memory(6));
  Case tight = one;
  tight.cluster.accelerator.memory_capacity.value = Bytes((memory(5) + memory(6)) / 2);
  const Parity p = asked({one}, {tight}, how);
  const ParityPlan& best = p.candidates.front().best;
  CHECK(best.reached);
  CHECK(best.head.accelerators == 6 * 16); // four replicas would be enough
  CHECK_FALSE(best.accelerators);
  CHECK(parity_text(p).find("At most 96 h100-sxm equal 64 h100-sxm") != std::string::npos);
}

TEST_CASE("each side takes the best of its plans, and clusters are told apart") {
  const Case good = ascend();
  Case bad = good;
  bad.name = "recomputes";
  bad.scenario.plan.recompute = workloads::Recompute::full;
  const double alone = asked({h100()}, {good}).candidates.front().best.count();
  for (const auto& plans : {std::vector<Case>{good, bad}, std::vector<Case>{bad, good}}) {
    const Parity p = asked({h100()}, plans);
    REQUIRE(p.candidates.size() == 1);
    CHECK(p.candidates.front().best.count() == alone);
    CHECK(p.candidates.front().best.at.name == good.name);
    CHECK(p.candidates.front().plans.size() == 2);
  }
  Case slow = h100({"plan.recompute=full"}, "slow");
  CHECK(asked({slow, h100()}, {good}).target_tokens_per_s == asked({h100()}, {good}).target_tokens_per_s);
  const Parity two = asked({h100()}, {bad, h100(), good});
  REQUIRE(two.candidates.size() == 2);
  CHECK(two.candidates[0].cluster == "910c-cloudmatrix");
  CHECK(two.candidates[1].cluster == "h100-superpod");
}

TEST_CASE("power and money are those of the number that is the answer") {
  ParityOptions how;
  how.accelerators = 100; // between the 64 and the 128 that the plan runs on
  how.location = "us-hyperscale";
  const Parity p = asked({h100()}, {h100()}, how);
  const ParitySide& side = p.candidates.front();
  REQUIRE(side.power);
  REQUIRE(p.reference.power);
  auto at = power_at(side.best.at.cluster, side.best.head, how.location);
  REQUIRE(at);
  REQUIRE(side.power->facility.value);
  CHECK(side.power->facility.value->value / 100 ==
        doctest::Approx(at->facility.value->value / double(side.best.head.accelerators)).epsilon(1e-9));
  CHECK(side.power->energy_per_token.value->value ==
        doctest::Approx(side.power->facility.value->value / p.target_tokens_per_s).epsilon(1e-12));
  CHECK(side.power->racks.value->value == doctest::Approx(p.reference.power->racks.value->value).epsilon(1e-12));
  CHECK(parity_text(p).find("1.00 times the racks") != std::string::npos);
  const Parity other = asked({h100()}, {ascend()}, how);
  CHECK(other.candidates.front().power->location.name == "us-hyperscale");
  how.location = "nowhere";
  CHECK(message({h100()}, {h100()}, how) == "unknown location `nowhere`");
}

TEST_CASE("what cannot be compared is refused with its reason") {
  const Case one = h100();
  CHECK(message({one}, {h100({"model.layers=16"}, "other")}).find("differ in their models: layers (8 and 16)") !=
        std::string::npos);
  CHECK(message({one}, {h100({"training.global_batch=128"}, "other")}) ==
        "h100-superpod and other differ in their training: global_batch (64 and 128)");
  CHECK(message({one, ascend()}, {one}).find("the reference is one cluster") == 0);
  CHECK(message({one, h100({"cluster.accelerators=128", "plan.dp=8"}, "larger")}, {one}) ==
        "how large is the reference? h100-superpod has 64 accelerators, larger has 128");
  CHECK(message({one}, {}) == "parity needs a reference and a candidate");
  CHECK(message({one}, {h100({"cluster.without=[node 3]", "cluster.accelerators=64"}, "gaps")}).find("gaps") == 0);
  CHECK(message({one}, {h100({"plan.tp=16"}, "illegal")}) != "");
  ParityOptions how;
  how.accelerators = 5000;
  CHECK(message({one}, {one}, how) ==
        "the reference does not run at that size: h100-superpod runs on at most 1024 accelerators with a batch of 64");
  how.accelerators = 3;
  CHECK(message({one}, {one}, how).find("runs on no fewer than 16 accelerators") != std::string::npos);
  const Case tight = h100({"cluster.node.accelerator.memory_capacity=4 GiB"}, "tight");
  CHECK(message({tight}, {one}).find("tight does not fit into memory on 64 accelerators") != std::string::npos);
  const Parity p = asked({one}, {tight});
  CHECK_FALSE(p.candidates.front().best.reached);
  CHECK(parity_text(p).find("h100-sxm cannot equal 64 h100-sxm: tight fits into memory at no size.") !=
        std::string::npos);
  CHECK(parity_json(p).find("\"why_not\": \"tight fits into memory at no size\"") != std::string::npos);
}
