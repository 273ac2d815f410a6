// Is jitter a pure function of seed and rank, does it have the moments it states, and does it split what it must?
#include "tests/support.hpp"

#include "analysis/seeds.hpp"
#include "platforms/base/draw.hpp"

#include <fmt/format.h>
#include <numeric>
#include <set>

using namespace weft;
using workloads::Distribution;
using workloads::Jitter;

namespace {

const std::vector<std::string> small{
    "model=llama3-8b", "model.layers=8", "training={global_batch: 32, sequence: 2048, precision: bf16}",
    "plan={tp: 4, pp: 2, dp: 4, zero: 1, order: [tp, pp, dp]}", "cluster.accelerators=32"};
std::vector<std::string> with(std::vector<std::string> more) {
  std::vector<std::string> out = small;
  out.insert(out.end(), more.begin(), more.end());
  return out;
}
sim::StepResult at(const std::vector<std::string>& sets, std::int64_t seed = 0, bool fold = true) {
  sim::Options options;
  options.seed = seed;
  options.fold = fold;
  return test::simulate("llama3-405b-16k", sets, options);
}
const std::string both =
    "jitter={rank: {distribution: normal, spread: 0.02}, step: {distribution: lognormal, spread: 0.03}}";

} // namespace

TEST_CASE("draws have the mean and the spread they state, whatever the distribution") {
  for (const Distribution d :
       {Distribution::normal, Distribution::lognormal, Distribution::uniform, Distribution::exponential}) {
    Jitter jitter;
    jitter.step = {d, 0.05};
    const int n = 100'000;
    double sum = 0, squares = 0, least = 9, most = 0;
    for (int rank = 0; rank < n; ++rank) {
      const double v = speed_of(jitter, rank, 7), x = d == Distribution::exponential ? 1 / v - 1 : v - 1;
      sum += x;
      squares += x * x;
      least = std::min(least, v);
      most = std::max(most, v);
    }
    const double mean = sum / n, deviation = std::sqrt(squares / n - mean * mean);
    CHECK(mean == doctest::Approx(d == Distribution::exponential ? 0.05 : 0).epsilon(0.02).scale(0.05));
    CHECK(deviation == doctest::Approx(0.05).epsilon(0.02));
    CHECK(least > 0.7);
    CHECK(most < (d == Distribution::exponential ? 1 : 1.25));
  }
}

TEST_CASE("a rank's own speed stays when the run's seed changes, its step jitter does not") {
  Jitter machines, steps;
  machines.rank = steps.step = {Distribution::normal, 0.02};
  CHECK(speed_of(machines, 5, 0) == speed_of(machines, 5, 1));
  CHECK(speed_of(steps, 5, 0) != speed_of(steps, 5, 1));
  CHECK(speed_of(machines, 5, 0) != speed_of(steps, 5, 0)); // one seed, two purposes
  Jitter others = machines;
  others.seed = 1;
  CHECK(speed_of(machines, 5, 0) != speed_of(others, 5, 0));
  // Held here so that no build and no later version deals other machines: a hash of (purpose, seed, rank).
  CHECK(draw(DrawFor::rank_speed, {0, 5, 0}) == draw(DrawFor::rank_speed, {0, 5, 0}));
  CHECK(draw(DrawFor::rank_speed, {0, 5}) != draw(DrawFor::rank_speed, {5, 0}));
  CHECK(speed_of(Jitter{}, 5, 3) == 1);
}

TEST_CASE("the same seed gives the same step, another one another step, and folding neither") {
  const auto a = at(with({both})), b = at(with({both})), c = at(with({both}), 1), plain = at(with({}));
  CHECK(a.run.step_time == b.run.step_time);
  CHECK(a.run.step_time != c.run.step_time);
  CHECK(a.run.step_time > plain.run.step_time); // the slowest rank sets the pace
  const auto unfolded = at(with({both}), 0, false);
  CHECK(test::relative(a.run.step_time, unfolded.run.step_time) < 1e-9);
  test::check_ledgers(a);
}

TEST_CASE("one perturbed rank splits its class and nothing else") {
  // Alone in a world without links there is nobody to notice.
  const std::vector<std::string> apart = with({"plan={tp: 1, pp: 1, dp: 32, zero: 0, order: [dp]}"});
  const auto even = at(apart);
  auto sets = apart;
  sets.emplace_back("slow_ranks=[{rank: 9, speed: 0.9}]");
  const auto one = at(sets);
  CHECK(one.folded.ranks.size() == even.folded.ranks.size() + 1);
  CHECK(one.folded.communicators.size() == even.folded.communicators.size());
  CHECK(one.folded.ranks[std::size_t(one.folded.class_of(9))].count == 1);
}

TEST_CASE("over seeds the median lies between, and a scenario without step jitter does not vary") {
  const auto band = analysis::band_of({5, 1, 2, 4, 3});
  CHECK(band.median == 3);
  CHECK(band.p5 == doctest::Approx(1.2));
  CHECK(band.p95 == doctest::Approx(4.8));
  CHECK(analysis::band_of({7}).p5 == 7);

  const auto loaded = test::load("llama3-405b-16k", with({both}));
  CHECK(analysis::varies(loaded));
  CHECK(!analysis::varies(test::load("llama3-405b-16k", small)));
  CHECK(
      !analysis::varies(test::load("llama3-405b-16k", with({"jitter={rank: {distribution: uniform, spread: 0.02}}"}))));
  const auto seeds = analysis::run_seeds(loaded, {}, 8, false);
  REQUIRE(seeds);
  const auto& step = seeds->step_time;
  CHECK(step.p5 < step.median);
  CHECK(step.median < step.p95);
  double least = 1e9, most = 0;
  for (int seed = 0; seed < 8; ++seed) {
    const double t = test::simulate(loaded, {.seed = seed}).run.step_time;
    least = std::min(least, t);
    most = std::max(most, t);
  }
  CHECK(least <= step.p5);
  CHECK(step.p95 <= most);
}

TEST_CASE("the command line prints one draw or a band of draws, the same bytes every time") {
  const std::string sets = fmt::format(" --set '{}'", fmt::join(with({both}), "' --set '"));
  auto weft = [&](const std::string& more) {
    return test::command(fmt::format("'{}' run llama3-405b-16k {} {} 2>/dev/null", WEFT_BINARY, sets, more)).out;
  };
  CHECK(weft("--seed 3 --format json") == weft("--seed 3 --format json --jobs 1"));
  CHECK(weft("--seed 3 --format json") != weft("--seed 4 --format json"));
  CHECK(weft("--seeds 4 --format json") == weft("--seeds 4 --format json --jobs 3"));
  CHECK(weft("--seeds 4 --format json").find("\"seeds\": {\n    \"n\": 4,") != std::string::npos);
  CHECK(weft("--seeds 4").find("OVER 4 SEEDS, from 0") != std::string::npos);
  CHECK(weft("--seeds 4 --format csv").find("step_time_s_median") != std::string::npos);
  const auto still = test::command(fmt::format("'{}' run korthikanti-22b --seeds 3 2>&1 >/dev/null", WEFT_BINARY));
  CHECK(still.out.find("nothing is random from run to run") != std::string::npos);
}
