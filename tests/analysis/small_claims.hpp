#pragma once
// A folder of claims about one small model on a few accelerators, for tests of what is said about many worlds.

#include "analysis/claims.hpp"
#include "tests/analysis/small_runs.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace weft::test {

/// A folder that is gone when the test is over.
class TemporaryFolder {
public:
  explicit TemporaryFolder(const std::vector<std::pair<std::string, std::string>>& files) {
    static int made = 0;
    path_ = (std::filesystem::temp_directory_path() / fmt::format("weft-{}-folder-{}", ::getpid(), made++)).string();
    std::filesystem::create_directory(path_);
    for (const auto& [name, text] : files)
      std::ofstream(path_ + "/" + name) << text;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  std::string path_;
};

/// `small` has four plans that fit and one that would be faster and does not; `single` has one plan; `huge` fits
/// nowhere; `odd` is legal nowhere. `twin` is h100 under another name, `narrow` is h100 with a quarter of its cards'
/// rate.
inline const char* const small_worlds = R"(workloads:
  small:
    scenario: {model: llama3-8b, training: {sequence: 8192, precision: bf16}}
    batch: {16: 64, 32: 128}
    plans:
      - {tp: [2, 4], pp: 2, microbatch: 1, schedule: 1f1b, zero: 1, recompute: auto}
      - {tp: 8, pp: [1, 2], microbatch: 1, schedule: 1f1b, zero: 1, recompute: auto}
      - {tp: 2, microbatch: 4, schedule: 1f1b, zero: 1, recompute: none}
  single:
    scenario: {model: llama3-8b, training: {sequence: 8192, precision: bf16}}
    batch: {8: 32}
    plans:
      - {tp: 8, microbatch: 1, schedule: 1f1b, zero: 1, recompute: auto}
  huge:
    scenario: {model: llama3-405b, training: {sequence: 8192, precision: bf16}}
    batch: {8: 32}
    plans:
      - {tp: 8, microbatch: 1, schedule: 1f1b, zero: 1, recompute: auto}
  odd:
    scenario: {model: llama3-8b, training: {sequence: 8192, precision: bf16}}
    batch: {8: 32}
    plans:
      - {tp: 3, microbatch: 1, schedule: 1f1b, zero: 1, recompute: auto}
hardware:
  h100: {cluster: {name: h100-meta-24k-roce}, stack: megatron-te-2026-fused}
  twin: {cluster: {name: h100-meta-24k-roce}, stack: megatron-te-2026-fused}
  h800: {cluster: {name: h800-meta-24k-roce}, stack: megatron-te-2026-fused}
  narrow: {cluster: {name: h100-meta-24k-roce, node: {nics: {bandwidth: 100 Gbit/s}}}, stack: megatron-te-2026-fused}
  h20: {cluster: {name: h20-roce}, stack: megatron-te-2026-fused}
  910b: {cluster: {name: 910b-roce}, stack: mindspeed-2024}
  910c: {cluster: {name: 910c-cloudmatrix}, stack: mindspeed-2024}
)";

/// A claim with these readings, each the inside of a flow map after its name.
inline std::string claim_of(const std::vector<std::string>& readings, int number = 1,
                            const std::string& name = "small") {
  std::string out = fmt::format("number: {}\nname: {}\nstatement: 'it is so, \"always\"'\nsource: \"one, "
                                "two\"\nassumptions: [\"none\"]\nreadings:\n",
                                number, name);
  for (std::size_t i = 0; i < readings.size(); ++i)
    out += fmt::format("  - {{name: \"reading {}\", {}}}\n", i + 1, readings[i]);
  return out;
}
/// `metric: tax, workloads: [single], hardware: [h100], accelerators: [16]` and more of it.
inline std::string reading(const std::string& metric, const std::string& hardware, const std::string& more = {},
                           const std::string& sizes = "16", const std::string& workloads = "single") {
  return fmt::format("metric: {}, workloads: [{}], hardware: [{}], accelerators: [{}]{}{}", metric, workloads, hardware,
                     sizes, more.empty() ? "" : ", ", more);
}

