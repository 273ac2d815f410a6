// How long does a rank communicate, hidden or not?

#include "analysis/headline.hpp"

#include <doctest/doctest.h>

using namespace weft;
using namespace weft::analysis;

namespace {

Headline of(const char* name, const std::vector<std::string>& sets) {
  const auto loaded = load_scenario(name, sets);
  REQUIRE(loaded);
  const auto all = simulate_each({case_of(*loaded)}, {}, 1);
  REQUIRE(all);
  return all->front();
}
double exposed(const Headline& h) {
  double out = 0;
  for (std::size_t d = 0; d < sim::dim_count; ++d)
    out += h.where[std::size_t(sim::entry_of(sim::Dim(d)))];
  return out;
}

} // namespace

TEST_CASE("a rank communicates at least as long as it waits for that, and at most the step") {
  for (const char* name : {"korthikanti-22b", "korthikanti-530b-dp8", "llama3-405b-16k", "llama3-405b-16k-910b"}) {
    const Headline h = of(name, {});
    INFO(name);
    CHECK(h.communicating_s >= exposed(h) * (1 - 1e-12));
    CHECK(h.communicating_s <= h.step_s);
  }
}

TEST_CASE("collectives that nothing runs beside are all exposed; hidden ones are communication all the same") {
  const std::vector<std::string> serial{"stack.tp_hidden_share=0", "stack.overlap.tp_regather=false",
                                        "stack.overlap.tp_input_gradient=false"};
  const Headline open = of("korthikanti-22b", serial); // one node: tp alone
  CHECK(open.communicating_s == doctest::Approx(exposed(open)).epsilon(1e-9));
  std::vector<std::string> hidden = serial;
  hidden[0] = "stack.tp_hidden_share=0.5";
  const Headline half = of("korthikanti-22b", hidden);
  CHECK(exposed(half) < 0.8 * exposed(open));
  CHECK(half.communicating_s == doctest::Approx(open.communicating_s).epsilon(0.1));
}

TEST_CASE("one rank by itself never communicates") {
  const Headline h = of("korthikanti-22b", {"cluster.accelerators=1", "plan.tp=1", "model.layers=2"});
  CHECK(h.communicating_s == 0);
}
