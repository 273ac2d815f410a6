// Does the README show what the commands print?
#include "tests/support.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

using namespace weft;

TEST_CASE("the README's comparison is what weft compare prints") {
  const std::string text = test::text_of("README.md");
  const std::string open = "<!-- weft compare -->\n```text\n", close = "```\n<!-- end -->";
  const auto from = text.find(open), to = text.find(close);
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  const auto printed = test::command(std::string(WEFT_BINARY) + " compare");
  CHECK(printed.code == 0);
  CHECK(text.substr(from + open.size(), to - from - open.size()) == printed.out);
}

TEST_CASE("the README's table of published steps is what the simulator gives") {
  const std::string text = test::text_of("README.md");
  for (const char* name : {"korthikanti-22b", "korthikanti-175b", "korthikanti-530b", "korthikanti-530b-dp8",
                           "llama3-405b-16k", "llama3-405b-8k"}) {
    sim::Options quick;
    quick.ideal_run = false;
    const double step = test::simulate(name, {}, quick).run.step_time;
    CHECK_MESSAGE(text.find(fmt::format("| {:.3f} s |", step)) != std::string::npos, name << " " << step);
  }
}

TEST_CASE("the README's example commands run") {
  const std::string weft = WEFT_BINARY;
  CHECK(test::command(weft + " run llama3-405b-16k --set plan.vpp=4 --set plan.recompute=full --set "
                             "cluster.node.nics.bandwidth='200 Gbit/s' 2>/dev/null")
            .code == 0);
  for (const char* line :
       {" run llama3-405b-16k --explain", " compare llama3-405b-16k llama3-405b-16k-h800",
        " catalog accelerators h100-sxm", " catalog left-out", " catalog", " run korthikanti-175b --format csv",
        " run korthikanti-175b --ideal-network", " compare korthikanti-175b --format json",
        " catalog models --format json", " --version", " --help"})
    CHECK_MESSAGE(test::command(weft + line + " 2>/dev/null").code == 0, line);
}

TEST_CASE("the README's answers are what the commands print") {
  const std::string readme = test::text_of("README.md");
  std::size_t quoted = 0;
  for (const char* verb :
       {"run llama3-405b-16k --explain", "sensitivity llama3-405b-16k",
        "compare llama3-405b-16k llama3-405b-16k-910b --swap",
        "parity --reference llama3-70b-8k llama3-70b-8k-cp2 --candidate llama3-70b-16k-910c\nllama3-70b-16k-910c-cp2 "
        "--accelerators 10000"}) {
    std::string command = verb;
    const auto at = readme.find("** `weft " + command + "`");
    REQUIRE_MESSAGE(at != std::string::npos, verb);
    std::replace(command.begin(), command.end(), '\n', ' ');
    const auto printed = test::command(std::string(WEFT_BINARY) + " " + command + " 2>/dev/null");
    std::istringstream lines(readme.substr(readme.find("\n\n    ", at) + 2));
    for (std::string line; std::getline(lines, line) && line.starts_with("    "); ++quoted)
      CHECK_MESSAGE(printed.out.find(line.substr(4)) != std::string::npos, line);
  }
  CHECK(quoted >= 11);
}

TEST_CASE("what the README shows of a claim stands on the page of claims") {
  const std::string readme = test::text_of("README.md"), page = test::text_of("analysis/docs/claims.md");
  const auto at = readme.find("**Is the claim true?**");
  REQUIRE(at != std::string::npos);
  std::istringstream lines(readme.substr(readme.find("\n\n    ", at) + 2));
  std::string line;
  int shown = 0;
  for (; std::getline(lines, line) && line.starts_with("    "); ++shown)
    CHECK_MESSAGE(page.find(line + "\n") != std::string::npos, line);
  CHECK(shown >= 3);
}
