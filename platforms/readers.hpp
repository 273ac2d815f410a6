#pragma once
// What the readers of this floor share: names of enumerations and checks of figures.

#include "platforms/base/fields.hpp"
#include "platforms/base/precision_names.hpp"
#include "platforms/cluster.hpp"

#include <string>

namespace weft {

template <> struct EnumNames<platforms::ChipClass> {
  static constexpr std::array<std::pair<std::string_view, platforms::ChipClass>, 3> values{
      {{"us", platforms::ChipClass::us},
       {"export-compliant", platforms::ChipClass::export_compliant},
       {"china-domestic", platforms::ChipClass::china_domestic}}};
};
template <> struct EnumNames<platforms::CollectiveLibrary> {
  static constexpr std::array<std::pair<std::string_view, platforms::CollectiveLibrary>, 6> values{
      {{"other", platforms::CollectiveLibrary::other},
       {"nccl", platforms::CollectiveLibrary::nccl},
       {"hccl-910", platforms::CollectiveLibrary::hccl_910},
       {"hccl-a2", platforms::CollectiveLibrary::hccl_a2},
       {"hccl-a3", platforms::CollectiveLibrary::hccl_a3},
       {"hccl-950", platforms::CollectiveLibrary::hccl_950}}};
};
template <> struct EnumNames<platforms::ScaleUpKind> {
  static constexpr std::array<std::pair<std::string_view, platforms::ScaleUpKind>, 5> values{
      {{"switched", platforms::ScaleUpKind::switched},
       {"full-mesh", platforms::ScaleUpKind::full_mesh},
       {"two-tier", platforms::ScaleUpKind::two_tier},
       {"torus", platforms::ScaleUpKind::torus},
       {"pcie", platforms::ScaleUpKind::pcie}}};
};
template <> struct EnumNames<platforms::FabricKind> {
  static constexpr std::array<std::pair<std::string_view, platforms::FabricKind>, 3> values{
      {{"clos", platforms::FabricKind::clos},
       {"rail-optimised", platforms::FabricKind::rail_optimised},
       {"rail-only", platforms::FabricKind::rail_only}}};
};
template <> struct EnumNames<platforms::Routing> {
  static constexpr std::array<std::pair<std::string_view, platforms::Routing>, 3> values{
      {{"balanced", platforms::Routing::balanced},
       {"hashed", platforms::Routing::hashed},
       {"adaptive", platforms::Routing::adaptive}}};
};
template <> struct EnumNames<platforms::PlaneOf> {
  static constexpr std::array<std::pair<std::string_view, platforms::PlaneOf>, 2> values{
      {{"port", platforms::PlaneOf::port}, {"nic", platforms::PlaneOf::nic}}};
};

namespace platforms {

/// An achieved share of a nominal figure.
inline std::string share_of_one(const Figure<double>& figure) {
  return figure.value > 0 && figure.value <= 1 ? std::string{} : "must be above 0 and at most 1";
}

/// A rate by which something is divided.
struct Positive {
  template <class T> std::string operator()(const Figure<T>& figure) const {
    return figure.value.count() > 0 ? std::string{} : "must be above 0";
  }
  template <class T> std::string operator()(const std::optional<Figure<T>>& figure) const { return (*this)(*figure); }
};
inline constexpr Positive positive;

Result<Accelerator> read_accelerator_value(const Value& value);

} // namespace platforms

Result<void> read_value(const Value& value, platforms::Sites& out);
Result<void> read_value(const Value& value, platforms::PowerShares& out);

} // namespace weft
