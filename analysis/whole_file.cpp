#include "analysis/whole_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace weft::analysis {
namespace fs = std::filesystem;

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
