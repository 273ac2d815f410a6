#pragma once
// Logs, tables and folders of the tests of `weft calibrate`.

#include "analysis/calibrate.hpp"
#include "tests/support.hpp"

#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <unistd.h>

namespace weft::test {

/// A folder that goes when the test does.
class Folder {
public:
  Folder()
      : path_(std::filesystem::temp_directory_path() / fmt::format("weft-calibrate-{}-{}", ::getpid(), count()++)) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

private:
  static int& count() {
    static int n = 0;
    return n;
  }
  std::filesystem::path path_;
};

/// The link form: a in µs, c in µs^0.5, rate in bytes per µs; µs.
inline double link_form(double a, double c, double rate, double phases, double bytes) {
  const double y = bytes / rate;
  return a * phases + c * std::sqrt(y) + y;
}

struct LogStyle {
  std::string prefix = {};
  bool banner = true;
  std::vector<std::string> hosts{"node-1"}; ///< ranks are dealt to them evenly
  std::string between = {};                 ///< lines between ranks and table
};

/// A log as nccl-tests prints it, times in full precision. `time` is of bytes, in µs.
inline std::string nccl_log(const std::string& op, int ranks, const std::vector<double>& sizes,
                            const std::function<double(double)>& time, const LogStyle& style = {}) {
  const std::string& p = style.prefix;
  const bool reduces = op.find("reduce") != std::string::npos;
  const double factor = (op == "all_reduce" ? 2.0 : 1.0) * (ranks - 1) / ranks;
  std::string out;
  if (style.banner)
    out += p + "# nccl-tests version 2.17.6 nccl-headers=22807 nccl-library=22807\n" + p +
           fmt::format("# Collective test starting: {}_perf\n", op);
  out += p + fmt::format("# nThread 1 nGpus {} minBytes 8 maxBytes 1 step: 2(factor) warmup iters: 1 iters: 20 agg "
                         "iters: 1 validation: 1 graph: 0\n",
                         ranks);
  out += p + "#\n" + p + "# Using devices\n";
  for (int i = 0; i < ranks; ++i)
    out +=
        p + fmt::format("#  Rank {:2} Group  0 Pid {:6} on {:>10} device {:2} [0000:{:02x}:00] NVIDIA H100 80GB HBM3\n",
                        i, 4000 + i, style.hosts[std::size_t(i) * style.hosts.size() / std::size_t(ranks)], i, i + 16);
  out += style.between;
  out += p + "#\n" + p +
         "#                                                              out-of-place              in-place\n";
  out +=
      p +
      "#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw "
      "#wrong\n";
  out += p + "#        (B)    (elements)                               (us)  (GB/s)  (GB/s)            (us)  (GB/s)  "
             "(GB/s)\n";
  for (const double size : sizes) {
    const double us = time(size), rate = size / us / 1e3;
    out +=
        p + fmt::format("{:12.0f}  {:12.0f}  {:>8}  {:>6}  {:>6}  {:.12g}  {:6.2f}  {:6.2f}  {:>5}  {:.12g}  {:6.2f}  "
                        "{:6.2f}  {:>5}\n",
                        size, size / 4, "float", reduces ? "sum" : "none", -1, us, rate, rate * factor, 0, us * 1.01,
                        rate, rate * factor, op == "alltoall" ? "N/A" : "0");
  }
  return out + p + "# Out of bounds values : 0 OK\n" + p + "# Avg bus bandwidth    : 12.5\n" + p + "#\n";
}

inline std::vector<double> powers(int from, int to) {
  std::vector<double> out;
  for (int i = from; i <= to; ++i)
    out.push_back(std::exp2(i));
  return out;
}

inline analysis::Calibration calibrated(const analysis::CalibrationRequest& request) {
  auto out = analysis::calibrate(request);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
/// The fitted figure's number.
inline double fitted(const analysis::Calibration& c, const std::string& path) {
  for (const auto& f : c.figures)
    if (f.path == path) return std::stod(f.value);
  FAIL("not fitted: " << path);
  return 0;
}

} // namespace weft::test
