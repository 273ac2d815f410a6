#pragma once
// Files that Weft writes: whole or not at all, and none replaced unasked.

#include "platforms/base/diagnostic.hpp"

#include <string>

namespace weft::analysis {

/// Whether `path` can be written: said before minutes are spent.
Result<void> check_output(const std::string& path, bool force);
/// Whoever reads the file while it is written sees the old one or the new one.
Result<void> write_whole(const std::string& path, const std::string& text);
/// The text of a regular file that is no longer than `limit` bytes.
Result<std::string> read_whole(const std::string& path, std::size_t limit);

} // namespace weft::analysis
