// Do the verbs about the tool itself do what they say: schemas, a first scenario, completion?
#include "tests/cli/cli_support.hpp"

#include <nlohmann/json.hpp>

using namespace weft;

namespace {

/// What bash offers after a line; a blank at its end begins a new word.
std::vector<std::string> offered(const std::string& line) {
  const test::Folder folder;
  std::ofstream(folder / "try.sh") << "PATH='" << std::filesystem::path(WEFT_BINARY).parent_path().string()
                                   << "':$PATH\nsource <(weft completion bash)\nline='" << line
                                   << "'\nread -ra COMP_WORDS <<<\"$line\"\n"
                                      "[[ $line == *' ' ]] && COMP_WORDS+=('')\n"
                                      "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_weft\n"
                                      "printf '%s\\n' \"${COMPREPLY[@]}\"\n";
  std::istringstream out(test::command("cd '" + folder.path() + "' && bash try.sh 2>&1").out);
  std::vector<std::string> words;
  for (std::string word; std::getline(out, word);)
    if (!word.empty() && word != "try.sh") words.push_back(word);
  return words;
}
bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

} // namespace

TEST_CASE("what init writes runs, fits, and passes its own schema's reader, for several models and clusters") {
  const test::Folder folder;
  for (const auto& [arguments, ranks] : std::vector<std::pair<std::string, std::int64_t>>{
           {"", 1024},
           {"--cluster h800-meta-24k-roce --model llama3-405b --accelerators 4096", 4096},
           {"--cluster 910c-cloudmatrix --model llama3-70b --accelerators 384", 768},
           {"--cluster a100-superpod --model gpt3-175b --accelerators 512 --sequence 2048", 512},
           {"--cluster h100-superpod --model deepseek-v3 --accelerators 2048 --sequence 4096", 2048},
           {"--cluster gb200-superpod --model qwen2-7b --accelerators 72 --global-batch 576", 72},
           {"--cluster 910b-roce --model llama2-13b --accelerators 64", 64}}) {
    CAPTURE(arguments);
    const std::string file = folder / "my.yaml";
    const auto wrote = test::weft("init --force -o '" + file + "' " + arguments, "2>&1");
    REQUIRE(wrote.code == 0);
    const auto run = test::weft("run '" + file + "' --format json");
    REQUIRE(run.code == 0); // 3 would be: does not fit
    const auto json = nlohmann::json::parse(run.out);
    CHECK(json.at("memory").at("fits") == true);
    CHECK(json.at("classes").at("ranks") == ranks);
    std::string printed = test::weft("init " + arguments).out;
    printed.replace(printed.find("name: my-scenario"), 17, "name: my"); // a file's scenario is called as the file
    CHECK(printed == test::read_file(file));
  }
}

TEST_CASE("init's comments are the tables' own, and it does not overwrite") {
  const std::string text = test::weft("init").out;
  CHECK(text.find("# sequences per step") != std::string::npos);
  CHECK(text.find("# 0 replicated, 1 optimizer sharded, 2 gradients too, 3 weights too") != std::string::npos);
  CHECK(text.find("# cluster name, or a map that overrides it") != std::string::npos);
  CHECK(text.find("interleaved-1f1b") != std::string::npos); // of the choices
  const test::Folder folder;
  const std::string file = folder / "my.yaml";
  CHECK(test::weft("init -o '" + file + "'").code == 0);
  CHECK(test::weft("init -o '" + file + "'", "2>&1").out == "error: " + file + " exists\nhint: --force replaces it\n");
  CHECK(test::weft("init -o '" + file + "'").code == 2);
  CHECK(test::weft("init --model llama3-70c", "2>&1").out.find("did you mean `llama3-70b`?") != std::string::npos);
  const auto small = test::weft("init --model llama3-405b --accelerators 8", "2>&1");
  CHECK(small.code == 2);
  CHECK(small.out.starts_with("error: no plan of llama3-405b fits on 8 accelerators of h100-superpod\n"));
}

TEST_CASE("init names files as its own file sees them, whatever letters they have") {
  const test::Folder folder;
  std::filesystem::create_directories(folder / "runs");
  std::ofstream(folder / "our: \"own\".yaml") << "base: h100-superpod\nname: ours\n";
  const std::string in = "cd '" + folder.path() + "' && '" WEFT_BINARY "' ";
  CHECK(
      test::command(in + "init --cluster 'our: \"own\".yaml' --model llama3-8b --accelerators 64 -o runs/my.yaml 2>&1")
          .code == 0);
  CHECK(test::read_file(folder / "runs/my.yaml").find("{name: \"../our: \\\"own\\\".yaml\", accelerators: 64}") !=
        std::string::npos);
  CHECK(test::weft("run '" + folder / "runs/my.yaml" + "' --no-tax").code == 0);
  CHECK(test::weft("run llama3-70b-8k --trace x --pipeline x", "2>&1").out ==
        "error: --trace and --pipeline name the same file\n");
}

TEST_CASE("every kind of input has a schema, and a wrong kind is told which are known") {
  std::istringstream kinds(test::weft("schema").out);
  int count = 0;
  for (std::string line; std::getline(kinds, line); ++count) {
    const std::string kind = line.substr(0, line.find(' '));
    CAPTURE(kind);
    const auto schema = nlohmann::json::parse(test::weft("schema " + kind).out);
    CHECK(schema.at("$schema") == "https://json-schema.org/draft/2020-12/schema");
    CHECK(schema.at("title") == "Weft: " + kind);
  }
  CHECK(count >= 15);
  CHECK(test::weft("schema scenarioo", "2>&1").out ==
        "error: no kind of input is called `scenarioo`\nhint: did you mean `scenario`?\n");
  const auto scenario = nlohmann::json::parse(test::weft("schema scenario").out);
  const auto& tp = scenario.at("$defs").at("plan").at("properties").at("tp");
  CHECK(tp.at("type") == "integer");
  CHECK(tp.at("description") == "tensor parallelism");
  CHECK(scenario.at("required") == nlohmann::json{"cluster", "model", "training", "plan"});
}

TEST_CASE("bash completes verbs, options, their words, and names out of the catalog") {
  CHECK(offered("weft comp") == std::vector<std::string>{"compare", "completion"});
  CHECK(has(offered("weft "), "run"));
  CHECK(has(offered("weft --c"), "--catalog"));
  CHECK(has(offered("weft run --expl"), "--explain"));
  CHECK(offered("weft run llama3-405b-16k --format j") == std::vector<std::string>{"json"});
  CHECK(offered("weft --color n") == std::vector<std::string>{"never"});
  CHECK(has(offered("weft run llama3-4"), "llama3-405b-16k"));
  CHECK(has(offered("weft compare llama3-405b-16k llama3-70b"), "llama3-70b-8k"));
  CHECK(has(offered("weft collective --cluster h100-s"), "h100-superpod"));
  CHECK(has(offered("weft catalog acc"), "accelerators"));
  CHECK(has(offered("weft catalog accelerators h100-s"), "h100-sxm"));
  CHECK(has(offered("weft claims comm"), "communication"));
  CHECK(has(offered("weft schema sc"), "scenario"));
  CHECK(has(offered("weft init --model deepseek-v3"), "deepseek-v3"));
  CHECK(offered("weft completion b") == std::vector<std::string>{"bash"});
}
