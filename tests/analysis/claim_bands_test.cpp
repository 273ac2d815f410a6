// Is the band of a claim's value that of the steps it is made of, whichever worlds were sampled?

#include "analysis/bands.hpp"
#include "analysis/claim_bands.hpp"
#include "tests/analysis/small_claims.hpp"

#include <numeric>

using namespace weft;
using namespace weft::analysis;
using doctest::Approx;
using test::holds;
using test::Judged;
using test::reading;
using test::verdict_of;

TEST_CASE("a band of samples is that of the two steps moved together") {
  ClaimOptions how;
  how.samples = 8;
  const std::vector<std::string> readings{
      reading("output lost", "h800", "against: {hardware: h100}, " + holds({}, 0.05)),
      reading("tax", "910b"),
      reading("accelerators to match", "910b", "against: {hardware: h100}"),
      reading("output lost", "h100", "against: {hardware: twin}"),
      reading("memory", "h800", "against: {hardware: h100}"),
      reading("energy", "910c", "against: {hardware: h100}")};
  const Judged j(readings, how), without(readings);
  for (std::size_t i = 0; i < readings.size(); ++i) {
    CAPTURE(i);
    const Cell& c = j.cell(i);
    REQUIRE(c.value);
    CHECK(*c.value == *without.cell(i).value);
    CHECK(c.low.has_value() == (i != 4)); // one figure of the catalog over another is no matter of steps
    if (!c.low) continue;
    CHECK(*c.low <= *c.high);
    CHECK(*c.low <= *c.value * 1.1);
    CHECK(*c.high >= *c.value * 0.9);
    if (j.at(i).reading->holds) CHECK(c.verdict == verdict_of(c, *j.at(i).reading->holds));
  }
  CHECK(*j.cell(3).low == *j.cell(3).high); // the same chip on both sides: nothing is uncertain
  // The catalog's own band of prices and watts, and that of steps.
  CHECK(*j.cell(5).low < *without.cell(5).low);
  CHECK(*j.cell(5).high > *without.cell(5).high);

  const Judged alone({readings[0]}, how); // H800 differs from H100 in its links: one error of whole steps for both
  const auto sampled = samples({*alone.cell(0).best.plan, *alone.cell(0).other->plan}, 8, {}, 2);
  REQUIRE(sampled);
  std::vector<double> lost;
  for (std::size_t i = 0; i < 8; ++i)
    lost.push_back(1 - (*sampled)[0].samples[i].tokens_per_s_per_accelerator * (*sampled)[0].whole[i] /
                           ((*sampled)[1].samples[i].tokens_per_s_per_accelerator * (*sampled)[1].whole[i]));
  const Spread spread = spread_of(lost);
  CHECK(*alone.cell(0).low == Approx(spread.p5));
  CHECK(*alone.cell(0).high == Approx(spread.p95));
  CHECK(spread.p95 - spread.p5 > 0);
}

TEST_CASE("samples of the smallest world stand for larger ones: equal there, near elsewhere") {
  ClaimOptions how, every;
  how.samples = every.samples = 16;
  every.every_size = true;
  const std::vector<std::string> readings{reading("tax", "narrow, 910c", {}, "16, 32")};
  const Judged near(readings, how), own(readings, every);
  for (const std::size_t i : {0U, 1U, 2U, 3U}) {
    CAPTURE(i);
    const Cell &a = near.cell(0, i), &b = own.cell(0, i);
    REQUIRE(a.low);
    REQUIRE(b.low);
    CHECK(*a.value == *b.value);
    const double width = *b.high - *b.low;
    CHECK(width > 0);
    const double off = std::max(std::abs(*a.low - *b.low), std::abs(*a.high - *b.high));
    CHECK(off < (i % 2 == 0 ? 1e-9 : 0.5 * width)); // the smaller one of each pair is sampled itself
  }
}

TEST_CASE("what a sample does to one step is carried to another: itself, and in proportion") {
  const Judged j({reading("tax", "narrow", {}, "16, 32")});
  const Headline &small = j.cell(0, 0).best.headline, &large = j.cell(0, 1).best.headline;
  auto same = [](const Headline& a, const Headline& b) {
    for (auto number : {&Headline::step_s, &Headline::ideal_step_s, &Headline::tokens_per_s_per_accelerator,
                        &Headline::mfu_causal, &Headline::hfu, &Headline::communicating_s})
      CHECK(a.*number == Approx(b.*number).epsilon(1e-12));
    for (std::size_t e = 0; e < a.where.size(); ++e)
      CHECK(a.where[e] == Approx(b.where[e]).epsilon(1e-9));
  };
  same(carried(large, small, small), large);
  Headline slower = small; // twice the compute, thrice the communication
  slower.ideal_step_s = 2 * small.ideal_step_s;
  slower.step_s = slower.ideal_step_s + 3 * (small.step_s - small.ideal_step_s);
  slower.mfu_causal *= small.step_s / slower.step_s;
  const Headline out = carried(large, small, slower);
  CHECK(out.step_s == Approx(2 * large.ideal_step_s + 3 * (large.step_s - large.ideal_step_s)));
  CHECK(out.mfu_causal * out.step_s == Approx(large.mfu_causal * large.step_s));
  CHECK(std::accumulate(out.where.begin(), out.where.end(), 0.0) == Approx(out.step_s));
}

TEST_CASE("equal seeds make equal bands, and another one others") {
  ClaimOptions how, moved;
  how.samples = moved.samples = 8;
  moved.seed = 7;
  const std::vector<std::string> readings{reading("tax", "910b")};
  const Judged one(readings, how), again(readings, how), other(readings, moved);
  CHECK(claims_json(one.results) == claims_json(again.results));
  CHECK(*one.cell(0).low != *other.cell(0).low);
}
