#include "platforms/left_out.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/catalog.hpp"

#include <fmt/format.h>

namespace weft {

using platforms::LeftOut;
using platforms::LeftOutKind;
using platforms::MissingFact;

template <> struct EnumNames<LeftOutKind> {
  static constexpr std::array<std::pair<std::string_view, LeftOutKind>, 3> values{
      {{"accelerators", LeftOutKind::accelerators},
       {"nodes", LeftOutKind::nodes},
       {"clusters", LeftOutKind::clusters}}};
};

Result<void> read_value(const Value& value, MissingFact& out) {
  static const Fields<MissingFact> table{required("fact", &MissingFact::fact, "what nobody published"),
                                         required("looked", &MissingFact::looked, "where it was looked for")};
  return read_fields(value, table, out, "missing fact");
}
Result<void> read_value(const Value& value, LeftOut& out) {
  static const Fields<LeftOut> table{required("kind", &LeftOut::kind, "accelerators, nodes or clusters"),
                                     required("name", &LeftOut::name, "a name that no catalog entry of this kind has"),
                                     required("about", &LeftOut::about, "one line: what is known"),
                                     required("source", &LeftOut::source, "where that stands"),
                                     optional("missing", &LeftOut::missing, "facts, each with where it was looked for"),
                                     optional("needs", &LeftOut::needs, "what a description cannot say yet")};
  if (auto ok = read_fields(value, table, out, "left_out entry"); !ok) return ok;
  if (out.missing.empty() && out.needs.empty())
    return fail(value.mark, fmt::format("{} neither misses a fact nor needs anything", out.name));
  return {};
}

} // namespace weft

namespace weft::platforms {
namespace {

struct List {
  std::vector<LeftOut> entries;
};

} // namespace

Result<std::vector<LeftOut>> left_out() {
  static const Fields<List> table{required("left_out", &List::entries, "what is not in the catalog, and why")};
  auto document = read_document(catalog_root() + "/platforms/left_out.yaml");
  if (!document) return tl::unexpected(document.error());
  List list;
  if (auto ok = read_fields(*document, table, list, "left_out.yaml"); !ok) return tl::unexpected(ok.error());
  for (const std::string& name : catalog_names("accelerators")) {
    auto chip = load_entry("accelerators", name, {});
    if (!chip) return tl::unexpected(chip.error());
    const Value* unknown = chip->find("unknown");
    if (!unknown || !unknown->is_map()) continue;
    const Value* full_name = chip->find("full_name");
    LeftOut entry{
        LeftOutKind::accelerators, name, full_name ? full_name->scalar : name, "its catalog entry", {}, {}, true};
    for (const Member& member : unknown->members)
      entry.missing.push_back({member.key, member.value.scalar});
    list.entries.push_back(std::move(entry));
  }
  return std::move(list.entries);
}

} // namespace weft::platforms
