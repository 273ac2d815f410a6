// Do the pages of the answers show what the commands print?
#include "tests/support.hpp"

using namespace weft;

namespace {

/// The block of a page that a command printed.
void shown(const std::string& page, const std::string& command) {
  CAPTURE(command);
  const std::string text = test::text_of(page), open = "<!-- weft " + command + " -->\n```text\n";
  const std::string close = "```\n<!-- end -->";
  const auto from = text.find(open);
  REQUIRE(from != std::string::npos);
  const auto to = text.find(close, from);
  REQUIRE(to != std::string::npos);
  const auto printed = test::command(std::string(WEFT_BINARY) + " " + command + " 2>/dev/null");
  CHECK(text.substr(from + open.size(), to - from - open.size()) == printed.out);
}

} // namespace

TEST_CASE("the page on swaps shows what weft compare --swap prints") {
  for (const char* other : {"910b", "h800"}) // 910c takes seconds: tests/golden/update.sh
    shown("analysis/docs/swap.md", std::string("compare llama3-405b-16k llama3-405b-16k-") + other + " --swap");
}

TEST_CASE("the page on parity shows what weft parity prints") {
  const std::string on_70b = "parity --reference llama3-70b-8k llama3-70b-8k-cp2 --candidate llama3-70b-16k-910c "
                             "llama3-70b-16k-910c-cp2 --accelerators 10000";
  shown("analysis/docs/parity.md", on_70b);
  shown("analysis/docs/parity.md", "parity --reference llama3-405b-16k --candidate llama3-405b-16k-910c "
                                   "llama3-405b-16k-910c-tp16 llama3-405b-16k-910c-cp2 llama3-405b-16k-910b");
  const auto json = test::command(std::string(WEFT_BINARY) + " " + on_70b + " --format json");
  CHECK(json.code == 0);
  for (const char* key : {"\"target_tokens_per_s\"", "\"reference\"", "\"candidates\"", "\"reached\": true",
                          "\"interpolated\": true", "\"nominal_ratio\"", "\"plan\"", "\"evidence_summary\""})
    CHECK_MESSAGE(json.out.find(key) != std::string::npos, key);
}

TEST_CASE("a swap as JSON says what the text says") {
  const auto text =
      test::command(std::string(WEFT_BINARY) + " compare korthikanti-22b korthikanti-22b --swap " + "--format json");
  CHECK(text.code == 0);
  for (const char* key :
       {"\"scenarios\"", "\"swap\"", "\"parts\"", "\"share_of_gap\": null", "\"achieved_efficiencies\"", "\"corners\"",
        "\"excess_tax\"", "\"gap_s\": 0.0", "\"ratio\": 1.0", "\"runs\": 64"})
    CHECK_MESSAGE(text.out.find(key) != std::string::npos, key);
  const auto csv =
      test::command(std::string(WEFT_BINARY) + " compare korthikanti-22b korthikanti-22b --swap " + "--format csv");
  CHECK(std::count(csv.out.begin(), csv.out.end(), '\n') == 1 + 6 + 4);
}
