// Does a simulation without communication need as few classes as it is given, and do they change anything?
#include "tests/random_worlds.hpp"
#include "tests/same_bits.hpp"
#include "tests/support.hpp"

#include <set>

using namespace weft;

namespace {

struct Both {
  sim::StepResult folded, unfolded;
};
Both simulate_both(const std::vector<std::string>& sets) {
  std::vector<std::string> all{"cluster.accelerators=512",
                               "training.global_batch=64",
                               "plan.pp=4",
                               "plan.vpp=2",
                               "plan.dp=16",
                               "cluster.fabric.tiers=[" + test::tier("pod", 96, 7) + "]"};
  all.insert(all.end(), sets.begin(), sets.end());
  const auto loaded = test::load("llama3-405b-16k", all);
  sim::Options unfolded;
  unfolded.fold = false;
  return {test::simulate(loaded), test::simulate(loaded, unfolded)};
}
std::size_t classes(const sim::StepResult& r) {
  return r.ideal.like.empty() ? r.folded.ranks.size() : std::set(r.ideal.like.begin(), r.ideal.like.end()).size();
}
void check_same(const Both& both) {
  const auto &a = both.folded, &b = both.unfolded;
  CHECK(b.ideal.like.empty());
  CHECK(test::same_bits(a, b, a.ideal, b.ideal));
  const auto wa = analysis::where_time_went(a, a.ideal, a.ideal_costs, a.dims),
             wb = analysis::where_time_went(b, b.ideal, b.ideal_costs, b.dims);
  REQUIRE(wa.by_class.size() == a.folded.ranks.size());
  for (std::size_t e = 0; e < sim::entry_count; ++e)
    CHECK(std::abs(wa.seconds[e] - wb.seconds[e]) <= 1e-12 * b.ideal.step_time);
}

} // namespace

TEST_CASE("without communication links tell no ranks apart: one class a stage, and no bit changes") {
  const Both both = simulate_both({"plan.order=[tp, cp, dp, pp]"});
  CHECK(both.folded.folded.ranks.size() > 4);
  CHECK(classes(both.folded) == 4);
  CHECK(both.unfolded.ideal.activities == 16 * both.folded.ideal.activities); // replicas
  check_same(both);
}

TEST_CASE("who waits for a slow rank stays a class of its own without communication") {
  const Both both = simulate_both({"plan.order=[tp, cp, dp, pp]", "slow_ranks=[{rank: 3, speed: 0.9}]"});
  CHECK(both.folded.folded.ranks.size() > 16);
  CHECK(classes(both.folded) == 16); // in each stage: the slow replica or not, the slow tp place or not
  check_same(both);
}

TEST_CASE("where speeds differ from rank to rank there is nothing to make fewer") {
  const Both both = simulate_both({"jitter={rank: {distribution: normal, spread: 0.01}}"});
  CHECK(both.folded.ideal.like.empty());
  check_same(both);
}
