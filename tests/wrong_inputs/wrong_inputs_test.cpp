// Does every wrong input get its error, at its place, with nothing on stdout?
#include "platforms/base/document.hpp"
#include "tests/support.hpp"
#include "tests/wrong_inputs/mutate.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

using namespace weft;
namespace fs = std::filesystem;

namespace {

const fs::path cases = fs::path(WEFT_SOURCE_DIR) / "tests/wrong_inputs/cases";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
test::Output weft_in(const fs::path& folder, const std::string& arguments, const char* streams) {
  return test::command(fmt::format("cd '{}' && '{}' {} {}", folder.string(), WEFT_BINARY, arguments, streams));
}

} // namespace

TEST_CASE("every wrong file gives its exact message, exit 2 and an empty stdout") {
  int count = 0;
  for (const auto& file : fs::directory_iterator(cases)) {
    if (file.path().extension() != ".yaml") continue;
    ++count;
    const std::string name = file.path().filename().string();
    CAPTURE(name);
    const auto message = weft_in(cases, "run " + name, "2>&1 >/dev/null");
    CHECK(message.code == 2);
    CHECK(message.out == read(cases / (file.path().stem().string() + ".txt")));
    CHECK(weft_in(cases, "run " + name, "2>/dev/null").out.empty());
  }
  CHECK(count >= 40);
}

TEST_CASE("what is no plain file is refused without waiting for it") {
  const fs::path folder = fs::temp_directory_path() / fmt::format("weft-wrong-{}", ::getpid());
  fs::create_directories(folder / "folder.yaml");
  ::mkfifo((folder / "fifo.yaml").c_str(), 0600);
  std::ofstream(folder / "large.yaml") << "a: " << std::string(std::size_t{2} << 20, 'x') << "\n";
  auto message = [&](const std::string& name) { return weft_in(folder, "run " + name, "2>&1").out; };
  CHECK(message("folder.yaml") == "folder.yaml: error: is a directory, not a file\n");
  CHECK(message("fifo.yaml") == "fifo.yaml: error: is not a regular file\n");
  CHECK(message("large.yaml") == "large.yaml: error: larger than 1048576 bytes\n");
  CHECK(message("missing.yaml") == "missing.yaml: error: No such file or directory\n");
  fs::remove_all(folder);
}

TEST_CASE("overrides on the command line are checked like files") {
  auto message = [](const std::string& set) {
    return weft_in(".", "run korthikanti-175b --set '" + set + "'", "2>&1").out;
  };
  CHECK(message("plan.tpp=4") == "--set plan.tpp=4:1:6: error: unknown key `tpp` in plan\n  plan.tpp=4\n       ^\n"
                                 "hint: did you mean `tp`?\n");
  CHECK(message("plan.tp") == "--set plan.tp: error: expected path=value, for example plan.tp=4\n");
  CHECK(message("plan..tp=4") == "--set plan..tp=4:1:6: error: an empty name in the path\n  plan..tp=4\n       ^\n");
  CHECK(message("name.x.y=4").find("error:") != std::string::npos);
  CHECK(weft_in(".", "run lama3-405b-16k", "2>&1").out ==
        "error: unknown scenario `lama3-405b-16k`\nhint: did you mean `llama3-405b-16k`?\n");
  CHECK(weft_in(".", "run", "2>/dev/null").code == 2);
  CHECK(weft_in(".", "rum", "2>/dev/null").code == 2);
  CHECK(weft_in(".", "run korthikanti-175b --format yaml", "2>/dev/null").code == 2);
}

TEST_CASE("no mutation of a good file crashes the reader") {
  const std::string good = read(fs::path(WEFT_SOURCE_DIR) / "workloads/scenarios/llama3-405b-16k.yaml");
  REQUIRE(good.size() > 100);
  std::mt19937 random(20240607);
  const std::string bytes = "{}[]:,'\"\n\t #&*!|>-?%@`~\\0a\xff";
  int errors = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = good;
    test::mutate(text, bytes, random);
    errors += !parse_document(text, "mutated.yaml");
  }
  CHECK(errors > 500);
}
