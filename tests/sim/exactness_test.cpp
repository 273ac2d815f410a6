// Is folding exact, and does no step beat what its links and its longest chain allow, on every kind of world?
// Random topologies, plans, routes, degraded links, sites and speeds, at most 512 ranks.
#include "tests/bounds.hpp"
#include "tests/random_small_worlds.hpp"
#include "tests/same_bits.hpp"
#include "tests/support.hpp"
#include "workloads/schedule.hpp"

#include <fmt/format.h>

using namespace weft;

namespace {

struct Tally {
  int ran = 0, refused = 0, folded = 0, by_simgrid = 0, chaotic = 0, tight = 0, unequal = 0;
};

/// Date of the last thing that happens: what repeats is less where stages begin the next step on their own.
double last_end(const sim::EngineRun& run) {
  double last = 0;
  for (const auto& spans : run.compute)
    if (!spans.empty()) last = std::max(last, spans.back().end);
  for (const auto& messages : run.messages)
    for (const auto& span : messages)
      last = std::max(last, span.end);
  return last;
}

void check_bounds(const analysis::Loaded& loaded, const sim::StepResult& r, Tally& tally) {
  const double step = r.run.step_time, last = last_end(r.run);
  if (!workloads::steps_apart(loaded.scenario.plan.schedule)) CHECK(last == step);
  CHECK(last >= step);
  for (const auto& link : r.links)
    if (link.bytes > 0) CHECK(step >= link.bytes / link.capacity * (1 - 1e-9));
  for (const auto& spans : r.run.compute) {
    double computes = 0;
    for (const auto& span : spans)
      computes += span.end - span.begin;
    CHECK(step >= computes * (1 - 1e-9));
  }
  test::Bounds bounds(loaded, r);
  const double chain = bounds.longest_chain(r.costs, false), busy = bounds.busiest_link();
  CHECK(chain > 0);
  CHECK(last >= chain * (1 - 1e-9));
  CHECK(last >= busy * (1 - 1e-9));
  tally.tight += last < 1.001 * std::max(chain, busy);
  // Without communication there is nothing but the chain.
  CHECK(test::relative(last_end(r.ideal), bounds.longest_chain(r.ideal_costs, true)) < 1e-9);
}

/// With SimGrid's own solver: 1e-9, or ten times what a last-place change of one capacity does.
void check_simgrid(const analysis::Loaded& loaded, sim::Options options, Tally& tally) {
  options.solver = sim::Solver::simgrid;
  const auto folded = test::simulate(loaded, options);
  sim::Options all = options;
  all.fold = false;
  const auto unfolded = test::simulate(loaded, all);
  double allowed = 1e-9;
  if (test::relative(folded.run.step_time, unfolded.run.step_time) > allowed) {
    options.capacity_response = true;
    allowed = std::max(allowed, 10 * test::simulate(loaded, options).capacity_response);
    ++tally.chaotic;
  }
  CHECK(test::relative(folded.run.step_time, unfolded.run.step_time) <= allowed);
  CHECK(test::relative(folded.ideal.step_time, unfolded.ideal.step_time) < 1e-9);
  ++tally.by_simgrid;
}

void check(const test::SmallWorld& world, const analysis::Loaded& loaded, bool simgrid, Tally& tally) {
  CAPTURE(world.text());
  sim::Options options, every;
  options.seed = every.seed = world.seed;
  every.fold = false;
  const auto folded = test::simulate(loaded, options), unfolded = test::simulate(loaded, every);
  CHECK(unfolded.folded.ranks.size() == std::size_t(loaded.cluster.ranks()));
  tally.unequal += !loaded.cluster.uniform();
  tally.folded += folded.folded.ranks.size() < unfolded.folded.ranks.size();
  CHECK(test::same_bits(folded, unfolded, folded.run, unfolded.run));
  CHECK(test::same_bits(folded, unfolded, folded.ideal, unfolded.ideal));
  for (std::size_t i = 0; i < folded.links.size(); ++i)
    CHECK(std::abs(folded.links[i].bytes - unfolded.links[i].bytes) <= 1e-9 * unfolded.links[i].bytes);
  test::check_ledgers(folded, 5e-3); // norms weigh more in tiny models
  test::check_ledgers(unfolded, 5e-3);
  check_bounds(loaded, unfolded, tally);
  if (simgrid) check_simgrid(loaded, options, tally);
}

/// `worlds` legal ones; every third with SimGrid's solver too.
Tally sweep(unsigned seed, int worlds) {
  test::SmallWorlds draw(seed);
  Tally tally;
  while (tally.ran < worlds) {
    const test::SmallWorld world = draw.next();
    const auto loaded = test::legal(world.scenario, world.sets);
    if (!loaded) {
      ++tally.refused;
      REQUIRE(tally.refused < 10 * worlds);
      continue;
    }
    check(world, *loaded, tally.ran % 3 == 0, tally);
    ++tally.ran;
  }
  MESSAGE(
      fmt::format("{} worlds ran, {} refused as illegal, {} folded, {} of unequal domains or chips, {} within 0.1 % "
                  "of a bound; {} with SimGrid's solver, {} of them past 1e-9",
                  tally.ran, tally.refused, tally.folded, tally.unequal, tally.tight, tally.by_simgrid, tally.chaotic));
  CHECK(tally.ran == worlds);
  CHECK(tally.refused < 0.6 * (tally.ran + tally.refused));
  CHECK(tally.folded > worlds / 3);
  CHECK(tally.tight > worlds / 20);
  CHECK(tally.unequal > worlds / 10);
  return tally;
}

} // namespace

TEST_CASE("folded is unfolded to the bit, and no step beats its bounds: thirty random small worlds") {
  sweep(30, 30);
}

TEST_CASE("folded is unfolded to the bit, and no step beats its bounds: three hundred random small worlds" *
          doctest::skip()) {
  sweep(1, 300);
}
