#include "analysis/amount.hpp"

#include <algorithm>

namespace weft::analysis {
namespace {

/// What is common to all: reasons together, the weaker evidence.
Amount joined(const Amount& a, const Amount& b) {
  Amount out;
  out.missing = a.missing;
  for (const std::string& m : b.missing)
    if (std::find(out.missing.begin(), out.missing.end(), m) == out.missing.end()) out.missing.push_back(m);
  out.evidence = std::max(a.evidence, b.evidence);
  return out;
}

} // namespace

Amount exactly(double value) {
  return {Range{value, value, value}, {}, {}, Evidence::measured};
}
Amount unknown(std::string what) {
  return {{}, {}, {std::move(what)}, Evidence::measured};
}
Amount amount(double value, std::optional<double> low, std::optional<double> high, Evidence evidence) {
  return {Range{value, std::min(value, low.value_or(value)), std::max(value, high.value_or(value))}, {}, {}, evidence};
}

Amount operator+(const Amount& a, const Amount& b) {
  Amount out = joined(a, b);
  const auto sum = [](const Range& x, const Range& y) {
    return Range{x.value + y.value, x.low + y.low, x.high + y.high};
  };
  if (a.value && b.value) {
    out.value = sum(*a.value, *b.value);
  } else if (a.known() || b.known()) {
    const Range known = sum(a.known().value_or(Range{}), b.known().value_or(Range{}));
    if (known.value > 0) out.at_least = known; // "at least nothing" says nothing
  }
  return out;
}

Amount operator-(const Amount& a, const Amount& b) {
  Amount out = joined(a, b);
  if (a.value && b.value)
    out.value = Range{std::max(0.0, a.value->value - b.value->value), std::max(0.0, a.value->low - b.value->high),
                      std::max(0.0, a.value->high - b.value->low)};
  return out;
}

Amount operator*(const Amount& a, const Amount& b) {
  Amount out = joined(a, b);
  if (!a.known() || !b.known()) return out;
  const Range &x = *a.known(), &y = *b.known();
  (a.value && b.value ? out.value : out.at_least) = Range{x.value * y.value, x.low * y.low, x.high * y.high};
  return out;
}

Amount operator/(const Amount& a, const Amount& b) {
  Amount out = joined(a, b);
  if (!a.known() || !b.value) return out;
  const Range &x = *a.known(), &y = *b.value;
  (a.value ? out.value : out.at_least) = Range{x.value / y.value, x.low / y.high, x.high / y.low};
  return out;
}

} // namespace weft::analysis
