#pragma once
// A file that somebody asked for: whoever reads it while it is written sees the old one or the new one, never a half.

#include "platforms/base/diagnostic.hpp"

#include <cstdio>
#include <string>
#include <string_view>

namespace weft {

/// Whether a file may be written there: said before minutes are spent on what goes into it. `force`: an existing file
/// is replaced.
Result<void> may_write(const std::string& path, bool force);

/// Written beside its place and moved there at the end; what is not finished leaves nothing.
class OutputFile {
public:
  static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  OutputFile(const OutputFile&) = delete;
  ~OutputFile();

  void write(std::string_view text); ///< a failure is told by finish()
  Result<void> finish();
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
  OutputFile() = default;
  Result<void> failed();
  std::string path_, fresh_;
  std::FILE* file_ = nullptr;
  std::size_t bytes_ = 0;
  int error_ = 0;
};

/// All of it at once.
Result<void> write_file(const std::string& path, std::string_view text);

} // namespace weft
