// Do claims about power, money and matching fleets say what power, prices and parity by hand do?

#include "analysis/bands.hpp"
#include "analysis/claim_metrics.hpp"
#include "tests/analysis/small_claims.hpp"

using namespace weft;
using namespace weft::analysis;
using doctest::Approx;
using test::Judged;
using test::reading;

namespace {

std::string at(const std::string& hardware, const std::string& here = {}, const std::string& there = {}) {
  std::string out = fmt::format("against: {{hardware: {}{}}}", hardware, there.empty() ? "" : ", location: " + there);
  return here.empty() ? out : "location: " + here + ", " + out;
}
Power power(const Cell& cell, bool of_other, const std::string& place) {
  const Best& best = of_other ? *cell.other : cell.best;
  auto out = power_at(best.plan->cluster, best.headline, place);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
double value(const Amount& a) {
  REQUIRE(a.value);
  return a.value->value;
}
std::string why(const Judged& j, std::size_t reading) {
  CHECK_FALSE(j.cell(reading).value);
  CHECK(j.cell(reading).verdict == Verdict::none);
  return j.cell(reading).why;
}

} // namespace

TEST_CASE("energy, electricity, carbon and dollars of a token are ratios of the two sides' power") {
  const Judged j({reading("energy", "910c", at("h100")), reading("electricity", "910c", at("h100")),
                  reading("carbon", "910c", at("h100")), reading("dollars", "910c", at("h100")),
                  reading("electricity share", "910c")});
  const Power self = power(j.cell(0), false, ""), other = power(j.cell(0), true, "");
  CHECK(self.location.name == "china-hub");
  CHECK(other.location.name == "us-hyperscale");
  CHECK(j.value(0) == Approx(value(self.energy_per_token) / value(other.energy_per_token)));
  CHECK(j.value(0) > 1);
  const double price = value(amount(*self.location.electricity)) / value(amount(*other.location.electricity));
  CHECK(j.value(1) == Approx(j.value(0) * price)); // energy is of the site on both sides
  const double grid = value(amount(*self.location.grid_carbon)) / value(amount(*other.location.grid_carbon));
  CHECK(j.value(2) == Approx(j.value(0) * grid));
  CHECK(j.value(3) == Approx(value(self.dollars_per_token) / value(other.dollars_per_token)));
  CHECK(j.value(4) == Approx(value(self.electricity_per_hour) / value(self.dollars_per_hour)));
  CHECK(j.value(4) < 1);
  for (std::size_t i = 0; i < 5; ++i) {
    REQUIRE(j.cell(i).low);
    CHECK(*j.cell(i).low < j.value(i));
    CHECK(*j.cell(i).high > j.value(i));
  }
}

TEST_CASE("in one place electricity is energy, and its price offsets nothing") {
  const Judged j({reading("energy", "910c", at("h100", "us-industrial", "us-industrial")),
                  reading("electricity", "910c", at("h100", "us-industrial", "us-industrial")),
                  reading("carbon", "910c", at("h100", "us-industrial", "us-industrial")),
                  reading("offset", "910c", at("h100", "us-industrial", "us-industrial")),
                  reading("energy", "h100", at("twin")), reading("dollars", "h100", at("twin")),
                  reading("energy", "h100", "against: {accelerators: 8}"),
                  reading("electricity", "h100", "against: {accelerators: 8}")});
  CHECK(j.value(0) > 1);
  CHECK(j.value(1) == Approx(j.value(0)));
  CHECK(j.value(2) == Approx(j.value(0)));
  CHECK(j.value(3) == Approx(0).epsilon(1e-9));
  CHECK(j.value(4) == 1);
  CHECK(j.value(5) == 1);
  CHECK(j.value(6) > 1);
  CHECK(j.value(7) == Approx(j.value(6))); // of a token, not of an accelerator
}

TEST_CASE("the offset is the share of the extra energy that the price makes up for") {
  const std::string cheap = at("h100", "china-hub", "china-mean"), dear = at("h100", "china-mean", "china-hub");
  const Judged j({reading("energy", "910c", cheap), reading("electricity", "910c", cheap),
                  reading("offset", "910c", cheap), reading("energy", "910c", dear),
                  reading("electricity", "910c", dear), reading("offset", "910c", dear),
                  reading("offset", "h100", at("910c"))});
  CHECK(j.value(2) == Approx((j.value(0) - j.value(1)) / (j.value(0) - 1)));
  CHECK(j.value(1) < j.value(0));
  CHECK(j.value(2) > 0);
  CHECK(j.value(5) == Approx((j.value(3) - j.value(4)) / (j.value(3) - 1)));
  CHECK(j.value(5) < 0);
  CHECK(why(j, 6) == "it needs no more energy");
}

TEST_CASE("a figure that is not known leaves no value, and is named") {
  // Overrides of the reading change the compared world too, unless it has its own.
  const std::string without = "set: [cluster.node.accelerator.tdp=null], ",
                    one = without + "against: {hardware: 910c, set: [training.precision=bf16]}";
  const Judged j({reading("energy", "h100", one), reading("offset", "h100", one),
                  reading("electricity share", "h100", "set: [cluster.node.price=null]"),
                  reading("power to match", "h100", one), reading("accelerators to match", "h100", one),
                  reading("energy", "h100", without + at("910c"))});
  CHECK(why(j, 0) == "not known: design power of accelerator h100-sxm");
  CHECK(why(j, 1) == why(j, 0));
  CHECK(why(j, 2) == "not known: price of node dgx-h100");
  CHECK(why(j, 3) == why(j, 0));
  CHECK(j.value(4) > 0); // output needs no watts
  CHECK(why(j, 5) == why(j, 0) + ", design power of accelerator ascend-910c");
}

TEST_CASE("a world needs as many accelerators as itself to match itself") {
  const Judged j({reading("accelerators to match", "h100", at("h100")), reading("power to match", "h100", at("h100")),
                  reading("racks to match", "h100", at("h100")), reading("hardware to match", "h100", at("twin")),
                  reading("output reached", "h100", at("h100"))});
  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(i);
    CHECK(j.value(i) == Approx(1).epsilon(1e-12));
  }
}

