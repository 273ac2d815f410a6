#pragma once
// A first scenario to change: commented, legal, and it fits.

#include "platforms/base/diagnostic.hpp"

#include <cstdint>
#include <string>

namespace weft::analysis {

struct StarterRequest {
  std::string name = "my-scenario";
  std::string cluster = "h100-superpod", model = "llama3-70b"; ///< catalog names or files
  std::string stack;                                           ///< empty: the first that runs on the chip
  std::int64_t accelerators = 1024;
  std::int64_t sequence = 8192;
  std::int64_t global_batch = 0; ///< sequences; 0: about four million tokens
  std::string folder;            ///< where the file will lie; empty: the working directory
  /// Files are named as seen from there.
  [[nodiscard]] std::string seen_from(const std::string& named) const;
};

/// A scenario's file: the plan with the least recomputation, then the fewest ranks a replica, of those that fit. Its
/// comments are those of the tables that read it.
Result<std::string> starter_scenario(const StarterRequest& request);

} // namespace weft::analysis
