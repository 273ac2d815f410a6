// Is each metric of a claim what plain runs of its worlds say it is?

#include "analysis/claim_metrics.hpp"
#include "platforms/power_figures.hpp"
#include "tests/analysis/small_claims.hpp"

using namespace weft;
using namespace weft::analysis;
using doctest::Approx;
using test::Judged;
using test::reading;

namespace {

const std::string h100_cluster = "h100-meta-24k-roce", us_stack = "megatron-te-2026-fused";

Loaded single(const std::string& cluster, const std::string& stack, std::vector<std::string> more = {},
              int ranks = 16) {
  return test::by_hand(cluster, stack, 16, 32, fmt::format("tp: 8, dp: {}", ranks / 8), std::move(more));
}
Headline h100(std::vector<std::string> more = {}) {
  return test::headline_of(single(h100_cluster, us_stack, std::move(more)));
}
Headline h800() {
  return test::headline_of(single("h800-meta-24k-roce", us_stack));
}
Headline ascend() {
  return test::headline_of(single("910c-cloudmatrix", "mindspeed-2024", {}, 32));
}
std::string against(const std::string& hardware, const std::string& more = {}) {
  return fmt::format("against: {{hardware: {}{}{}}}", hardware, more.empty() ? "" : ", ", more);
}
std::string why(const Judged& j, std::size_t reading) {
  CHECK_FALSE(j.cell(reading).value);
  CHECK_FALSE(j.cell(reading).low);
  CHECK(j.cell(reading).verdict == Verdict::none);
  return j.cell(reading).why;
}

} // namespace

TEST_CASE("shares of a world's own step are the plain run's") {
  const Judged j({reading("tax", "h800"), reading("communicating", "h800"), reading("not useful", "h800"),
                  reading("recomputation", "h800"), reading("recomputation", "h800", "set: [plan.recompute=full]")});
  const Headline h = h800();
  CHECK(j.value(0) == h.tax());
  CHECK(j.value(0) > 0.01);
  CHECK(j.value(1) == h.communicating());
  CHECK(j.value(1) > j.value(0));
  CHECK(j.value(2) == 1 - h.mfu_causal);
  CHECK(j.value(3) == h.where[std::size_t(sim::Entry::recompute)] / h.step_s);
  CHECK(j.value(4) > j.value(3) + 0.1);
}

TEST_CASE("output lost, chips per chip and their fleets are ratios of plain runs") {
  const std::string fleets = "fleet: 3000, against: {hardware: h100, fleet: 1000}";
  const std::string more_fleets = "fleet: 6000, against: {hardware: h100, fleet: 500}";
  const Judged j({reading("output lost", "h800", against("h100")), reading("chips per chip", "h800", against("h100")),
                  reading("chips per chip", "h100", against("h800")), reading("output lost", "h100", against("h800")),
                  reading("fleet", "h800", fleets), reading("fleet", "h800", more_fleets),
                  reading("output lost", "h100", against("twin")), reading("chips per chip", "910c", against("h100"))});
  const double ratio = h800().tokens_per_s_per_accelerator / h100().tokens_per_s_per_accelerator;
  CHECK(ratio < 0.99);
  CHECK(j.value(0) == Approx(1 - ratio));
  CHECK(j.value(1) == Approx(1 / ratio));
  CHECK(j.value(1) * j.value(2) == Approx(1));
  CHECK(j.value(3) < 0); // more is made, not lost
  CHECK((1 - j.value(0)) * (1 - j.value(3)) == Approx(1));
  CHECK(j.value(4) == Approx(3 * ratio));
  CHECK(j.value(5) == Approx(4 * j.value(4)));
  CHECK(j.value(6) == 0);
  // By package, not by rank: two dies are one accelerator.
  CHECK(j.value(7) == Approx(h100().tokens_per_s_per_accelerator / ascend().tokens_per_s_per_accelerator));
  CHECK(ascend().tokens_per_s_per_accelerator == Approx(ascend().tokens_per_s / 16));
}

TEST_CASE("what is compared may differ in its size, and in overrides instead of the reading's") {
  const Judged j({reading("output lost", "h100", "against: {accelerators: 8}"),
                  reading("output lost", "h100", "set: [training.precision=fp8], against: {hardware: h800}"),
                  reading("output lost", "h100",
                          "set: [training.precision=fp8], against: {hardware: h100, set: [training.precision=bf16]}")});
  const Headline eight = test::headline_of(test::by_hand(h100_cluster, us_stack, 8, 32, "tp: 8, dp: 1"));
  CHECK(j.value(0) == Approx(1 - h100().tokens_per_s_per_accelerator / eight.tokens_per_s_per_accelerator));
  const Headline fp8 = h100({"training.precision=fp8"});
  const Headline other = test::headline_of(single("h800-meta-24k-roce", us_stack, {"training.precision=fp8"}));
  CHECK(j.value(1) == Approx(1 - fp8.tokens_per_s_per_accelerator / other.tokens_per_s_per_accelerator));
  CHECK(j.value(2) == Approx(1 - fp8.tokens_per_s_per_accelerator / h100().tokens_per_s_per_accelerator));
  CHECK(j.value(2) < 0);
}

TEST_CASE("the excess over a network is nothing over one's own, and otherwise what that network would make") {
  const Judged j({reading("excess", "h100", against("twin") + ", take_network: true"),
                  reading("excess", "narrow", against("h100") + ", take_network: true"),
                  reading("excess", "910c", against("h100") + ", take_network: true")});
  CHECK(j.value(0) == 0);
  const double narrow = h100({"cluster.node.nics.bandwidth=100 Gbit/s"}).step_s;
  CHECK(j.value(1) == Approx(1 - h100().step_s / narrow)); // only its cards differ
  CHECK(j.value(1) > 0);
  const auto mixed = hybrid(case_of(single("910c-cloudmatrix", "mindspeed-2024", {}, 32)),
                            case_of(test::by_hand(h100_cluster, us_stack, 32, 32, "tp: 8, dp: 4")), swap_network);
  REQUIRE(mixed);
  const auto head = simulate_each({*mixed}, {}, 1);
  REQUIRE(head);
  CHECK(j.value(2) == Approx(1 - ascend().tokens_per_s / head->front().tokens_per_s));
}

