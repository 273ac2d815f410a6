#pragma once
// Shares as tables print them.

#include <cmath>
#include <fmt/format.h>
#include <string>

namespace weft::analysis {

/// 0.052 is "5.2 %"; what is not finite is "inf".
inline std::string percent(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : "inf";
}
inline std::string signed_percent(double share) {
  return std::isfinite(share) ? fmt::format("{:+.1f} %", 100 * share) : "inf";
}

} // namespace weft::analysis
