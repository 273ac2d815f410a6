#pragma once
#include <cstddef>
#include <string_view>

namespace weft {

/// Offset of the first byte that is no valid UTF-8 (or is NUL); npos when all is well.
inline std::size_t first_bad_byte(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    std::size_t length = 0;
    unsigned low = 0x80, high = 0xbf; // bounds of the second byte: no overlong forms, no surrogates
    if (c == 0) return i;
    if (c < 0x80)
      length = 1;
    else if (c >= 0xc2 && c <= 0xdf)
      length = 2;
    else if (c >= 0xe0 && c <= 0xef)
      length = 3;
    else if (c >= 0xf0 && c <= 0xf4)
      length = 4;
    else
      return i;
    if (c == 0xe0) low = 0xa0;
    if (c == 0xed) high = 0x9f;
    if (c == 0xf0) low = 0x90;
    if (c == 0xf4) high = 0x8f;
    for (std::size_t k = 1; k < length; ++k) {
      if (i + k >= text.size()) return i;
      const auto d = static_cast<unsigned char>(text[i + k]);
      if (d < (k == 1 ? low : 0x80U) || d > (k == 1 ? high : 0xbfU)) return i;
    }
    i += length;
  }
  return std::string_view::npos;
}

} // namespace weft