TEST_CASE("a change that makes the world the compared one closes the gap; half a change closes a part") {
  const std::string wide = "set: [cluster.node.nics.bandwidth=400 Gbit/s]";
  const Judged j(
      {reading("gap closed", "narrow", wide + ", " + against("h100")),
       reading("gap closed", "narrow", "take_network: true, " + against("h100")),
       reading("gap closed", "narrow", "set: [training.precision=bf16], " + against("h100")),
       reading("gap closed", "narrow", "set: [cluster.node.nics.bandwidth=200 Gbit/s], " + against("h100")),
       reading("gap closed", "h100", "take_network: true, " + against("twin")),
       reading("gap closed", "h100", "take_network: true, " + against("h800")),
       reading("gap closed", "narrow", "set: [cluster.node.nics.bandwidth=800 Gbit/s], " + against("h100"))});
  CHECK(j.value(0) == Approx(1));
  CHECK(j.value(1) == Approx(1));
  CHECK(j.value(2) == 0); // no change
  const double slow = h100({"cluster.node.nics.bandwidth=100 Gbit/s"}).tokens_per_s,
               middle = h100({"cluster.node.nics.bandwidth=200 Gbit/s"}).tokens_per_s, fast = h100().tokens_per_s;
  CHECK(j.value(3) == Approx(std::log(middle / slow) / std::log(fast / slow)));
  CHECK(j.value(3) > 0.1);
  CHECK(j.value(3) < 0.99);
  CHECK(why(j, 4) == "there is no gap");
  CHECK(why(j, 5) == "there is no gap"); // the compared one is the slower
  CHECK(j.value(6) > 1);
}

TEST_CASE("nominal ratios are those of catalog figures, with their bands") {
  const std::string fleets = "fleet: 1500, against: {hardware: h100, fleet: 1000}";
  const Judged j({reading("memory", "h20", against("h100")), reading("memory", "h100", against("h20")),
                  reading("memory per FLOP/s", "h20", against("h100")),
                  reading("nominal chips per chip", "910c", against("h100")), reading("nominal fleet", "910c", fleets),
                  reading("memory", "h800", against("h100")),
                  reading("nominal chips per chip", "h100", against("910c"))});
  const auto& h20 = j.cell(0).best.plan->cluster.accelerator;
  const auto& h100_chip = j.cell(1).best.plan->cluster.accelerator;
  const auto& c910 = j.cell(3).best.plan->cluster.accelerator;
  const double memory = h20.memory_capacity.value.count() / h100_chip.memory_capacity.value.count();
  CHECK(memory > 1.1);
  CHECK(j.value(0) == Approx(memory));
  CHECK(j.value(1) == Approx(1 / memory));
  auto peak = [](const platforms::Accelerator& a) { return platforms::peak_of(a, Precision::bf16)->value.count(); };
  CHECK(j.value(2) == Approx(memory * peak(h100_chip) / peak(h20)));
  CHECK(j.value(3) == Approx(peak(h100_chip) / peak(c910)));
  CHECK(j.value(4) == Approx(1.5 * peak(c910) / peak(h100_chip)));
  CHECK(j.value(5) == 1);
  CHECK_FALSE(j.cell(5).low);
  // One side's band is that side's own, and turned over it is its inverse.
  const auto figure = *platforms::peak_of(c910, Precision::bf16);
  REQUIRE((figure.low || figure.high));
  const double low = figure.low.value_or(figure.value).count(), high = figure.high.value_or(figure.value).count();
  CHECK(*j.cell(3).low == Approx(peak(h100_chip) / high));
  CHECK(*j.cell(3).high == Approx(peak(h100_chip) / low));
  CHECK(*j.cell(6).low == Approx(1 / *j.cell(3).high));
  CHECK(*j.cell(6).high == Approx(1 / *j.cell(3).low));
}

TEST_CASE("plans left are those that fit, over those that fit at what it is compared with") {
  const Judged j(
      {reading("plans left", "h100", "against: {hardware: twin}", "16", "small"),
       reading("plans left", "h100", "against: {accelerators: 16}", "8", "small"),
       reading("plans left", "h100",
               "set: [training.sequence=65536, plan.recompute=none], against: {set: [training.sequence=8192]}", "16",
               "small"),
       reading("plans left", "h100", "against: {set: [training.sequence=1048576, plan.recompute=none]}", "16", "small"),
       reading("plans left", "h100",
               "set: [training.sequence=1048576, plan.recompute=none], against: {set: [training.sequence=8192]}, "
               "holds: {at_most: 0.5}",
               "16", "small")});
  CHECK(j.value(0) == 1);
  CHECK(j.value(1) == double(j.cell(1).best.fitting) / 4);
  CHECK(j.cell(1).other->fitting == 4);
  CHECK(j.cell(1).best.fitting == 3); // tp 8 pp 2 are 16 ranks
  CHECK(j.value(2) == double(j.cell(2).best.fitting) / 4);
  CHECK(why(j, 3) == "no plan fits at what it is compared with");
  // None left is a number, and says most.
  CHECK(j.value(4) == 0);
  CHECK(j.cell(4).verdict == Verdict::yes);
  CHECK_FALSE(j.cell(4).best.plan);
}
