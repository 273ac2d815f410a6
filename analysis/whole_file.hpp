#pragma once
// Files that are read whole.

#include "platforms/base/diagnostic.hpp"

#include <string>

namespace weft::analysis {

/// The text of a regular file that is no longer than `limit` bytes.
Result<std::string> read_whole(const std::string& path, std::size_t limit);

} // namespace weft::analysis
