#pragma once
// Field tables: one row per key of a YAML map says its name, type, whether it must be there, what it means
// and where it goes. The reader, the help and the JSON Schema all come from the same rows.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/figure.hpp"
#include "platforms/base/shape.hpp"
#include "platforms/base/units.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {

/// Specialise with `static constexpr std::array<std::pair<std::string_view, E>, N> values` to make an
/// enumeration readable and printable.
template <class E> struct EnumNames;

template <class E> std::string_view enum_name(E value) {
  for (const auto& [name, e] : EnumNames<E>::values)
    if (e == value) return name;
  return "?";
}

// --- one scalar -------------------------------------------------------------------------------------
Result<void> read_value(const Value& value, bool& out);
/// Decimal integers only: "010" and "1e3" are errors, not 8 and 1000.
Result<void> read_value(const Value& value, std::int64_t& out);
Result<void> read_value(const Value& value, int& out);
/// Finite decimal numbers; no unit.
Result<void> read_value(const Value& value, double& out);
Result<void> read_value(const Value& value, std::string& out);

/// Shared by all enumerations: index of `value` among `names`, or an error that lists them.
Result<std::size_t> read_choice(const Value& value, std::span<const std::string_view> names);

template <class E>
requires std::is_enum_v<E> Result<void> read_value(const Value& value, E& out) {
  std::vector<std::string_view> names;
  for (const auto& [name, e] : EnumNames<E>::values)
    names.push_back(name);
  auto index = read_choice(value, names);
  if (!index) return tl::unexpected(index.error());
  out = EnumNames<E>::values[*index].second;
  return {};
}

/// "expected a map", "expected a sequence", ... unless the value is of that kind.
Result<void> expect_kind(const Value& value, Value::Kind kind);

template <class Tag> Result<void> read_value(const Value& value, Quantity<Tag>& out) {
  if (auto ok = expect_kind(value, Value::Kind::scalar); !ok) return ok;
  auto parsed = parse_quantity<Quantity<Tag>>(value.scalar);
  if (!parsed) return fail(value.mark, parsed.error());
  out = *parsed;
  return {};
}

template <class T> Result<void> read_value(const Value& value, Figure<T>& out);
template <class T> Result<void> read_value(const Value& value, std::optional<T>& out) {
  return read_value(value, out.emplace());
}
template <class T> Result<void> read_value(const Value& value, std::vector<T>& out) {
  if (auto ok = expect_kind(value, Value::Kind::sequence); !ok) return ok;
  out.clear();
  for (const Value& item : value.items)
    if (auto ok = read_value(item, out.emplace_back()); !ok) return ok;
  return {};
}
/// A map whose keys are the names of an enumeration (peak: {bf16: ..., fp8: ...}).
template <class E, class T>
requires std::is_enum_v<E> Result<void> read_value(const Value& value, std::map<E, T>& out) {
  if (auto ok = expect_kind(value, Value::Kind::map); !ok) return ok;
  for (const Member& member : value.members) {
    Value key;
    key.kind = Value::Kind::scalar;
    key.scalar = member.key;
    key.mark = member.mark;
    E e{};
    if (auto ok = read_value(key, e); !ok) return ok;
    if (auto ok = read_value(member.value, out[e]); !ok) return ok;
  }
  return {};
}
/// A map with free keys.
template <class T> Result<void> read_value(const Value& value, std::map<std::string, T>& out) {
  if (auto ok = expect_kind(value, Value::Kind::map); !ok) return ok;
  for (const Member& member : value.members)
    if (auto ok = read_value(member.value, out[member.key]); !ok) return ok;
  return {};
}

// --- a map with known keys ---------------------------------------------------------------------------
template <class T> struct Field {
  std::string name;
  bool required = false;
  std::string about; ///< one line for help and schema
  std::function<Result<void>(const Value&, T&)> read;
  std::function<Shape()> shape = {}; ///< what it takes; none: anything
};
template <class M> Shape shape_of();
template <class T> using Fields = std::vector<Field<T>>;

/// A check of one value: an empty string when it is good, else what is wrong ("must be at least 1").
template <class M> using Check = std::function<std::string(const M&)>;

template <class T, class M>
Field<T> field(std::string name, M T::*member, bool required, std::string about, Check<M> check) {
  auto read = [name, member, check = std::move(check)](const Value& value, T& out) -> Result<void> {
    if (auto ok = read_value(value, out.*member); !ok) return ok;
    if (!check) return {};
    if (std::string wrong = check(out.*member); !wrong.empty()) return fail(value.mark, name + " " + wrong);
    return {};
  };
  return {std::move(name), required, std::move(about), std::move(read), shape_of<M>};
}
template <class T, class M>
Field<T> required(std::string name, M T::*member, std::string about, std::type_identity_t<Check<M>> check = {}) {
  return field(std::move(name), member, true, std::move(about), std::move(check));
}
template <class T, class M>
Field<T> optional(std::string name, M T::*member, std::string about, std::type_identity_t<Check<M>> check = {}) {
  return field(std::move(name), member, false, std::move(about), std::move(check));
}

