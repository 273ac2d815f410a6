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
  refused("compare --swap korthikanti-22b nowhere", "unknown scenario `nowhere`");
  refused("compare --swap korthikanti-22b korthikanti-22b --set plan.tp=3", "error:");
}
