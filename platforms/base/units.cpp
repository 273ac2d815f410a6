#include "platforms/base/units.hpp"

#include "platforms/base/shape.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <span>

namespace weft {
namespace {

struct Unit {
  std::string_view name;
  double factor;      ///< base units in one
  double divisor = 1; ///< or one over them: 10 us is 10 / 1e6, exactly rounded, where 10 · 1e-6 is not
  [[nodiscard]] double to_base(double number) const { return number * factor / divisor; }
  [[nodiscard]] double from_base(double value) const { return value / factor * divisor; }
};

template <class Q> std::span<const Unit> units();
template <> std::span<const Unit> units<Seconds>() {
  static constexpr std::array table{Unit{"s", 1},    Unit{"ms", 1, 1e3}, Unit{"us", 1, 1e6}, Unit{"ns", 1, 1e9},
                                    Unit{"min", 60}, Unit{"h", 3600},    Unit{"d", 86400}};
  return table;
}
template <> std::span<const Unit> units<Bytes>() {
  static constexpr std::array table{Unit{"B", 1},
                                    Unit{"kB", 1e3},
                                    Unit{"MB", 1e6},
                                    Unit{"GB", 1e9},
                                    Unit{"TB", 1e12},
                                    Unit{"PB", 1e15},
                                    Unit{"KiB", 1024},
                                    Unit{"MiB", 1048576},
                                    Unit{"GiB", 1073741824},
                                    Unit{"TiB", 1099511627776},
                                    Unit{"bit", 0.125},
                                    Unit{"Mbit", 125e3},
                                    Unit{"Gbit", 125e6}};
  return table;
}
template <> std::span<const Unit> units<BytesPerSecond>() {
  static constexpr std::array table{Unit{"B/s", 1},         Unit{"kB/s", 1e3},         Unit{"MB/s", 1e6},
                                    Unit{"GB/s", 1e9},      Unit{"TB/s", 1e12},        Unit{"PB/s", 1e15},
                                    Unit{"MiB/s", 1048576}, Unit{"GiB/s", 1073741824}, Unit{"bit/s", 0.125},
                                    Unit{"kbit/s", 125},    Unit{"Mbit/s", 125e3},     Unit{"Gbit/s", 125e6},
                                    Unit{"Tbit/s", 125e9}};
  return table;
}
template <> std::span<const Unit> units<Flops>() {
  static constexpr std::array table{Unit{"FLOP", 1},     Unit{"GFLOP", 1e9},  Unit{"TFLOP", 1e12},
                                    Unit{"PFLOP", 1e15}, Unit{"EFLOP", 1e18}, Unit{"ZFLOP", 1e21}};
  return table;
}
template <> std::span<const Unit> units<FlopsPerSecond>() {
  static constexpr std::array table{Unit{"FLOP/s", 1}, Unit{"GFLOP/s", 1e9}, Unit{"TFLOP/s", 1e12},
                                    Unit{"PFLOP/s", 1e15}, Unit{"EFLOP/s", 1e18}};
  return table;
}

template <> std::span<const Unit> units<Watts>() {
  static constexpr std::array table{Unit{"W", 1}, Unit{"kW", 1e3}, Unit{"MW", 1e6}, Unit{"GW", 1e9}};
  return table;
}
template <> std::span<const Unit> units<Dollars>() {
  static constexpr std::array table{Unit{"USD", 1}};
  return table;
}
template <> std::span<const Unit> units<SquareMillimetres>() {
  static constexpr std::array table{Unit{"mm2", 1}};
  return table;
}
template <> std::span<const Unit> units<DollarsPerKilowattHour>() {
  static constexpr std::array table{Unit{"USD/kWh", 1}};
  return table;
}
template <> std::span<const Unit> units<GramsPerKilowattHour>() {
  static constexpr std::array table{Unit{"g/kWh", 1}};
  return table;
}

template <class Q> std::string known_units() {
  std::string out;
  for (const Unit& u : units<Q>())
    out += (out.empty() ? "" : ", ") + std::string(u.name);
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

/// Shortest decimal text of a double.
std::string shortest(double value) {
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

} // namespace

template <class Q> std::vector<std::string> unit_names() {
  std::vector<std::string> out;
  for (const Unit& u : units<Q>())
    out.emplace_back(u.name);
  return out;
}

template <class Q> tl::expected<Q, std::string> parse_quantity(std::string_view text) {
  text = trim(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return tl::unexpected(fmt::format("`{}` is out of range", text));
  if (error != std::errc{} || !std::isfinite(number))
    return tl::unexpected(
        fmt::format("`{}` is not a quantity: expected a number and a unit ({})", text, known_units<Q>()));
  if (std::signbit(number)) return tl::unexpected(fmt::format("`{}` is negative", text));
  const std::string_view unit = trim(text.substr(std::size_t(end - text.data())));
  if (unit.empty()) return tl::unexpected(fmt::format("`{}` has no unit (takes {})", text, known_units<Q>()));
  for (const Unit& u : units<Q>()) {
    if (unit != u.name) continue;
    const double value = u.to_base(number);
    if (!std::isfinite(value)) return tl::unexpected(fmt::format("`{}` is out of range", text));
    return Q(value);
  }
  if (unit.find("sparse") != std::string_view::npos)
    return tl::unexpected(fmt::format("`{}`: FLOP/s are dense here; give the figure without sparsity", text));
  return tl::unexpected(fmt::format("unknown unit `{}` (takes {})", unit, known_units<Q>()));
}

template <class Q> std::string print_quantity(Q quantity) {
  const double value = quantity.count();
  std::string best = shortest(value) + " " + std::string(units<Q>().front().name); // base unit: always exact
  for (const Unit& u : units<Q>()) {
    if (u.factor == 0.125 || value < u.to_base(1)) continue;
    std::string text = shortest(u.from_base(value)) + " " + std::string(u.name);
    if (text.size() > best.size()) continue;
    if (auto back = parse_quantity<Q>(text); back && back->count() == value) best = std::move(text);
  }
  return best;
}

#define WEFT_QUANTITY(Q)                                                                                               \
  template tl::expected<Q, std::string> parse_quantity<Q>(std::string_view);                                           \
  template std::string print_quantity<Q>(Q);                                                                           \
  template std::vector<std::string> unit_names<Q>();
WEFT_QUANTITY(Seconds)
WEFT_QUANTITY(Bytes)
WEFT_QUANTITY(Flops)
WEFT_QUANTITY(BytesPerSecond)
WEFT_QUANTITY(FlopsPerSecond)
WEFT_QUANTITY(Watts)
WEFT_QUANTITY(Dollars)
WEFT_QUANTITY(SquareMillimetres)
WEFT_QUANTITY(DollarsPerKilowattHour)
WEFT_QUANTITY(GramsPerKilowattHour)
#undef WEFT_QUANTITY

} // namespace weft