/// Checks for integers and plain numbers: message "must be between A and B" / "must be at least A".
template <class M> Check<M> between(M low, M high);
template <class M> Check<M> at_least(M low);

struct FieldInfo {
  std::string name;
  bool required = false;
};
/// Unknown keys ("unknown key `hiden` in model", did you mean) and missing required ones
/// ("model lacks `layers`", at the map's own place).
Result<void> check_keys(const Value& map, std::span<const FieldInfo> fields, std::string_view what);

/// Reads a map by its table; `what` names it in messages ("model", "plan"). Members that are absent keep
/// their defaults.
template <class T> Result<void> read_fields(const Value& map, const Fields<T>& fields, T& out, std::string_view what) {
  if (Shape* shape = being_described()) {
    end_description();
    shape->kind = Shape::Kind::table;
    shape->what = what;
    for (const auto& f : fields)
      shape->fields.push_back({f.name, f.about, f.required, f.shape ? f.shape() : Shape{}});
    return fail(map.mark, "described, not read");
  }
  std::vector<FieldInfo> infos;
  for (const auto& f : fields)
    infos.push_back({f.name, f.required});
  if (auto ok = check_keys(map, infos, what); !ok) return ok;
  for (const auto& f : fields)
    if (const Value* value = map.find(f.name))
      if (auto ok = f.read(*value, out); !ok) return ok;
  return {};
}

template <> struct EnumNames<Evidence> {
  static constexpr std::array<std::pair<std::string_view, Evidence>, 5> values{{{"measured", Evidence::measured},
                                                                                {"vendor", Evidence::vendor},
                                                                                {"analyst", Evidence::analyst},
                                                                                {"derived", Evidence::derived},
                                                                                {"assumed", Evidence::assumed}}};
};

/// A figure is a map {value, source, evidence} with optional low, high and note; a source is mandatory.
template <class T> Result<void> read_value(const Value& value, Figure<T>& out) {
  static const Fields<Figure<T>> table{
      required("value", &Figure<T>::value, "the figure, with its unit"),
      required("source", &Figure<T>::source, "where it stands: paper, page, data set"),
      required("evidence", &Figure<T>::evidence, "measured, vendor, analyst, derived or assumed"),
      optional("low", &Figure<T>::low, "lowest credible value"),
      optional("high", &Figure<T>::high, "highest credible value"),
      optional("note", &Figure<T>::note, "how it was derived, what disputes it")};
  return read_fields(value, table, out, "figure");
}

namespace detail {
template <class T> struct Inner; ///< of what a container is
template <class T> struct Inner<std::optional<T>> {
  static Shape shape() { return shape_of<T>(); }
};
template <class T> struct Inner<std::vector<T>> {
  static Shape shape() { return {Shape::Kind::list, {}, {shape_of<T>()}, {}, {}}; }
};
template <class K, class T> struct Inner<std::map<K, T>> {
  static Shape shape() {
    Shape out{Shape::Kind::map, {}, {shape_of<T>()}, {}, {}};
    if constexpr (std::is_enum_v<K>)
      for (const auto& [name, e] : EnumNames<K>::values)
        out.names.emplace_back(name);
    return out;
  }
};
template <class Tag> struct Inner<Quantity<Tag>> {
  static Shape shape() { return {Shape::Kind::quantity, unit_names<Quantity<Tag>>(), {}, {}, {}}; }
};
} // namespace detail

/// What the reader of a member's type takes.
template <class M> Shape shape_of() {
  auto plain = [](Shape::Kind kind) { return Shape{kind, {}, {}, {}, {}}; };
  if constexpr (std::is_same_v<M, bool>)
    return plain(Shape::Kind::boolean);
  else if constexpr (std::is_integral_v<M>)
    return plain(Shape::Kind::integer);
  else if constexpr (std::is_floating_point_v<M>)
    return plain(Shape::Kind::number);
  else if constexpr (std::is_same_v<M, std::string>)
    return plain(Shape::Kind::text);
  else if constexpr (std::is_same_v<M, Value>)
    return plain(Shape::Kind::anything);
  else if constexpr (std::is_enum_v<M>) {
    Shape out = plain(Shape::Kind::choice);
    for (const auto& [name, e] : EnumNames<M>::values)
      out.names.emplace_back(name);
    return out;
  } else if constexpr (requires { detail::Inner<M>::shape(); })
    return detail::Inner<M>::shape();
  else
    return described([] {
      M out{};
      (void)read_value(nothing_said(), out);
    });
}

template <class M> Check<M> between(M low, M high) {
  return [low, high](const M& v) -> std::string {
    if (v >= low && v <= high) return {};
    return "must be between " + std::to_string(low) + " and " + std::to_string(high);
  };
}
template <class M> Check<M> at_least(M low) {
  return
      [low](const M& v) -> std::string { return v >= low ? std::string{} : "must be at least " + std::to_string(low); };
}

} // namespace weft
