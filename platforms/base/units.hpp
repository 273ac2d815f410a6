#pragma once
// Quantities that cannot be mixed: bytes are not bits, bytes are not bytes per second. Values are held
// in SI base units (bytes, seconds, FLOP, watts) but where a trade has its own; a unit appears only where text is read
// or printed.

#include <compare>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace weft {

/// A double with a dimension. `Tag` only separates types.
template <class Tag> class Quantity {
public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double base_units) : value_(base_units) {}
  /// The number in SI base units (bytes, seconds, FLOP, ...).
  [[nodiscard]] constexpr double count() const { return value_; }

  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
  friend constexpr Quantity operator*(Quantity a, double k) { return Quantity(a.value_ * k); }
  friend constexpr Quantity operator*(double k, Quantity a) { return Quantity(a.value_ * k); }
  friend constexpr Quantity operator/(Quantity a, double k) { return Quantity(a.value_ / k); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

private:
  double value_ = 0;
};

using Seconds = Quantity<struct SecondsTag>;
using Bytes = Quantity<struct BytesTag>;
using Flops = Quantity<struct FlopsTag>; ///< floating-point operations, a count
using BytesPerSecond = Quantity<struct BytesPerSecondTag>;
using FlopsPerSecond = Quantity<struct FlopsPerSecondTag>;
using Watts = Quantity<struct WattsTag>;
using Dollars = Quantity<struct DollarsTag>;                               ///< US dollars
using SquareMillimetres = Quantity<struct SquareMillimetresTag>;           ///< of silicon; as everybody counts it
using DollarsPerKilowattHour = Quantity<struct DollarsPerKilowattHourTag>; ///< as bills count it
using GramsPerKilowattHour = Quantity<struct GramsPerKilowattHourTag>;     ///< of CO2, as registers count it

constexpr Seconds operator/(Bytes bytes, BytesPerSecond rate) {
  return Seconds(bytes.count() / rate.count());
}
constexpr Seconds operator/(Flops flops, FlopsPerSecond rate) {
  return Seconds(flops.count() / rate.count());
}

/// Reads "400 Gbit/s", "900 GB/s", "80 GiB", "989.4 TFLOP/s", "18.7 us". The unit is mandatory, k/M/G/T/P/E
/// are powers of 1000, Ki/Mi/Gi/Ti powers of 1024, "bit" is an eighth of "B". On failure: what is wrong
/// and which units this dimension takes, without any file position. Specialised for the types above.
template <class Q> tl::expected<Q, std::string> parse_quantity(std::string_view text);

/// The shortest text that parse_quantity reads back to the same value, in a readable unit:
/// parse(print(q)) == q bit for bit.
template <class Q> std::string print_quantity(Q quantity);

} // namespace weft
