// Is a wrong collective refused with its reason, exit 2 and an empty stdout?
#include "tests/support.hpp"

#include <fmt/format.h>

using namespace weft;

namespace {

void refused(const std::string& arguments, const std::string& message) {
  const std::string line = fmt::format("'{}' collective {}", WEFT_BINARY, arguments);
  CAPTURE(line);
  const auto said = test::command(line + " 2>&1 >/dev/null");
  CHECK(said.code == 2);
  CAPTURE(said.out);
  CHECK(said.out.find(message) != std::string::npos);
  CHECK(test::command(line + " 2>/dev/null").out.empty());
}

} // namespace

TEST_CASE("wrong collectives are refused") {
  const std::string h100 = " --bytes 1GiB --cluster h100-superpod ";
  refused("--op all-reduse --ranks 8" + h100, "did you mean `all-reduce`?");
  refused("--op all-reduce@rail --ranks 16" + h100, "did you mean `rails`?");
  refused("--op all-reduce@rails --ranks 8" + h100, "rails join the same places of several whole scale-up domains");
  refused("--op all-reduce --ranks 8 --algorithm rings" + h100, "did you mean `ring`?");
  refused("--op all-to-all --ranks 8 --algorithm ring" + h100, "algorithm `ring` does not run all-to-all; these do: ");
  refused("--op all-reduce --ranks 8 --algorithm mesh" + h100, "needs direct links between all ranks");
  refused("--op all-reduce --ranks 8 --algorithm hierarchical" + h100, "more than one domain");
  refused("--op all-reduce --ranks 12 --algorithm nhr" + h100, "needs whole scale-up domains");
  refused("--op all-reduce --ranks 16 --algorithm in-network" + h100, "none between domains");
  refused("--op all-reduce --ranks 16 --algorithm nvls-tree --bytes 1GiB --cluster a100-superpod", "no switch does");
  refused("--op all-gather --ranks 16 --algorithm tree" + h100, "algorithm `tree` does not run all-gather");
  refused("--op all-reduce --ranks 1" + h100, "--ranks 1: a collective runs between 2 and 4,194,304 ranks");
  refused("--op all-reduce --ranks 99999999" + h100, "between 2 and 4,194,304 ranks");
  refused("--op all-reduce --ranks 64 --set cluster.accelerators=32" + h100,
          "64 ranks are more than the 32 of cluster h100-superpod");
  refused("--op all-reduce --ranks 8 --set plan.tp=8" + h100, "a collective knows only its cluster");
  refused("--op all-reduce --ranks 8 --bytes 1GiB --bytes 2GiB --cluster h100-superpod",
          "--bytes is given 2 times for 1 operations");
  refused("--op all-reduce --ranks 8 --bytes big --cluster h100-superpod", "--bytes big: ");
  refused("--op all-reduce --ranks 8 --bytes -5 --cluster h100-superpod", "between 1 byte and 1e18 bytes");
  refused("--op all-reduce --ranks 8 --bytes 1GiB --cluster h100-superpot", "did you mean `h100-superpod`?");
  refused("--op all-reduce --ranks 8 --bytes 1GiB", "--cluster is required");
  refused("--op all-reduce --ranks 12 --closed-form" + h100, "no closed form with a part-filled scale-up domain");
}
