// Is somebody who mistyped told what may have been meant, and does every verb show how it is used?
#include "platforms/base/diagnostic.hpp"
#include "tests/cli/cli_support.hpp"

#include <regex>

using namespace weft;

namespace {

void refused(const std::string& arguments, const std::string& message) {
  CAPTURE(arguments);
  const auto said = test::weft(arguments, "2>&1 >/dev/null");
  CHECK(said.code == 2);
  CHECK(said.out == message);
  CHECK(test::weft(arguments).out.empty());
}

std::vector<std::string> verbs() {
  std::vector<std::string> out;
  const std::string help = test::weft("--help").out;
  std::istringstream lines(help.substr(help.find("Subcommands:")));
  for (std::string line; std::getline(lines, line);)
    if (std::smatch m; std::regex_search(line, m, std::regex("^  ([a-z]+) +[a-z]"))) out.push_back(m[1]);
  return out;
}

} // namespace

TEST_CASE("what is near a word: one slip in three letters, swapped neighbours count once") {
  CHECK(nearest("comapre", {"compare", "catalog"}) == "compare");
  CHECK(nearest("rnu", {"run", "rules"}) == "run");
  CHECK(nearest("llama3-450b", {"llama3-405b", "llama3-70b"}) == "llama3-405b");
  CHECK(nearest("xyz", {"run", "rules"}).empty());
  CHECK(nearest("", {"run"}).empty());
  CHECK(did_you_mean("rnu", {"run"}) == "did you mean `run`?");
  CHECK(did_you_mean("xyz", {"run"}).empty());
}

TEST_CASE("a mistyped verb, option, choice and name each get their hint") {
  refused("rum", "error: unknown verb `rum`\nhint: did you mean `run`?\n");
  refused("--color never comapre", "error: unknown verb `comapre`\nhint: did you mean `compare`?\n");
  refused("frobnicate", "error: unknown verb `frobnicate`\nhint: `weft --help` lists them\n");
  refused("", "error: a verb is required\nhint: `weft --help` says more\n");
  refused("run llama3-70b-8k --explian", "error: unknown option `--explian`\nhint: did you mean `--explain`?\n");
  refused("run llama3-70b-8k --catalogue=x", "error: unknown option `--catalogue`\nhint: did you mean `--catalog`?\n");
  refused("run llama3-70b-8k --zzz", "error: unknown option `--zzz`\nhint: `weft run --help` says more\n");
  refused("run llama3-70b-8k again", "error: `again` is one argument too many\nhint: `weft run --help` says more\n");
  refused("run llama3-70b-8k --format jsn",
          "error: --format: `jsn` is not one of text, json, csv\nhint: did you mean `json`?\n");
  refused("catalog acelerators", "error: kind: `acelerators` is not one of accelerators, nodes, clusters, locations, "
                                 "models, stacks, plans, scenarios, left-out\nhint: did you mean `accelerators`?\n");
  refused("run lama3-405b-16k", "error: unknown scenario `lama3-405b-16k`\nhint: did you mean `llama3-405b-16k`?\n");
  refused("catalog stacks megatron-te-2052",
          "error: unknown stack `megatron-te-2052`\nhint: did you mean `megatron-te-2025`?\n");
  refused("catalog models llama3-504b", "error: unknown model `llama3-504b`\nhint: did you mean `llama3-405b`?\n");
  refused("claims comunication", "error: no claim `comunication`\nhint: did you mean `communication`?\n");
  refused("validate --group mosiac", "error: no run has group `mosiac`\nhint: did you mean `mosaic`?\n");
  refused("rules h801", "error: unknown accelerator `h801`\nhint: did you mean `h800`?\n");
}

TEST_CASE("names and keys inside a file get theirs at their place") {
  const test::Folder folder;
  const auto wrong = [&](const std::string& from, const std::string& to) {
    std::string text = test::text_of("workloads/scenarios/llama3-405b-16k.yaml");
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
    std::ofstream(folder / "my.yaml") << text;
    return test::weft("run '" + folder / "my.yaml" + "'", "2>&1 >/dev/null").out;
  };
  CHECK(wrong("{name: h100-meta-24k-roce", "{name: h100-meta-24k-rcoe").find("did you mean `h100-meta-24k-roce`?") !=
        std::string::npos);
  CHECK(wrong("stack: meta-llama3-2024", "stack: meta-lama3-2024").find("did you mean `meta-llama3-2024`?") !=
        std::string::npos);
  CHECK(wrong("microbatch: 1", "micorbatch: 1").find(":6:40: error: unknown key `micorbatch` in plan") !=
        std::string::npos);
  CHECK(wrong("microbatch: 1", "micorbatch: 1").find("did you mean `microbatch`?") != std::string::npos);
  CHECK(wrong("schedule: interleaved-1f1b", "schedule: interleaved-1fb1").find("did you mean `interleaved-1f1b`?") !=
        std::string::npos);
  CHECK(wrong("training:", "trainnig:").find("did you mean `training`?") != std::string::npos);
}

TEST_CASE("every verb's help has an example that begins with the verb") {
  const auto all = verbs();
  CHECK(all.size() >= 10);
  for (const std::string& verb : all) {
    CAPTURE(verb);
    const auto help = test::weft(verb + " --help");
    CHECK(help.code == 0);
    CHECK(help.out.find("Example: weft " + verb) != std::string::npos);
  }
  CHECK(test::weft("--help").out.find("Example: weft run") != std::string::npos);
}

TEST_CASE("colours are for terminals: not in pipes, not in JSON, not where NO_COLOR is set") {
  const std::string run = "run llama3-70b-8k";
  const std::string bold = "\033[1mWHERE TIME WENT\033[0m";
  CHECK(test::weft(run, "2>&1").out.find('\033') == std::string::npos);
  CHECK(test::on_terminal(run).out.find(bold) != std::string::npos);
  CHECK(test::on_terminal(run, "TERM=xterm NO_COLOR=1").out.find('\033') == std::string::npos);
  CHECK(test::on_terminal(run, "TERM=dumb").out.find('\033') == std::string::npos);
  CHECK(test::on_terminal(run + " --color never").out.find('\033') == std::string::npos);
  CHECK(test::on_terminal(run + " --format json").out.find('\033') == std::string::npos);
  CHECK(test::weft(run + " --color always").out.find(bold) != std::string::npos);
  CHECK(test::weft(run + " --color always --format csv").out.find('\033') == std::string::npos);
  CHECK(test::on_terminal("run lama3-70b-8k").out.find("\033[1;31merror:\033[0m") != std::string::npos);
  // Only colours differ.
  const std::string coloured = test::weft(run + " --color always").out;
  CHECK(std::regex_replace(coloured, std::regex("\033\\[[0-9;]*m"), "") == test::weft(run).out);
}
