// Does platforms/docs/catalog.md show what the catalog holds?
#include "platforms/catalog.hpp"
#include "platforms/left_out.hpp"
#include "tests/support.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace weft;

namespace {

std::string page() {
  return test::text_of("platforms/docs/catalog.md");
}
std::string between(const std::string& text, const std::string& open, const std::string& close) {
  const auto from = text.find(open);
  REQUIRE(from != std::string::npos);
  const auto to = text.find(close, from + open.size());
  REQUIRE(to != std::string::npos);
  return text.substr(from + open.size(), to - from - open.size());
}
std::string bare(const Value& quantity) {
  return quantity.scalar.substr(0, quantity.scalar.find(' '));
}
/// "345 (314 to 345), analyst"; a dash where nobody published it.
std::string cell(const Value& chip, const std::string& path) {
  const Value* figure = find_path(chip, path);
  if (!figure) return "–";
  std::string out = bare(*figure->find("value"));
  const Value *low = figure->find("low"), *high = figure->find("high");
  if (low || high)
    out += fmt::format(" ({} to {})", bare(low ? *low : *figure->find("value")),
                       bare(high ? *high : *figure->find("value")));
  return out + ", " + figure->find("evidence")->scalar;
}
std::string domestic_table() {
  std::string out =
      "| chip | 16-bit dense, TFLOP/s | memory, GiB | its GB/s | scale-up a direction, GB/s | matmul share of "
      "peak |\n|---|---|---|---|---|---|\n";
  for (const auto& name : platforms::catalog_names("accelerators")) {
    const Value chip = *platforms::load_entry("accelerators", name, {});
    if (chip.find("chip_class")->scalar != "china-domestic") continue;
    const std::string p = find_path(chip, "peak.bf16") ? "bf16" : "fp16";
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", name, cell(chip, "peak." + p),
                       cell(chip, "memory_capacity"), cell(chip, "memory_bandwidth"), cell(chip, "scale_up.bandwidth"),
                       cell(chip, "gemm." + p + ".efficiency"));
  }
  return out;
}

} // namespace

TEST_CASE("the page's table of domestic chips is what the catalog says") {
  const std::string shown = between(page(), "<!-- domestic chips -->\n", "<!-- end -->");
  CHECK(shown == domestic_table());
}

TEST_CASE("the page's counts are the catalog's") {
  auto left = platforms::left_out();
  REQUIRE(left);
  std::size_t chips = 0, nodes = 0, clusters = 0, lacking = 0;
  for (const auto& e : *left) {
    lacking += e.in_catalog;
    if (e.in_catalog) continue;
    chips += e.kind == platforms::LeftOutKind::accelerators;
    nodes += e.kind == platforms::LeftOutKind::nodes;
    clusters += e.kind == platforms::LeftOutKind::clusters;
  }
  const std::string in =
      fmt::format("{} accelerators, {} nodes and {} clusters", platforms::catalog_names("accelerators").size(),
                  platforms::catalog_names("nodes").size(), platforms::catalog_names("clusters").size());
  const std::string out = fmt::format("{} accelerators, {} nodes and {} clusters are left out", chips, nodes, clusters);
  CHECK_MESSAGE(page().find(in) != std::string::npos, in);
  CHECK_MESSAGE(page().find(out) != std::string::npos, out);
  CHECK_MESSAGE(page().find(fmt::format("{} chips of the catalog lack a needed figure", lacking)) != std::string::npos,
                lacking);
}

TEST_CASE("the page's scenario with a cluster of its own runs, and its commands do what they say") {
  namespace fs = std::filesystem;
  const fs::path file = fs::temp_directory_path() / fmt::format("weft-own-cluster-{}.yaml", ::getpid());
  std::ofstream(file) << between(page(), "<!-- own cluster -->\n```yaml\n", "```");
  const std::string weft = WEFT_BINARY;
  CHECK(test::command(weft + " run " + file.string() + " 2>/dev/null").code == 0);
  const std::string p800 = " run " + file.string() + " --set cluster.node.accelerator=kunlun-p800";
  const auto refused = test::command(weft + p800 + " 2>&1 >/dev/null");
  CHECK(refused.code == 2);
  CHECK(refused.out.find("kunlun-p800.yaml:7:3: error: `memory_bandwidth` of accelerator kunlun-p800 is not known") !=
        std::string::npos);
  CHECK(test::command(weft + p800 + " 2>/dev/null").out.empty());
  const std::string stated = " run " + file.string() +
                             " --set cluster.node.accelerator.name=kunlun-p800"
                             " --set cluster.node.accelerator.memory_bandwidth='1600 GB/s'"
                             " --set cluster.node.accelerator.scale_up.bandwidth='100 GB/s'";
  CHECK(test::command(weft + stated + " 2>/dev/null").code == 0);
  fs::remove(file);
  for (const char* line : {" catalog left-out", " catalog left-out --format json", " catalog left-out --format csv",
                           " catalog left-out iluvatar-bi150", " catalog accelerators mlu590"})
    CHECK_MESSAGE(test::command(weft + line + " 2>/dev/null").code == 0, line);
  CHECK(test::command(weft + " catalog left-out h100-sxm 2>/dev/null").code == 2);
}
