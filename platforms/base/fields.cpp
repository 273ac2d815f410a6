#include "platforms/base/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace weft {
namespace {

std::string_view kind_name(Value::Kind kind) {
  switch (kind) {
  case Value::Kind::null: return "nothing";
  case Value::Kind::scalar: return "a single value";
  case Value::Kind::sequence: return "a list";
  case Value::Kind::map: return "a map";
  }
  return "?";
}

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& n : names)
    out += (out.empty() ? "" : ", ") + n;
  return out;
}

Result<void> expect_number(const Value& value) {
  if (auto ok = expect_kind(value, Value::Kind::scalar); !ok) return ok;
  if (value.quoted) return fail(value.mark, fmt::format("\"{}\" is text, expected a number", value.scalar));
  return {};
}

/// Where the next read_fields() reports its table. Readers are described one at a time.
Shape* place_for_shape = nullptr;

} // namespace

const Value& nothing_said() {
  static const Value map = [] {
    Value out;
    out.kind = Value::Kind::map;
    return out;
  }();
  return map;
}
Shape* being_described() {
  return place_for_shape;
}
void end_description() {
  place_for_shape = nullptr;
}
Shape described(const std::function<void()>& read) {
  Shape out;
  Shape* const outer = place_for_shape;
  place_for_shape = &out;
  read();
  place_for_shape = outer;
  return out;
}

Result<void> expect_kind(const Value& value, Value::Kind kind) {
  if (value.kind == kind) return {};
  return fail(value.mark, fmt::format("expected {}, found {}", kind_name(kind), kind_name(value.kind)));
}

Result<void> read_value(const Value& value, bool& out) {
  if (auto ok = expect_kind(value, Value::Kind::scalar); !ok) return ok;
  if (value.quoted || (value.scalar != "true" && value.scalar != "false"))
    return fail(value.mark, fmt::format("`{}` is not true or false", value.scalar));
  out = value.scalar == "true";
  return {};
}

Result<void> read_value(const Value& value, std::int64_t& out) {
  if (auto ok = expect_number(value); !ok) return ok;
  const std::string& text = value.scalar;
  const std::size_t sign = text[0] == '-' ? 1 : 0;
  const bool digits = text.size() > sign && std::all_of(text.begin() + std::ptrdiff_t(sign), text.end(),
                                                        [](unsigned char c) { return c >= '0' && c <= '9'; });
  if (!digits || (text.size() > sign + 1 && text[sign] == '0'))
    return fail(value.mark, fmt::format("`{}` is not a plain decimal integer", text));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{}) return fail(value.mark, fmt::format("`{}` is out of range", text));
  return {};
}

Result<void> read_value(const Value& value, int& out) {
  std::int64_t wide = 0;
  if (auto ok = read_value(value, wide); !ok) return ok;
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max())
    return fail(value.mark, fmt::format("`{}` is out of range", value.scalar));
  out = int(wide);
  return {};
}

Result<void> read_value(const Value& value, double& out) {
  if (auto ok = expect_number(value); !ok) return ok;
  const std::string& text = value.scalar;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(out))
    return fail(value.mark, fmt::format("`{}` is not a plain number", text));
  return {};
}

Result<void> read_value(const Value& value, std::string& out) {
  if (auto ok = expect_kind(value, Value::Kind::scalar); !ok) return ok;
  out = value.scalar;
  return {};
}

Result<std::size_t> read_choice(const Value& value, std::span<const std::string_view> names) {
  if (auto ok = expect_kind(value, Value::Kind::scalar); !ok) return tl::unexpected(ok.error());
  const std::vector<std::string> known(names.begin(), names.end());
  for (std::size_t i = 0; i < known.size(); ++i)
    if (known[i] == value.scalar) return i;
  const std::string near = nearest(value.scalar, known);
  return fail(value.mark, fmt::format("`{}` is not one of {}", value.scalar, list(known)),
              near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

Result<void> check_keys(const Value& map, std::span<const FieldInfo> fields, std::string_view what) {
  if (auto ok = expect_kind(map, Value::Kind::map); !ok) return ok;
  std::vector<std::string> names;
  for (const auto& f : fields)
    names.push_back(f.name);
  for (const Member& member : map.members) {
    if (std::find(names.begin(), names.end(), member.key) != names.end()) continue;
    const std::string near = nearest(member.key, names);
    return fail(member.mark, fmt::format("unknown key `{}` in {}", member.key, what),
                near.empty() ? "known keys: " + list(names) : fmt::format("did you mean `{}`?", near));
  }
  for (const auto& f : fields)
    if (f.required && !map.find(f.name)) return fail(map.mark, fmt::format("{} lacks `{}`", what, f.name));
  return {};
}

} // namespace weft
