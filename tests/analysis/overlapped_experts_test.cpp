// Experts whose dispatch runs beside another microbatch: does a perfect network bring back a wait of the host?

#include "analysis/headline.hpp"

#include <doctest/doctest.h>

using namespace weft;
using namespace weft::analysis;

TEST_CASE("a perfect network adds no host time to experts whose dispatch is overlapped, so the tax is no gift") {
  const auto tree = parse_document("cluster: {name: h100-meta-24k-roce, accelerators: 512}\n"
                                   "model: {name: deepseek-v3, layers: 15}\n"
                                   "training: {global_batch: 512, sequence: 4096, precision: bf16}\n"
                                   "plan: {tp: 4, pp: 8, ep: 64, dp: 16, schedule: dualpipe, zero: 1}\n"
                                   "stack: megatron-te-2025\n",
                                   "experts");
  REQUIRE(tree);
  const auto loaded = load_scenario(*tree, {}, "experts");
  REQUIRE_MESSAGE(loaded, (loaded ? "" : render(loaded.error())));
  auto result = sim::simulate(loaded->scenario, loaded->cluster);
  REQUIRE_MESSAGE(result, (result ? "" : render(result.error())));
  const Summary s = summarise(std::move(*result), {});
  const auto host = std::size_t(sim::Entry::host);
  CHECK(s.where_ideal.seconds[host] <= s.where.seconds[host] * 1.1); // that tp hid some of it is right
  CHECK(s.tax->total > 0.05);
}
