// Is the gap between two clusters split into what they are made of, and is nothing charged to what they share?

#include "analysis/power.hpp"
#include "analysis/swap.hpp"
#include "tests/support.hpp"

#include <cmath>
#include <numeric>

using namespace weft;
using namespace weft::analysis;

namespace {

Case a_case(const std::string& name, const std::vector<std::string>& sets, const std::string& called = {}) {
  return case_of(test::load(name, sets), called);
}
Swap swapped(const Case& a, const Case& b) {
  auto out = swap(a, b, {}, 2);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
/// Two replicas of four stages, gradients reduced beside the backward: a few layers have all there is to move.
std::vector<std::string> shape(const std::string& stack) {
  return {"plan.dp=2",      "plan.pp=4",     "plan.tp=8", "plan.vpp=1", "plan.schedule=1f1b", "training.global_batch=8",
          "model.layers=8", "stack=" + stack};
}
Case of_64_ranks(const std::string& cluster, std::int64_t accelerators, const std::string& stack) {
  std::vector<std::string> sets = shape(stack);
  sets.push_back("cluster={name: " + cluster + ", accelerators: " + std::to_string(accelerators) + "}");
  sets.emplace_back("plan.recompute=auto");
  return a_case("korthikanti-175b", sets, cluster);
}
double sum(const Swap& s) {
  return std::accumulate(s.parts.begin(), s.parts.end(), 0.0,
                         [](double so_far, const SwapShare& part) { return so_far + part.seconds; });
}
std::string message(const Case& a, const Case& b) {
  const auto out = swap(a, b, {}, 2);
  return out ? std::string() : out.error().message;
}

} // namespace

TEST_CASE("H800 is H100 with other links: every part but the scale-up fabric is exactly nothing") {
  const Swap s = swapped(a_case("llama3-405b-16k", {}), a_case("llama3-405b-16k-h800", {}));
  for (std::size_t p = 0; p < swap_part_count; ++p) {
    CAPTURE(swap_part_names[p]);
    const bool links = SwapPart(p) == SwapPart::scale_up;
    CHECK((s.parts[p].seconds != 0) == links);
    CHECK((s.parts[p].factor != 1) == links);
    CHECK((s.parts[p].first_s != 0) == links);
    CHECK((s.parts[p].last_s != 0) == links);
  }
  CHECK(s.gap_s() > 0.5);
  auto racks = [](const char* name) {
    const Case one = a_case(name, {});
    const auto head = simulate_each({one}, {}, 1);
    REQUIRE(head);
    return *power_at(one.cluster, head->front(), {})->racks.value;
  };
  const Range ours = racks("llama3-405b-16k"), theirs = racks("llama3-405b-16k-h800");
  CHECK(ours.value == theirs.value);
  CHECK(ours.low == theirs.low);
  CHECK(ours.high == theirs.high);
  CHECK(s.corners[2].head.step_s == s.corners[1].head.step_s); // H100 with H800's links is H800
  CHECK(s.corners[3].head.step_s == s.corners[0].head.step_s);
  CHECK(s.excess_s() == s.gap_s());
}

TEST_CASE("a figure moves the part that it belongs to, and no other") {
  const std::string chip = "cluster.node.accelerator.", timing = chip + "scale_up.timing.";
  const std::vector<std::pair<std::string, SwapPart>> figures{
      {chip + "peak.fp16=250 TFLOP/s", SwapPart::compute},
      {chip + "memory_bandwidth=1500 GB/s", SwapPart::compute},
      {chip + "scale_up.bandwidth=200 GB/s", SwapPart::scale_up},
      {"cluster.node.nics.bandwidth=100 Gbit/s", SwapPart::scale_out},
      {"cluster.node.nics.per_node=4", SwapPart::scale_out},
      {chip + "gemm.fp16.efficiency=0.5", SwapPart::kernels},
      {chip + "streaming_efficiency=0.5", SwapPart::kernels},
      {"stack.tp_hidden_share=0.9", SwapPart::kernels},
      {timing + "efficiency=0.6", SwapPart::line_rate},
      {"cluster.node.nics.efficiency=0.5", SwapPart::line_rate},
      {timing + "phase=50 us", SwapPart::latency},
      {"cluster.fabric.latency.point_to_point=500 us", SwapPart::latency},
      {chip + "overlap_slowdown=0.4", SwapPart::latency}};
  const Case plain = a_case("korthikanti-175b", shape("megatron-te-2024"));
  for (const auto& [set, belongs] : figures) {
    CAPTURE(set);
    std::vector<std::string> sets = shape("megatron-te-2024");
    sets.push_back(set);
    const Swap s = swapped(plain, a_case("korthikanti-175b", sets));
    for (std::size_t p = 0; p < swap_part_count; ++p) {
      CAPTURE(swap_part_names[p]);
      CHECK((s.parts[p].seconds != 0) == (SwapPart(p) == belongs));
    }
  }
}

TEST_CASE("parts sum to the gap, factors multiply to the ratio, also where packages, nodes and domains differ") {
  const Case h100 = of_64_ranks("h100-superpod", 64, "megatron-te-2024");
  for (const Case& other :
       {of_64_ranks("910c-cloudmatrix", 32, "mindspeed-2024"), of_64_ranks("gb200-superpod", 64, "megatron-te-2024"),
        of_64_ranks("910b-roce", 64, "mindspeed-2024")}) {
    CAPTURE(other.name);
    const Swap s = swapped(h100, other);
    CHECK(s.runs == 64);
    CHECK(sum(s) == doctest::Approx(s.gap_s()).epsilon(1e-9));
    double factor = 1, per_accelerator = 1;
    for (const SwapShare& part : s.parts) {
      factor *= part.factor;
      per_accelerator *= part.per_accelerator;
    }
    CHECK(factor == doctest::Approx(s.ratio()).epsilon(1e-9));
    const Headline &a = s.corners[0].head, &b = s.corners[1].head;
    CHECK(per_accelerator ==
          doctest::Approx(b.tokens_per_s_per_accelerator / a.tokens_per_s_per_accelerator).epsilon(1e-9));
    CHECK(s.corners[2].head.accelerators == a.accelerators); // packages are the chip's
    CHECK(s.corners[3].head.accelerators == b.accelerators);
    const Swap back = swapped(other, h100);
    for (std::size_t p = 0; p < swap_part_count; ++p)
      CHECK(back.parts[p].seconds == doctest::Approx(-s.parts[p].seconds).epsilon(1e-9));
    CHECK(back.corners[3].head.step_s == s.corners[2].head.step_s);
  }
}

TEST_CASE("the corners are the plain runs, bit for bit") {
  const Case a = a_case("llama3-405b-16k", {"plan.recompute=full"}),
             b = a_case("llama3-405b-16k-910b", {"plan.recompute=full"});
  const Swap s = swapped(a, b);
  for (const auto& [mine, corner] : {std::pair{&a, 0}, std::pair{&b, 1}}) {
    auto plain = sim::simulate(mine->scenario, mine->cluster);
    REQUIRE(plain);
    const Headline h = headline(summarise(std::move(*plain), {}));
    const Headline& c = s.corners[std::size_t(corner)].head;
    CHECK(c.step_s == h.step_s);
    CHECK(c.ideal_step_s == h.ideal_step_s);
    CHECK(c.tokens_per_s_per_accelerator == h.tokens_per_s_per_accelerator);
    CHECK(c.mfu_causal == h.mfu_causal);
    CHECK(c.where == h.where);
  }
}

TEST_CASE("a package takes the other's place with its port and cards; blocks hold whole nodes") {
  const Case a = of_64_ranks("h100-meta-24k-roce", 64, "megatron-te-2024"),
             b = of_64_ranks("910c-cloudmatrix", 32, "mindspeed-2024"),
             c = of_64_ranks("gb200-superpod", 64, "megatron-te-2024");
  const auto chip = hybrid(a, b, bit(SwapPart::compute) | bit(SwapPart::kernels));
  REQUIRE(chip);
  CHECK(chip->cluster.accelerators == 32);
  CHECK(chip->cluster.ranks() == 64);
  CHECK(chip->cluster.ranks_per_domain() == 16);
  CHECK(chip->cluster.accelerator.scale_up.bandwidth.value == a.cluster.accelerator.scale_up.bandwidth.value);
  CHECK(chip->cluster.node.nics.per_node == 8);
  CHECK(chip->cluster.accelerator.collective_library == platforms::CollectiveLibrary::nccl);
  CHECK(chip->scenario.stack.name == "mindspeed-2024");
  const auto switches = hybrid(a, b, bit(SwapPart::line_rate)); // A's switches reduce, what B's reach nobody knows
  REQUIRE(switches);
  CHECK(switches->cluster.accelerator.scale_up.timing.in_network_efficiency->value ==
        a.cluster.accelerator.scale_up.timing.in_network_efficiency->value);
  const auto links = hybrid(a, b, bit(SwapPart::scale_up));
  REQUIRE(links);
  CHECK_FALSE(links->cluster.accelerator.scale_up.timing.in_network_efficiency);
  const auto racks = hybrid(a, c, bit(SwapPart::scale_up)); // racks of 72 in a fabric of racks of 16, pods of 3,072
  REQUIRE(racks);
  CHECK(racks->cluster.node.nics.per_node == 72);
  CHECK(racks->cluster.fabric.tiers[0].accelerators == 72);
  CHECK(racks->cluster.fabric.tiers[1].accelerators == 3096);
  Case few = c;
  few.cluster.node.nics.per_node = 36; // one for two: half of one for an odd node
  few.cluster.node.accelerators = few.cluster.domain = 72;
  Case odd = a;
  odd.cluster.node.accelerators = odd.cluster.domain = 1;
  const auto none = hybrid(odd, few, bit(SwapPart::scale_out));
  REQUIRE_FALSE(none);
  CHECK(none.error().message.find("no whole number of cards") != std::string::npos);
}

TEST_CASE("what is not equal work is refused") {
  const Case a = a_case("llama3-405b-16k", {});
  auto other = [&](const std::string& name, const std::vector<std::string>& sets) {
    return message(a, a_case(name, sets, "other"));
  };
  CHECK(other("llama3-405b-16k", {"model.layers=64"}) ==
        "llama3-405b-16k and other differ in their models: layers (126 and 64)");
  CHECK(other("llama3-405b-16k", {"training.global_batch=4096"}) ==
        "llama3-405b-16k and other differ in their training: global_batch (2048 and 4096)");
  CHECK(other("llama3-405b-16k", {"plan.tp=4", "plan.dp=256"}) ==
        "llama3-405b-16k and other differ in their plans: tp (8 and 4), dp (128 and 256)");
  CHECK(other("llama3-405b-8k", {}) == "llama3-405b-16k and other differ in their number of ranks: 16384 and 8192");
  CHECK(other("llama3-405b-16k", {"plan.recompute=full"}) == "llama3-405b-16k and other differ in what they recompute");
  CHECK(other("llama3-405b-16k", {"jitter={step: {distribution: normal, spread: 0.01}}"}).find("ranks' speeds") !=
        std::string::npos);
  CHECK(other("llama3-405b-16k", {"cluster.degraded=[{link: pod uplink 3, share: 0.5}]"}).find("degraded links") !=
        std::string::npos);
  const Case states = a_case("llama3-405b-16k", {"plan.recompute=full"}), leaves = a_case("llama3-405b-16k-910b", {});
  CHECK(message(states, leaves).find("llama3-405b-16k recomputes full, where `auto`") == 0);
  CHECK(message(a, a_case("llama3-405b-16k-910b", {"stack.attention=flash-te"}, "b"))
            .find("stack mindspeed-2024 runs attention `flash-te`") == 0); // b by itself is wrong
}