/// What a reading asks, and what follows from a value and its band, written down apart from the program.
inline std::string holds(std::optional<double> least, std::optional<double> most) {
  std::string out;
  if (least) out += fmt::format("at_least: {}", *least);
  if (most) out += fmt::format("{}at_most: {}", out.empty() ? "" : ", ", *most);
  return "holds: {" + out + "}";
}
inline analysis::Verdict verdict_of(const analysis::Cell& c, const analysis::Threshold& t) {
  const double low = std::min(*c.value, c.low.value_or(*c.value)), high = std::max(*c.value, c.high.value_or(*c.value));
  const bool above = !t.at_least || low >= *t.at_least, below = !t.at_most || high <= *t.at_most;
  const bool outside = (t.at_least && high < *t.at_least) || (t.at_most && low > *t.at_most);
  return above && below ? analysis::Verdict::yes : outside ? analysis::Verdict::no : analysis::Verdict::open;
}

inline analysis::ClaimSet claims_in(const std::string& folder) {
  auto set = analysis::read_claims(folder);
  if (!set) FAIL(render(set.error()));
  return std::move(*set);
}
inline analysis::Worlds worlds_of(const std::string& text = small_worlds) {
  const TemporaryFile file("worlds.yaml", text);
  auto worlds = analysis::read_worlds(file.path());
  if (!worlds) FAIL(render(worlds.error()));
  return std::move(*worlds);
}

/// A claim with these readings, judged. Results point into the set, so both live here.
struct Judged {
  analysis::ClaimSet set;
  std::vector<analysis::ClaimResult> results;

  explicit Judged(const std::vector<std::string>& readings, const analysis::ClaimOptions& options = {}) {
    const TemporaryFolder folder({{"worlds.yaml", small_worlds}, {"1.yaml", claim_of(readings)}});
    set = claims_in(folder.path());
    auto judged = analysis::judge(set, {&set.claims.front()}, options);
    if (!judged) FAIL(render(judged.error()));
    results = std::move(*judged);
  }
  Judged(const Judged&) = delete;
  Judged& operator=(const Judged&) = delete;
  [[nodiscard]] const analysis::ReadingResult& at(std::size_t reading) const {
    return results.front().readings.at(reading);
  }
  [[nodiscard]] const analysis::Cell& cell(std::size_t reading, std::size_t cell = 0) const {
    return at(reading).cells.at(cell);
  }
  [[nodiscard]] double value(std::size_t reading, std::size_t which = 0) const {
    const analysis::Cell& found = cell(reading, which);
    CAPTURE(found.why);
    REQUIRE(found.value);
    return *found.value;
  }
};

/// The same world by hand: a scenario file's worth of --set on a catalog scenario of the same model.
inline analysis::Loaded by_hand(const std::string& cluster, const std::string& stack, std::int64_t accelerators,
                                std::int64_t batch, const std::string& plan, std::vector<std::string> more = {}) {
  Value tree;
  tree.kind = Value::Kind::map;
  std::vector<std::string> sets{"model=llama3-8b",
                                fmt::format("training={{sequence: 8192, precision: bf16, global_batch: {}}}", batch),
                                fmt::format("cluster={{name: {}}}", cluster),
                                fmt::format("cluster.accelerators={}", accelerators),
                                "stack=" + stack,
                                "plan={microbatch: 1, schedule: 1f1b, zero: 1, recompute: auto, " + plan + "}"};
  sets.insert(sets.end(), more.begin(), more.end());
  auto loaded = analysis::load_scenario(std::move(tree), sets, "by hand");
  if (!loaded) FAIL(render(loaded.error()));
  return std::move(*loaded);
}
inline analysis::Headline headline_of(const analysis::Loaded& loaded) {
  auto head = analysis::simulate_each({analysis::case_of(loaded)}, {}, 1);
  if (!head) FAIL(render(head.error()));
  return head->front();
}

} // namespace weft::test
