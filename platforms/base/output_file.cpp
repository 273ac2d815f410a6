#include "platforms/base/output_file.hpp"

#include "platforms/base/interrupt.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

namespace weft {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> cannot(const std::string& path, int why) {
  return fail({}, fmt::format("{} cannot be written: {}", path, std::strerror(why)));
}

} // namespace

Result<void> may_write(const std::string& path, bool force) {
  std::error_code ignored;
  if (path.empty()) return fail({}, "an empty name is no file");
  if (fs::is_directory(path, ignored)) return cannot(path, EISDIR);
  if (!force && fs::exists(path, ignored)) return fail({}, fmt::format("{} exists", path), "--force replaces it");
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, ignored)) return cannot(path, ENOENT);
  return {};
}

Result<OutputFile> OutputFile::create(const std::string& path) {
  OutputFile out;
  out.path_ = path;
  out.fresh_ = fmt::format("{}.{}.new", path, ::getpid());
  const SignalsWait wait;
  out.file_ = std::fopen(out.fresh_.c_str(), "wbx");
  if (!out.file_) return cannot(path, errno);
  file_is_written(out.fresh_);
  return out;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), fresh_(std::move(other.fresh_)), file_(std::exchange(other.file_, nullptr)),
      bytes_(other.bytes_), error_(other.error_) {}

OutputFile::~OutputFile() {
  if (!file_) return;
  const SignalsWait wait;
  std::fclose(file_);
  ::unlink(fresh_.c_str());
  file_is_written({});
}

void OutputFile::write(std::string_view text) {
  if (error_ == 0 && std::fwrite(text.data(), 1, text.size(), file_) != text.size()) error_ = errno;
  bytes_ += text.size();
}

Result<void> OutputFile::failed() {
  const int why = error_ != 0 ? error_ : errno;
  if (file_) std::fclose(std::exchange(file_, nullptr));
  ::unlink(fresh_.c_str());
  file_is_written({});
  return cannot(path_, why);
}

Result<void> OutputFile::finish() {
  if (error_ != 0 || std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) return failed();
  const SignalsWait wait; // once it stands in its place it is no half-written file any more
  if (std::fclose(std::exchange(file_, nullptr)) != 0) return failed();
  if (std::rename(fresh_.c_str(), path_.c_str()) != 0) return failed();
  file_is_written({});
  return {};
}

Result<void> write_file(const std::string& path, std::string_view text) {
  auto file = OutputFile::create(path);
  if (!file) return tl::unexpected(file.error());
  file->write(text);
  return file->finish();
}

} // namespace weft
