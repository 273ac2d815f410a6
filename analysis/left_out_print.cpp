#include "analysis/left_out_print.hpp"

#include "analysis/table.hpp"

#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using platforms::LeftOut;
using platforms::LeftOutKind;
using Json = nlohmann::ordered_json;

std::string kind_name(LeftOutKind kind) {
  switch (kind) {
  case LeftOutKind::accelerators: return "accelerators";
  case LeftOutKind::nodes: return "nodes";
  case LeftOutKind::clusters: return "clusters";
  }
  return {};
}

} // namespace

std::string left_out_text(const std::vector<LeftOut>& entries) {
  std::string out, heading;
  for (const LeftOut& e : entries) {
    const std::string now = e.in_catalog
                                ? "in the catalog, but not to be simulated before a scenario states the missing figure"
                                : fmt::format("{} that are not in the catalog", kind_name(e.kind));
    if (now != heading) out += (out.empty() ? "" : "\n") + now + "\n";
    heading = now;
    out += fmt::format("\n  {}\n", e.name) + wrap(e.about, 4);
    for (const auto& m : e.missing)
      out += wrap(fmt::format("missing: {} (looked for in: {})", m.fact, m.looked), 6);
    if (!e.needs.empty()) out += wrap("cannot be described yet: " + e.needs, 6);
  }
  return out;
}

std::string left_out_json(const std::vector<LeftOut>& entries) {
  Json out = Json::array();
  for (const LeftOut& e : entries) {
    Json missing = Json::array();
    for (const auto& m : e.missing)
      missing.push_back({{"fact", m.fact}, {"looked", m.looked}});
    out.push_back({{"kind", kind_name(e.kind)},
                   {"name", e.name},
                   {"in_catalog", e.in_catalog},
                   {"about", e.about},
                   {"source", e.source},
                   {"missing", std::move(missing)},
                   {"needs", e.needs.empty() ? Json(nullptr) : Json(e.needs)}});
  }
  return out.dump(2) + "\n";
}

std::string left_out_csv(const std::vector<LeftOut>& entries) {
  std::string out = "kind,name,in_catalog,why,what,looked\n";
  for (const LeftOut& e : entries) {
    auto line = [&](const char* why, const std::string& what, const std::string& looked) {
      out += fmt::format("{},{},{},{},{},{}\n", kind_name(e.kind), csv_field(e.name), e.in_catalog, why,
                         csv_field(what), csv_field(looked));
    };
    for (const auto& m : e.missing)
      line("missing", m.fact, m.looked);
    if (!e.needs.empty()) line("needs", e.needs, "");
  }
  return out;
}

} // namespace weft::analysis
