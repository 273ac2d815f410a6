#include "platforms/base/document.hpp"

#include "platforms/base/utf8.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace weft {
namespace {

constexpr std::size_t deepest = 32;

Mark mark_at(const std::shared_ptr<const Source>& source, std::size_t offset) {
  Mark mark{source, 1, 1};
  for (std::size_t i = 0; i < offset && i < source->text.size(); ++i)
    if (source->text[i] == '\n') {
      ++mark.line;
      mark.column = 1;
    } else {
      ++mark.column;
    }
  return mark;
}

/// Builds the tree from parser events. The first thing that is not allowed ends the parse.
class Builder : public YAML::EventHandler {
public:
  explicit Builder(std::shared_ptr<const Source> source) : source_(std::move(source)) {}

  struct Stop {
    Error error;
  };

  void OnDocumentStart(const YAML::Mark& at) override {
    if (++documents_ > 1) stop(at, "a second document starts here; one file holds one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override { add(value(at, Value::Kind::null, anchor)); }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t) override { stop(at, "anchors and aliases are not supported"); }
  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    if (tag != "?" && tag != "!" && !tag.empty()) stop(at, "tags are not supported");
    Value v = value(at, Value::Kind::scalar, anchor);
    v.quoted = tag == "!";
    v.scalar = text;
    if (!v.quoted && (text == "~" || text == "null" || text.empty())) v.kind = Value::Kind::null;
    if (v.quoted) check_quote(v.mark);
    add(std::move(v));
  }
  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(at, tag, Value::Kind::sequence, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(at, tag, Value::Kind::map, anchor);
  }
  void OnMapEnd() override { close(); }
  void OnAnchor(const YAML::Mark& at, const std::string&) override {
    stop(at, "anchors and aliases are not supported");
  }

  [[nodiscard]] bool empty() const { return !have_root_; }
  Value take() { return std::move(root_); }
  [[nodiscard]] Mark convert(const YAML::Mark& at) const { return {source_, at.line + 1, at.column + 1}; }

private:
  struct Frame {
    Value value;
    Member member; ///< of a map: key read, value to come
    bool has_key = false;
  };

  [[noreturn]] void stop(const YAML::Mark& at, std::string message) const { stop(convert(at), std::move(message)); }
  [[noreturn]] static void stop(const Mark& at, std::string message) { throw Stop{{std::move(message), at, {}}}; }

  Value value(const YAML::Mark& at, Value::Kind kind, YAML::anchor_t anchor) const {
    if (anchor != 0) stop(at, "anchors and aliases are not supported");
    Value v;
    v.kind = kind;
    v.mark = convert(at);
    return v;
  }
  void open(const YAML::Mark& at, const std::string& tag, Value::Kind kind, YAML::anchor_t anchor) {
    if (tag != "?" && !tag.empty()) stop(at, "tags are not supported");
    if (stack_.size() >= deepest) stop(at, fmt::format("nested deeper than {} levels", deepest));
    Frame frame;
    frame.value = value(at, kind, anchor);
    stack_.push_back(std::move(frame));
  }
  void close() {
    Value v = std::move(stack_.back().value);
    stack_.pop_back();
    add(std::move(v));
  }
  void add(Value v) {
    if (stack_.empty()) {
      root_ = std::move(v);
      have_root_ = true;
      return;
    }
    Frame& frame = stack_.back();
    if (frame.value.kind == Value::Kind::sequence) {
      frame.value.items.push_back(std::move(v));
    } else if (!frame.has_key) {
      start_member(frame, v);
    } else {
      frame.member.value = std::move(v);
      frame.value.members.push_back(std::move(frame.member));
      frame.member = {};
      frame.has_key = false;
    }
  }
  static void start_member(Frame& frame, const Value& key) {
    if (key.kind != Value::Kind::scalar) stop(key.mark, "a key must be a plain name");
    if (key.scalar == "<<") stop(key.mark, "merge keys are not supported; use `base:`");
    for (const Member& other : frame.value.members)
      if (other.key == key.scalar)
        stop(key.mark, fmt::format("duplicate key `{}`, first on line {}", key.scalar, other.mark.line));
    frame.member.key = key.scalar;
    frame.member.mark = key.mark;
    frame.has_key = true;
  }
  /// The parser takes a quote that never ends for a string up to the end of the file.
  void check_quote(const Mark& at) const {
    const std::string& text = source_->text;
    std::size_t i = 0;
    for (int line = 1; line < at.line; ++line)
      i = text.find('\n', i) + 1;
    i += std::size_t(at.column - 1);
    if (i >= text.size()) return;
    const char quote = text[i];
    if (quote != '"' && quote != '\'') return; // a block scalar
    for (++i; i < text.size(); ++i) {
      if (quote == '"' && text[i] == '\\') {
        ++i;
      } else if (text[i] == quote) {
        if (quote == '\'' && i + 1 < text.size() && text[i + 1] == '\'')
          ++i;
        else
          return;
      }
    }
    stop(at, "this quote never ends");
  }

  std::shared_ptr<const Source> source_;
  std::vector<Frame> stack_;
  Value root_;
  bool have_root_ = false;
  int documents_ = 0;
};

Result<Value> build(const std::shared_ptr<const Source>& source) {
  Builder builder(source);
  try {
    std::istringstream in(source->text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Builder::Stop& stop) {
    return tl::unexpected(stop.error);
  } catch (const YAML::Exception& e) {
    const Mark at = e.mark.is_null() ? Mark{source, 0, 0} : builder.convert(e.mark);
    return fail(at, "not valid YAML: " + e.msg);
  } catch (const std::exception& e) {
    return fail({source, 0, 0}, std::string("cannot be read: ") + e.what());
  }
  if (builder.empty()) return fail({source, 0, 0}, "the file is empty");
  return builder.take();
}

} // namespace

const Value* Value::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}
Value* Value::find(std::string_view key) {
  for (Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

namespace {
Result<Value> parse_source(const std::shared_ptr<const Source>& source) {
  if (const std::size_t bad = first_bad_byte(source->text); bad != std::string_view::npos)
    return fail(mark_at(source, bad), "this byte is not valid UTF-8 text");
  return build(source);
}
} // namespace

Result<Value> parse_document(std::string text, std::string name, std::size_t limit) {
  auto source = std::make_shared<const Source>(Source{std::move(name), std::move(text)});
  if (source->text.size() > limit) return fail({source, 0, 0}, fmt::format("larger than {} bytes", limit));
  return parse_source(source);
}

Result<std::shared_ptr<const Source>> read_text(const std::string& path, std::size_t limit) {
  const Mark whole{std::make_shared<const Source>(Source{path, {}}), 0, 0};
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail(whole, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return fail(whole, "is a directory, not a file");
  if (!S_ISREG(info.st_mode)) return fail(whole, "is not a regular file");
  if (std::size_t(info.st_size) > limit) return fail(whole, fmt::format("larger than {} bytes", limit));
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) return fail(whole, "cannot be read");
  if (text.size() > limit) return fail(whole, fmt::format("larger than {} bytes", limit)); // it grew meanwhile
  return std::make_shared<const Source>(Source{path, std::move(text)});
}

Result<Value> read_document(const std::string& path, std::size_t limit) {
  auto source = read_text(path, limit);
  return source ? parse_source(*source) : tl::unexpected(source.error());
}

std::string canonical_text(const Value& value) {
  switch (value.kind) {
  case Value::Kind::null: return "~";
  case Value::Kind::scalar: return fmt::format("{}:{}", value.scalar.size(), value.scalar);
  case Value::Kind::sequence: {
    std::string out = "[";
    for (const Value& item : value.items)
      out += canonical_text(item) + ",";
    return out + "]";
  }
  case Value::Kind::map: break;
  }
  std::vector<const Member*> members;
  for (const Member& m : value.members)
    members.push_back(&m);
  std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) { return a->key < b->key; });
  std::string out = "{";
  for (const Member* m : members)
    out += m->key + "=" + canonical_text(m->value) + ",";
  return out + "}";
}

void overlay(Value& base, const Value& over) {
  if (!base.is_map() || !over.is_map()) {
    base = over;
    return;
  }
  base.mark = over.mark;
  for (const Member& member : over.members) {
    Value* mine = base.find(member.key);
    if (mine)
      overlay(*mine, member.value);
    else
      base.members.push_back(member);
  }
}

Value* find_path(Value& root, std::string_view path) {
  const auto dot = path.find('.');
  Value* next = root.find(path.substr(0, dot));
  return !next || dot == std::string_view::npos ? next : find_path(*next, path.substr(dot + 1));
}
const Value* find_path(const Value& root, std::string_view path) {
  const auto dot = path.find('.');
  const Value* next = root.find(path.substr(0, dot));
  return !next || dot == std::string_view::npos ? next : find_path(*next, path.substr(dot + 1));
}

Result<void> set_path(Value& root, const std::string& assignment) {
  const auto source = std::make_shared<const Source>(Source{"--set " + assignment, assignment});
  const auto equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0)
    return fail({source, 0, 0}, "expected path=value, for example plan.tp=4");
  const std::string path = assignment.substr(0, equals);
  auto parsed = parse_document(assignment.substr(equals + 1), source->name);
  if (!parsed) return fail({source, 0, 0}, "the value is missing or not valid: " + parsed.error().message);
  Value* at = &root;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t dot = std::min(path.find('.', from), path.size());
    const std::string key = path.substr(from, dot - from);
    if (key.empty()) return fail({source, 1, int(from) + 1}, "an empty name in the path");
    if (at->kind == Value::Kind::null) at->kind = Value::Kind::map;
    // A catalog name stands for its entry: `--set cluster.accelerators=64` on `cluster: name` keeps the name.
    if (at->kind == Value::Kind::scalar && at != &root) {
      Value named;
      named.kind = Value::Kind::map;
      named.mark = at->mark;
      named.members.push_back({"name", at->mark, *at});
      *at = std::move(named);
    }
    if (!at->is_map()) return fail({source, 1, int(from) + 1}, fmt::format("`{}` is not inside a map", key));
    Value* next = at->find(key);
    if (!next) {
      Member member{key, {source, 1, int(from) + 1}, {}};
      member.value.mark = {source, 1, int(equals) + 2};
      at->members.push_back(std::move(member));
      next = &at->members.back().value;
    }
    at = next;
    from = dot + 1;
  }
  *at = std::move(*parsed);
  return {};
}

} // namespace weft