TEST_CASE("matching another world is parity by hand, with that world's batch") {
  // 32 accelerators have a batch of 128 in the file, 16 one of 64: the compared world's counts.
  const std::string smaller = "against: {hardware: 910c, accelerators: 16}";
  const Judged j({reading("accelerators to match", "h100", smaller, "32", "small"),
                  reading("power to match", "h100", smaller, "32", "small"),
                  reading("racks to match", "h100", smaller, "32", "small"),
                  reading("hardware to match", "h100", smaller, "32", "small"),
                  reading("output reached", "h100", smaller, "32", "small"),
                  reading("accelerators to match", "910b", "against: {hardware: h100}", "16", "small"),
                  reading("output reached", "910b", "against: {hardware: h100, accelerators: 256}", "16")});
  const Worlds worlds = test::worlds_of();
  auto cases = [&](const std::string& hardware, std::int64_t size, std::int64_t batch,
                   const std::string& workload = "small") {
    World world;
    world.workload = workload;
    world.hardware = hardware;
    world.accelerators = size;
    world.batch = batch;
    return plans_of(worlds, world)->cases;
  };
  const auto p = parity(cases("910c", 16, 64), cases("h100", 32, 64), {});
  REQUIRE(p);
  const ParitySide& side = p->candidates.front();
  REQUIRE(side.best.reached);
  CHECK(j.value(0) == Approx(side.best.count() / 16));
  CHECK(j.value(0) == Approx(*p->ratio(side)));
  CHECK(j.value(0) < 1);
  CHECK(j.value(1) == Approx(value(side.power->facility) / value(p->reference.power->facility)));
  CHECK(j.value(2) == Approx(value(side.power->racks) / value(p->reference.power->racks)));
  CHECK(j.value(3) == Approx(value(side.power->hardware) / value(p->reference.power->hardware)));
  CHECK(j.value(4) == 1);
  // The batch ends what number can do.
  const auto many = parity(cases("h100", 16, 64), cases("910b", 16, 64), {});
  REQUIRE(many);
  const ParityPlan& best = many->candidates.front().best;
  if (best.reached)
    CHECK(j.value(5) == Approx(best.count() / 16));
  else
    CHECK(why(j, 5).find("at most ") == 0);
  const auto most = parity(cases("h100", 256, 32, "single"), cases("910b", 16, 32, "single"), {});
  REQUIRE(most);
  REQUIRE_FALSE(most->candidates.front().best.reached);
  CHECK(j.value(6) == Approx(most->candidates.front().best.tokens_per_s / most->target_tokens_per_s));
  CHECK(j.value(6) < 1);
}

TEST_CASE("what cannot run matches nothing, and says so") {
  const Judged j({reading("accelerators to match", "h100", at("h800"), "16", "huge"),
                  reading("output reached", "h100", at("h800"), "16", "odd")});
  CHECK(why(j, 0) == "compared: no plan fits in memory");
  CHECK(why(j, 1) == "compared: 16 ranks are no whole number of replicas of 3");
}

TEST_CASE("where more accelerators are needed less is reached: bands of both, sample by sample") {
  ClaimOptions how;
  how.samples = 8;
  const Judged less({reading("output reached", "910b", "against: {hardware: h100, accelerators: 256}")}, how),
      more({reading("accelerators to match", "910b", "against: {hardware: h100}")}, how),
      all({reading("output reached", "910b", "against: {hardware: h100}")}, how);
  const Worlds worlds = test::worlds_of();
  auto spread = [&](std::int64_t reference, bool share) {
    auto cases = [&](const std::string& hardware, std::int64_t size) {
      World world;
      world.workload = "single";
      world.hardware = hardware;
      world.accelerators = size;
      return plans_of(worlds, world)->cases;
    };
    const auto p = parity(cases("h100", reference), cases("910b", 16), {});
    REQUIRE(p);
    const ParityPlan& best = p->candidates.front().best;
    const auto sampled = samples({p->reference.best.at, best.at}, 8, {}, 2);
    REQUIRE(sampled);
    std::vector<double> values;
    for (std::size_t i = 0; i < 8; ++i) {
      const double faster = (*sampled)[1].samples[i].tokens_per_s / (*sampled)[1].as_is.tokens_per_s,
                   harder = (*sampled)[0].samples[i].tokens_per_s / (*sampled)[0].as_is.tokens_per_s;
      values.push_back(share ? std::min(1.0, best.tokens_per_s / p->target_tokens_per_s * faster / harder)
                             : best.count() / double(reference) * harder / faster);
    }
    return spread_of(values);
  };
  const Spread reached = spread(256, true), needed = spread(16, false);
  CHECK(reached.p95 > reached.p5);
  CHECK(*less.cell(0).low == Approx(reached.p5));
  CHECK(*less.cell(0).high == Approx(reached.p95));
  CHECK(*more.cell(0).low == Approx(needed.p5));
  CHECK(*more.cell(0).high == Approx(needed.p95));
  CHECK(all.value(0) == 1); // reached: by how much more is not asked
  CHECK_FALSE(all.cell(0).low);
}
