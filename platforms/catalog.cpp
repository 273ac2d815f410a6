#include "platforms/catalog.hpp"

#include "platforms/readers.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>

namespace weft::platforms {
namespace {

namespace fs = std::filesystem;

std::string& chosen_root() {
  static std::string root;
  return root;
}

/// Where `cmake --install` puts it: ../share/weft of the program's own folder.
const std::string& installed_root() {
  static const std::string root = [] {
    std::error_code none; // what cannot be found was not installed
    const fs::path program = fs::read_symlink("/proc/self/exe", none);
    const fs::path shared = program.parent_path().parent_path() / "share" / "weft";
    return !none && fs::is_directory(shared / "platforms" / "accelerators", none) ? shared.string() : std::string();
  }();
  return root;
}

struct Kind {
  std::string_view plural, floor, singular;
};
constexpr std::array kinds{Kind{"accelerators", "platforms", "accelerator"},
                           Kind{"nodes", "platforms", "node"},
                           Kind{"clusters", "platforms", "cluster"},
                           Kind{"locations", "platforms", "location"},
                           Kind{"models", "workloads", "model"},
                           Kind{"stacks", "workloads", "stack"},
                           Kind{"plans", "workloads", "plan"},
                           Kind{"scenarios", "workloads", "scenario"}};

const Kind* find_kind(const std::string& kind) {
  for (const Kind& k : kinds)
    if (k.plural == kind) return &k;
  return nullptr;
}
std::string folder_of(const Kind& kind) {
  return fmt::format("{}/{}/{}", catalog_root(), kind.floor, kind.plural);
}
bool plain_name(const std::string& name) {
  return !name.empty() && name.size() < 200 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
         });
}

/// A bare value as a figure.
Value override_figure(const Value& bare) {
  Value figure;
  figure.kind = Value::Kind::map;
  figure.mark = bare.mark;
  auto put = [&](const char* key, const char* text) {
    Value v;
    v.kind = Value::Kind::scalar;
    v.scalar = text;
    v.mark = bare.mark;
    figure.members.push_back({key, bare.mark, std::move(v)});
  };
  figure.members.push_back({"value", bare.mark, bare});
  put("source", "override");
  put("evidence", "assumed");
  return figure;
}

/// Where the entry has a sourced figure and the override is a bare value, the override becomes a figure.
void make_figures(const Value& base, Value& over) {
  if (!base.is_map()) return;
  if (base.find("value") && base.find("source")) {
    if (over.kind == Value::Kind::scalar) over = override_figure(over);
    return;
  }
  for (Member& member : over.members)
    if (const Value* mine = base.find(member.key)) make_figures(*mine, member.value);
}

/// The same for a figure that the entry lists as unknown.
void make_unknown_figures(const Value& base, Value& over) {
  const Value* unknown = base.find("unknown");
  if (!unknown || !unknown->is_map()) return;
  for (const Member& member : unknown->members)
    if (Value* said = find_path(over, member.key); said && said->kind == Value::Kind::scalar)
      *said = override_figure(*said);
}

void replace_figures(Value& base, const Value& over) {
  // A figure is replaced whole: the old low, high and note say nothing about the new value.
  if (!base.is_map() || !over.is_map()) return;
  if (base.find("source") && over.find("value")) {
    base = over;
    return;
  }
  for (const Member& member : over.members)
    if (Value* mine = base.find(member.key)) replace_figures(*mine, member.value);
}

/// `node: dgx-h100` below an override `node: {nics: ...}` stays that node: the name goes into the override.
void keep_names(const Value& base, Value& over) {
  if (!base.is_map() || !over.is_map()) return;
  for (Member& member : over.members) {
    const Value* mine = base.find(member.key);
    if (!mine) continue;
    if (mine->kind == Value::Kind::scalar && member.value.is_map() && !member.value.find("name"))
      member.value.members.push_back({"name", mine->mark, *mine});
    keep_names(*mine, member.value);
  }
}

/// `price: null` un-states what the base says; where the base is a name still, the null waits for that entry.
void take_away(Value& base, Value& over) {
  if (!base.is_map() || !over.is_map()) return;
  std::erase_if(over.members, [&](const Member& said) {
    if (said.value.kind != Value::Kind::null) return false;
    return std::erase_if(base.members, [&](const Member& mine) { return mine.key == said.key; }) > 0;
  });
  for (Member& member : over.members)
    if (Value* mine = base.find(member.key)) take_away(*mine, member.value);
}

void lay(Value& base, Value over) {
  take_away(base, over);
  keep_names(base, over);
  make_figures(base, over);
  make_unknown_figures(base, over);
  replace_figures(base, over);
  overlay(base, over);
}

