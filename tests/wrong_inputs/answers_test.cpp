// Are questions that have no answer refused with their reason, exit 2 and an empty stdout?
#include "tests/support.hpp"

#include <fmt/format.h>

using namespace weft;

namespace {

void refused(const std::string& arguments, const std::string& text) {
  const std::string line = fmt::format("'{}' {}", WEFT_BINARY, arguments);
  CAPTURE(line);
  const auto said = test::command(line + " 2>&1 >/dev/null");
  CHECK(said.code == 2);
  CAPTURE(said.out);
  CHECK(said.out.find(text) != std::string::npos);
  CHECK(test::command(line + " 2>/dev/null").out.empty());
}

} // namespace

TEST_CASE("wrong swaps are refused") {
  refused("compare --swap", "--swap takes two scenarios, and 0 are given");
  refused("compare --swap korthikanti-22b", "--swap takes two scenarios, and 1 is given");
  refused("compare --swap korthikanti-22b korthikanti-22b korthikanti-22b", "and 3 are given");
  refused("compare --swap korthikanti-22b korthikanti-175b", "differ in their models: layers (48 and 96)");
  refused("compare --swap korthikanti-530b korthikanti-530b-dp8",
          "differ in their training: global_batch (280 and 2240)");
  refused("compare --swap llama3-405b-16k llama3-405b-8k", "differ in their number of ranks: 16384 and 8192");
  refused("compare --swap korthikanti-22b korthikanti-22b --samples 8", "--swap excludes --samples");
  refused("compare --swap korthikanti-22b korthikanti-22b --power", "--swap excludes --power");
  refused("compare --swap korthikanti-22b nowhere", "unknown scenario `nowhere`");
  refused("compare --swap korthikanti-22b korthikanti-22b --set plan.tp=3", "error:");
}

TEST_CASE("wrong parities are refused") {
  const std::string both = "parity --reference llama3-405b-16k --candidate llama3-405b-16k-910b ";
  refused("parity --reference llama3-405b-16k", "--candidate is required");
  refused("parity --candidate llama3-405b-16k", "--reference is required");
  refused(both + "--accelerators 0", "--accelerators");
  refused(both + "--accelerators many", "--accelerators");
  refused(both + "--accelerators 99999999", "--accelerators");
  refused(both + "--tokens-per-s -5", "--tokens-per-s");
  refused(both + "--tokens-per-s 1e6 --accelerators 5000", "excludes");
  refused(both + "--accelerators 1000000", "runs on at most 16384 accelerators with a batch of 2048");
  refused(both + "--accelerators 100 --scale-batch", "runs on no fewer than 128 accelerators");
  refused(both + "--location atlantis", "unknown location `atlantis`");
  refused(both + "--tokens-per-s 1e9", "the reference makes at most");
  refused("parity --reference llama3-405b-16k --candidate llama3-70b-8k",
          "differ in their models: layers (126 and 80)");
  refused("parity --reference korthikanti-530b --candidate korthikanti-530b-dp8",
          "differ in their training: global_batch (280 and 2240)");
  refused("parity --reference llama3-405b-16k llama3-405b-16k-h800 --candidate llama3-405b-16k",
          "the reference is one cluster");
  refused("parity --reference llama3-405b-16k --candidate nowhere", "unknown scenario `nowhere`");
}
