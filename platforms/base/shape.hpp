#pragma once
// What a key of an input takes, as data: the field tables give it, the JSON Schema and `weft init` print it.

#include "platforms/base/units.hpp"

#include <functional>
#include <string>
#include <vector>

namespace weft {

struct FieldShape;

struct Shape {
  enum class Kind { anything, boolean, integer, number, text, choice, quantity, list, map, table, entry };
  Kind kind = Kind::anything;
  std::vector<std::string> names; ///< choice: values; quantity: units; map: its keys, none: any; entry: of which kind
  std::vector<Shape> inner;       ///< list, map: of what (one)
  std::string what;               ///< table: as messages call it
  std::vector<FieldShape> fields; ///< table: its keys
};
struct FieldShape {
  std::string name, about;
  bool required = false;
  Shape shape;
};

/// An empty map, which readers that are described are given.
const class Value& nothing_said();

/// The shape of what `read` reads: its first read_fields() reports its table instead of reading, and fails. Anything,
/// where there is none.
Shape described(const std::function<void()>& read);

/// Whether a read_fields() is to report its table now; then the place for it, else nullptr.
Shape* being_described();
/// Once a table was reported, what is read until described() returns has no place any more.
void end_description();

/// Units that a quantity takes.
template <class Q> std::vector<std::string> unit_names();

} // namespace weft
