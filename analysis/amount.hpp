#pragma once
// Numbers made of catalog figures, some of which are uncertain and some unknown. An unknown input makes the result
// unknown, with the reason; what can be said without it is kept beside.

#include "platforms/base/figure.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

struct Range {
  double value = 0, low = 0, high = 0;
};

/// A positive number with its band: low and high of all inputs at once, each at its worse end.
struct Amount {
  std::optional<Range> value;             ///< nothing while anything that it is made of is unknown
  std::optional<Range> at_least;          ///< where value is unknown: the parts of it that are known
  std::vector<std::string> missing;       ///< what is unknown: "price of node hgx-h20"
  Evidence evidence = Evidence::measured; ///< the weakest of the inputs that are known

  [[nodiscard]] const std::optional<Range>& known() const { return value ? value : at_least; }
};

Amount exactly(double value);
Amount unknown(std::string what);
Amount amount(double value, std::optional<double> low, std::optional<double> high, Evidence evidence);
inline Amount amount(const Figure<double>& f) {
  return amount(f.value, f.low, f.high, f.evidence);
}
/// In the base units of its dimension.
template <class Q> Amount amount(const Figure<Q>& f) {
  const auto count = [](const std::optional<Q>& q) { return q ? std::optional(q->count()) : std::nullopt; };
  return amount(f.value.count(), count(f.low), count(f.high), f.evidence);
}
/// Unknown by that name where the figure is absent.
template <class T> Amount amount(const std::optional<Figure<T>>& f, const std::string& what) {
  return f ? amount(*f) : unknown(what);
}

Amount operator+(const Amount& a, const Amount& b);
Amount operator-(const Amount& a, const Amount& b); ///< not below 0; unknown parts leave nothing
Amount operator*(const Amount& a, const Amount& b);
Amount operator/(const Amount& a, const Amount& b); ///< at_least only where b is known

} // namespace weft::analysis
