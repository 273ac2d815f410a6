// Do published steps come out, with constants that belong to chip and stack only?
#include "tests/support.hpp"

using namespace weft;

namespace {
double step(const char* scenario) {
  sim::Options quick;
  quick.ideal_run = false;
  return test::simulate(scenario, {}, quick).run.step_time;
}
} // namespace

TEST_CASE("Korthikanti et al. 2022: 175B on 64 and 530B on 280 and 2,240 A100 within 6 %") {
  CHECK(step("korthikanti-175b") == doctest::Approx(13.75).epsilon(0.06));
  CHECK(step("korthikanti-530b") == doctest::Approx(37.83).epsilon(0.06));
  CHECK(step("korthikanti-530b-dp8") == doctest::Approx(39.15).epsilon(0.06));
}

TEST_CASE("Llama-3-405B: inside the band of its published FLOP/s, and so is the ratio of its two sizes") {
  const double at_16k = step("llama3-405b-16k"), at_8k = step("llama3-405b-8k");
  CHECK(at_16k >= 5.60);
  CHECK(at_16k <= 7.41);
  CHECK(at_8k >= 10.4);
  CHECK(at_8k <= 13.8);
  CHECK(at_8k / at_16k == doctest::Approx(1.86).epsilon(0.05));
}

TEST_CASE("H800 differs from H100 only where its scale-up links do") {
  const auto h100 = test::simulate("llama3-405b-16k"), h800 = test::simulate("llama3-405b-16k-h800");
  const auto a = analysis::where_time_went(h100, h100.run, h100.costs, 0);
  const auto b = analysis::where_time_went(h800, h800.run, h800.costs, 0);
  for (sim::Entry e : {sim::Entry::useful, sim::Entry::below_peak, sim::Entry::memory_bound, sim::Entry::recompute,
                       sim::Entry::host, sim::Entry::optimizer})
    CHECK(test::relative(a.seconds[std::size_t(e)], b.seconds[std::size_t(e)]) < 1e-12);
  CHECK(b.seconds[std::size_t(sim::Entry::tp)] > 2 * a.seconds[std::size_t(sim::Entry::tp)]);
  CHECK(h100.ideal.step_time == h800.ideal.step_time);
  CHECK(h100.memory.total() == h800.memory.total());
}

TEST_CASE("no step beats its bandwidth or its compute bound") {
  for (const char* name : {"llama3-405b-16k", "llama3-405b-16k-910b", "llama3-405b-16k-910c", "korthikanti-175b"}) {
    const auto r = test::simulate(name);
    CHECK(r.run.step_time > r.flops.causal.count() / r.rank_peak / double(r.cluster.ranks()));
    for (const auto& link : r.links)
      CHECK(link.bytes / link.capacity <= r.run.step_time);
  }
}

TEST_CASE("the same command prints the same bytes") {
  const std::string line = std::string(WEFT_BINARY) + " run korthikanti-175b --explain --format json";
  const auto a = test::command(line), b = test::command(line);
  CHECK(a.code == 0);
  CHECK(a.out.size() > 1000);
  CHECK(a.out == b.out);
  CHECK(test::command(line + " --jobs 1").out == a.out);
}

TEST_CASE("a plan that does not fit is simulated, says so and exits with 3") {
  const auto r = test::command(std::string(WEFT_BINARY) + " run llama3-405b-8k --format json 2>/dev/null");
  CHECK(r.code == 3);
  CHECK(r.out.find("\"fits\": false") != std::string::npos);
}
