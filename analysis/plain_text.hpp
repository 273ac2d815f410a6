#pragma once
// What readers of measured tables share.

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace weft::analysis {

/// A finite decimal number that is the whole text.
inline std::optional<double> number_of(std::string_view text) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(out)) return std::nullopt;
  return out;
}

} // namespace weft::analysis
