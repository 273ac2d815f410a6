#pragma once
// Files of a few published runs of one small model, for tests of what is said about many.

#include "platforms/base/diagnostic.hpp"
#include "tests/support.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <unistd.h>

namespace weft::test {

/// One measured run on H100s, eight in a scale-up domain.
struct SmallRun {
  std::string id;
  std::int64_t chips = 16, tp = 1, microbatch = 1, batch = 64;
  double seconds = 1;
  std::string when{};    ///< `measured.when`; empty: not stated
  std::string experts{}; ///< more of the model
  std::string group = "own", grade = "A";
  std::int64_t sequence = 2048;
};

inline std::string text(const SmallRun& r) {
  return fmt::format(
      "- {{id: {}, group: {}, grade: {}, model: {{name: Small, layers: 8, hidden: 2048, ffn: 8192, gated_mlp: false, "
      "heads: 16, head_dim: 128, vocab: 32000, seq: {}{}}}, system: {{chips: {}, per_node: 8, catalogue: "
      "{{accelerator: h100-sxm, domain: 8, scaleup: switched, nics_per_node: 8, nic_gbit: 400, fabric: infiniband}}}}, "
      "parallel: {{tp: {}, pp: 1, dp: {}, mbs: {}, gbs: {}, sp: true, recompute: none}}, normalized: {{precision: "
      "bf16, "
      "recompute: none, schedule: none, zero: 1, seconds: {}, stack: megatron-te-2025}}{}}}\n",
      r.id, r.group, r.grade, r.sequence, r.experts, r.chips, r.tp, r.chips / r.tp, r.microbatch, r.batch, r.seconds,
      r.when.empty() ? "" : ", measured: {when: \"" + r.when + "\"}");
}

/// A file that is gone when the test is over.
class TemporaryFile {
public:
  TemporaryFile(const std::string& name, const std::string& content)
      : path_((std::filesystem::temp_directory_path() / fmt::format("weft-{}-{}", ::getpid(), name)).string()) {
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

private:
  std::string path_;
};

inline std::string file_of(const std::vector<SmallRun>& runs) {
  std::string out = "runs:\n";
  for (const SmallRun& run : runs)
    out += text(run);
  return out;
}

} // namespace weft::test
