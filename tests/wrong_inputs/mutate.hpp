#pragma once
// A good text made wrong at random, for readers that must not crash on it.

#include <random>
#include <string>

namespace weft::test {

/// One to four bytes replaced, inserted (of `bytes`) or up to eight erased; never empty.
inline void mutate(std::string& text, const std::string& bytes, std::mt19937& random) {
  for (unsigned n = 1 + random() % 4; n > 0; --n) {
    const std::size_t at = random() % text.size();
    switch (random() % 3) {
    case 0: text[at] = bytes[random() % bytes.size()]; break;
    case 1: text.insert(at, 1, bytes[random() % bytes.size()]); break;
    default: text.erase(at, 1 + random() % 8);
    }
    if (text.empty()) text = "x";
  }
}

} // namespace weft::test
