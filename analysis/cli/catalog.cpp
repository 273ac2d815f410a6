#include "platforms/catalog.hpp"
#include "analysis/cli/cli.hpp"
#include "analysis/json.hpp"
#include "analysis/left_out_print.hpp"
#include "analysis/text.hpp"

#include <cstdio>
#include <fmt/format.h>

namespace weft::cli {
namespace {

std::string about_of(const Value& entry) {
  for (const char* key : {"about", "full_name"})
    if (const Value* value = entry.find(key)) return value->scalar;
  const Value *count = entry.find("accelerators"), *chip = entry.find("accelerator");
  if (count && chip) return count->scalar + " × " + chip->scalar;
  return {};
}

/// An entry as YAML text with its base chain applied.
void print_value(const Value& value, int depth, std::string& out) {
  for (const Member& member : value.members) {
    out += std::string(std::size_t(depth) * 2, ' ') + member.key + ":";
    if (member.value.is_map()) {
      out += "\n";
      print_value(member.value, depth + 1, out);
      continue;
    }
    if (member.value.kind == Value::Kind::sequence) {
      const bool flat = member.value.items.empty() || member.value.items[0].kind == Value::Kind::scalar;
      std::string items;
      for (const Value& item : member.value.items) {
        if (flat) {
          items += (items.empty() ? "" : ", ") + item.scalar;
        } else {
          items += "\n" + std::string(std::size_t(depth + 1) * 2, ' ') + "-\n";
          print_value(item, depth + 2, items);
          if (items.ends_with("\n")) items.pop_back();
        }
      }
      out += flat ? " [" + items + "]\n" : items + "\n";
      continue;
    }
    std::string text = member.value.scalar;
    if (member.value.quoted) text = "\"" + text + "\"";
    out += " " + text + "\n";
  }
}

int left_out(const std::string& name, const Common& options) {
  auto entries = platforms::left_out();
  if (!entries) return report(entries.error());
  if (!name.empty()) {
    std::vector<std::string> names;
    for (const auto& entry : *entries)
      names.push_back(entry.name);
    std::erase_if(*entries, [&](const auto& entry) { return entry.name != name; });
    if (entries->empty()) {
      const std::string near = nearest(name, names);
      return report({fmt::format("nothing named `{}` is left out", name),
                     {},
                     near.empty() ? "`weft catalog left-out` lists what is" : fmt::format("did you mean `{}`?", near)});
    }
  }
  if (options.format == "json")
    print_data(analysis::left_out_json(*entries));
  else if (options.format == "csv")
    print_data(analysis::left_out_csv(*entries));
  else
    print_data(analysis::left_out_text(*entries));
  return ok;
}

} // namespace

int catalog_folder() {
  print_data(platforms::catalog_root() + "\n");
  return ok;
}

int catalog(const std::string& kind, const std::string& name, const Common& options) {
  if (kind == "left-out") return left_out(name, options);
  if (!name.empty()) {
    auto entry = platforms::load_entry(kind, name, {});
    if (!entry) return report(entry.error());
    if (options.format == "text") {
      std::string out;
      print_value(*entry, 0, out);
      print_data(out);
      return ok;
    }
  }
  std::vector<analysis::CatalogLine> lines;
  for (const std::string& k : platforms::catalog_kinds()) {
    if (!kind.empty() && k != kind) continue;
    for (const std::string& n : platforms::catalog_names(k)) {
      if (!name.empty() && n != name) continue;
      auto entry = platforms::load_entry(k, n, {});
      if (!entry) return report(entry.error());
      const std::string about = about_of(*entry);
      lines.push_back({k, n, about, std::move(*entry)});
    }
  }
  if (options.format == "json")
    print_data(analysis::catalog_json(lines));
  else if (options.format == "csv")
    print_data(analysis::catalog_csv(lines));
  else
    print_data(analysis::catalog_text(lines));
  return ok;
}

} // namespace weft::cli
