#pragma once
// Guarded YAML: a file becomes a tree of plain values, or an error with its place. yaml-cpp's parser is
// sound, walking its nodes is not (alias cycles, duplicate keys, ... pass silently), so the tree is built
// from parser events, and no yaml-cpp node ever exists.

#include "platforms/base/diagnostic.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace weft {

class Value;
struct Member;

/// One node of a document. A map keeps the order of its file.
class Value {
public:
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  std::string scalar;          ///< text of a scalar
  bool quoted = false;         ///< scalar was written in quotes: a string, never a number
  std::vector<Value> items;    ///< of a sequence
  std::vector<Member> members; ///< of a map, keys unique
  Mark mark;

  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
  [[nodiscard]] const Value* find(std::string_view key) const; ///< nullptr when absent or no map
  [[nodiscard]] Value* find(std::string_view key);
};

struct Member {
  std::string key;
  Mark mark; ///< of the key
  Value value;
};

inline constexpr std::size_t default_document_limit = std::size_t{1} << 20;

/// The bytes of a regular file of at most `limit` bytes (a directory, a FIFO, a missing file are errors).
Result<std::shared_ptr<const Source>> read_text(const std::string& path, std::size_t limit = default_document_limit);

/// Reads one YAML document from a regular file of at most `limit` bytes: valid UTF-8, no anchors, aliases
/// or tags, depth ≤ 32, exactly one non-empty document, unique keys, terminated quotes. Anything else
/// (also a directory, a FIFO, a missing file) is an error.
Result<Value> read_document(const std::string& path, std::size_t limit = default_document_limit);

/// The same for text in memory; `name` stands for the file in messages.
Result<Value> parse_document(std::string text, std::string name, std::size_t limit = default_document_limit);

/// Lays `over` on `base`: maps merge key by key, anything else replaces. Marks follow the value that won.
void overlay(Value& base, const Value& over);

/// Sets a dotted path ("plan.tp") to a value given as YAML text ("4", "[tp, dp]"), making maps on the way.
/// The error's source is "--set plan.tp=4". Fails on a path through something that is no map.
Result<void> set_path(Value& root, const std::string& assignment);

/// The value at a dotted path ("scale_up.bandwidth"); nullptr when it is not there.
const Value* find_path(const Value& root, std::string_view path);
Value* find_path(Value& root, std::string_view path);

/// The value as one line of text with sorted keys, the same for equal content wherever it was written.
std::string canonical_text(const Value& value);

} // namespace weft