/// A file's name in a file is relative to that file's folder; typed on a command line, to the working directory.
std::string path_of(const std::string& name, const Mark& at) {
  std::error_code ignored; // what is no file has no folder
  fs::path path = name;
  if (path.is_relative() && at.source && fs::is_regular_file(at.source->name, ignored))
    path = fs::path(at.source->name).parent_path() / path;
  return path.lexically_normal().string();
}

/// The file of an entry; the error is an unknown name.
Result<std::string> find_entry(const Kind& kind, const std::string& name, const Mark& at) {
  if (names_a_file(name)) return path_of(name, at);
  const auto names = catalog_names(std::string(kind.plural));
  if (!plain_name(name) || !std::binary_search(names.begin(), names.end(), name)) {
    const std::string near = nearest(name, names);
    return fail(at, fmt::format("unknown {} `{}`", kind.singular, name),
                near.empty() ? fmt::format("`weft catalog {}` lists them", kind.plural)
                             : fmt::format("did you mean `{}`?", near));
  }
  return folder_of(kind) + "/" + name + ".yaml";
}

Result<Value> load(const Kind& kind, const std::string& name, const Mark& at, std::vector<std::string>& chain) {
  const auto file = find_entry(kind, name, at);
  if (!file) return tl::unexpected(file.error());
  if (std::find(chain.begin(), chain.end(), *file) != chain.end())
    return fail(at, fmt::format("{} `{}` is its own base", kind.singular, name));
  chain.push_back(*file);
  auto own = read_document(*file);
  if (!own && own.error().where.line == 0 && at.source && names_a_file(name)) // who named it is told where
    return fail(at, fmt::format("{} {}: {}", kind.singular, *file, own.error().message));
  if (!own) return own;
  const Value* base = own->find("base");
  if (!base) return own;
  const Value base_name = *base;
  auto root = load(kind, base_name.scalar, base_name.mark, chain);
  if (!root) return root;
  std::erase_if(own->members, [](const Member& m) { return m.key == "base"; });
  lay(*root, std::move(*own));
  return root;
}

} // namespace

std::string catalog_root() {
  if (!chosen_root().empty()) return chosen_root();
  if (const char* from_environment = std::getenv("WEFT_CATALOG")) return from_environment;
  if (!installed_root().empty()) return installed_root();
  return WEFT_SOURCE_CATALOG;
}
void set_catalog_root(std::string root) {
  chosen_root() = std::move(root);
}

std::vector<std::string> catalog_kinds() {
  std::vector<std::string> out;
  for (const Kind& k : kinds)
    out.emplace_back(k.plural);
  return out;
}

bool names_a_file(const std::string& name) {
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

std::vector<std::string> catalog_names(const std::string& kind) {
  std::vector<std::string> out;
  const Kind* k = find_kind(kind);
  if (!k) return out;
  std::error_code ignored; // a missing folder is an empty catalog
  for (const auto& file : fs::directory_iterator(folder_of(*k), ignored))
    if (file.path().extension() == ".yaml") out.push_back(file.path().stem().string());
  std::sort(out.begin(), out.end());
  return out;
}

Result<Value> load_entry(const std::string& kind, const std::string& name, const Mark& at) {
  const Kind* k = find_kind(kind);
  if (!k) return fail(at, fmt::format("the catalog has no {}", kind));
  std::vector<std::string> chain;
  return load(*k, name, at, chain);
}

Result<Value> resolve_entry(const std::string& kind, const Value& spec) {
  if (spec.kind == Value::Kind::scalar) return load_entry(kind, spec.scalar, spec.mark);
  if (!spec.is_map()) return fail(spec.mark, fmt::format("expected a name out of `weft catalog {}`, or a map", kind));
  const Value* name = spec.find("name");
  if (!name) return spec;
  const auto names = catalog_names(kind);
  const bool known = std::binary_search(names.begin(), names.end(), name->scalar);
  // A map that says everything itself may bear a new name; one that only overrides must name an entry.
  const bool whole =
      spec.find("fabric") || spec.find("nics") || spec.find("peak") || spec.find("layers") || spec.find("attention");
  if (!known && whole && !names_a_file(name->scalar)) return spec;
  auto entry = load_entry(kind, name->scalar, name->mark);
  if (!entry) return entry;
  Value over = spec;
  if (names_a_file(name->scalar)) // the file says its own name
    std::erase_if(over.members, [](const Member& m) { return m.key == "name"; });
  lay(*entry, std::move(over));
  return entry;
}

Result<Accelerator> read_accelerator(const std::string& name, const Mark& at) {
  auto entry = load_entry("accelerators", name, at);
  if (!entry) return tl::unexpected(entry.error());
  return read_accelerator_value(*entry);
}

} // namespace weft::platforms
