#pragma once
// Weft as a person runs it: in a folder of its own, on a terminal or not.

#include "tests/support.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace weft::test {

/// A folder that is gone afterwards.
class Folder {
public:
  Folder() : path_(std::filesystem::temp_directory_path() / fmt::format("weft-cli-{}-{}", ::getpid(), ++counted())) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::size_t files() const {
    return std::size_t(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

private:
  static int& counted() {
    static int count = 0;
    return count;
  }
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// `streams`: "2>/dev/null" by default.
inline Output weft(const std::string& arguments, const std::string& streams = "2>/dev/null") {
  return command(fmt::format("'{}' {} {}", WEFT_BINARY, arguments, streams));
}

/// The same with stdout and stderr on a terminal.
inline Output on_terminal(const std::string& arguments, const std::string& environment = "TERM=xterm") {
  return command(fmt::format("script -qec \"env -u NO_COLOR {} '{}' {}\" /dev/null </dev/null", environment,
                             WEFT_BINARY, arguments));
}

} // namespace weft::test
