#include "platforms/base/draw.hpp"

#include <array>
#include <cassert>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weft {

std::uint64_t draw(DrawFor what, std::initializer_list<std::uint64_t> keys) {
  std::array<std::uint64_t, 8> words{};
  std::size_t n = 0;
  assert(keys.size() < words.size());
  for (std::uint64_t key : keys)
    words[n++] = key;
  return XXH3_64bits_withSeed(words.data(), n * sizeof(std::uint64_t), std::uint64_t(what));
}

double uniform_draw(DrawFor what, std::initializer_list<std::uint64_t> keys) {
  return (double(draw(what, keys) >> 11) + 0.5) * 0x1p-53;
}

} // namespace weft
