#include "analysis/whole_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

namespace weft::analysis {
namespace fs = std::filesystem;

Result<void> check_output(const std::string& path, bool force) {
  std::error_code ignored;
  auto cannot = [&](int why) { return fail({}, fmt::format("{} cannot be written: {}", path, std::strerror(why))); };
  if (path.empty()) return fail({}, "an empty name is no file");
  if (fs::is_directory(path, ignored)) return cannot(EISDIR);
  if (!force && fs::exists(path, ignored)) return fail({}, fmt::format("{} exists", path), "--force replaces it");
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, ignored)) return cannot(ENOENT);
  return {};
}

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

Result<std::string> read_whole(const std::string& path, std::size_t limit) {
  std::error_code why;
  if (!fs::is_regular_file(path, why)) { // a pipe could wait for ever
    const std::string reason = why ? why.message() : fs::exists(path) ? "not a regular file" : std::strerror(ENOENT);
    return fail({}, fmt::format("{} cannot be read: {}", path, reason));
  }
  const auto size = fs::file_size(path, why);
  if (why) return fail({}, fmt::format("{} cannot be read: {}", path, why.message()));
  if (size > limit) return fail({}, fmt::format("{} is longer than {} MB", path, limit / 1000000));
  std::ifstream in(path, std::ios::binary);
  std::string text(std::size_t(size), '\0');
  if (!in.read(text.data(), std::streamsize(size)))
    return fail({}, fmt::format("{} cannot be read: {}", path, std::strerror(EIO)));
  return text;
}

} // namespace weft::analysis
