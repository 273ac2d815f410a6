#pragma once
// A number that says where it comes from. Every figure of a catalog is one of these.

#include <optional>
#include <string>

namespace weft {

/// How much a figure can be trusted, best first.
enum class Evidence {
  measured, ///< somebody measured it and published the measurement
  vendor,   ///< the maker's own page or paper
  analyst,  ///< leaked, news or analyst
  derived,  ///< computed or fitted from sourced figures; the note says how
  assumed   ///< recalled or assumed
};

template <class T> struct Figure {
  T value{};
  std::string source;
  Evidence evidence = Evidence::assumed;
  std::optional<T> low;  ///< disputed or uncertain: lowest credible value
  std::optional<T> high; ///< highest credible value
  std::string note;
};

} // namespace weft
