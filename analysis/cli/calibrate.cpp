#include "analysis/calibrate.hpp"
#include "analysis/cli/cli.hpp"
#include "platforms/catalog.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace weft::cli {
namespace {

namespace fs = std::filesystem;

/// Whoever reads the file while it is written sees the old one or the new one.
Result<void> write_whole(const std::string& path, const std::string& text) {
  const std::string fresh = fmt::format("{}.{}.new", path, ::getpid());
  auto failed = [&] {
    const int why = errno;
    ::unlink(fresh.c_str());
    return fail({}, fmt::format("{} cannot be written: {}", path, std::strerror(why)));
  };
  std::FILE* file = std::fopen(fresh.c_str(), "wbx");
  if (!file) return failed();
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0 &&
                       ::fsync(::fileno(file)) == 0;
  if ((std::fclose(file) != 0) || !written) return failed();
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return failed();
  return {};
}

} // namespace

int calibrate(const Calibrate& what, const Common& options) {
  std::error_code ignored;
  if (!platforms::names_a_file(what.out))
    return report({fmt::format("-o {}: scenarios name a chip's file by its ending .yaml", what.out), {}, {}});
  if (!what.force && fs::exists(what.out, ignored))
    return report({fmt::format("{} exists", what.out), {}, "--force replaces it"});
  const fs::path folder = fs::path(what.out).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, ignored)) // said before minutes are spent
    return report({fmt::format("{} cannot be written: {}", what.out, std::strerror(ENOENT)), {}, {}});
  if (fs::is_directory(what.out, ignored))
    return report({fmt::format("{} cannot be written: {}", what.out, std::strerror(EISDIR)), {}, {}});
  analysis::CalibrationRequest request = what.request;
  request.jobs = options.jobs;
  const auto result = analysis::calibrate(request);
  if (!result) return report(result.error());
  if (auto written = write_whole(what.out, result->yaml); !written) return report(written.error());
  print_data(options.format == "json" ? analysis::calibration_json(*result, what.out)
                                      : analysis::calibration_text(*result, what.out));
  return ok;
}

} // namespace weft::cli
