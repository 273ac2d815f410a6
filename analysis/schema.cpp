#include "analysis/schema.hpp"

#include "analysis/calibration_errors.hpp"
#include "analysis/claims.hpp"
#include "analysis/fits.hpp"
#include "analysis/pairs.hpp"
#include "analysis/published.hpp"
#include "platforms/base/fields.hpp"
#include "platforms/catalog.hpp"
#include "platforms/export_rules.hpp"
#include "platforms/left_out.hpp"
#include "platforms/location.hpp"
#include "platforms/power_figures.hpp"
#include "platforms/readers.hpp"
#include "workloads/scenario.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace weft::analysis {
namespace {

using json = nlohmann::ordered_json;
using Kind = Shape::Kind;

struct Input {
  InputKind kind;
  void (*read)(); ///< begins to read one
};

const Result<Value>& no_entry() {
  static const Result<Value> none = tl::unexpected(Error{});
  return none;
}

// Files that Weft carries one of are read from where they lie: their table is met on the way.
const std::vector<Input>& inputs() {
  static const std::vector<Input> table{
      {{"scenario", "a run: workloads/scenarios, and your own", "scenarios"},
       [] { (void)workloads::read_scenario(nothing_said(), [](auto&, auto&) { return no_entry(); }); }},
      {{"cluster", "platforms/clusters", "clusters"}, [] { (void)platforms::read_cluster(nothing_said()); }},
      {{"node", "platforms/nodes", "nodes"}, nullptr},
      {{"accelerator", "platforms/accelerators; designs of `weft rules --design`", "accelerators"},
       [] { (void)platforms::read_accelerator_value(nothing_said()); }},
      {{"location", "platforms/locations", "locations"}, [] { (void)platforms::read_location("us-hyperscale", {}); }},
      {{"model", "workloads/models", "models"}, [] { (void)workloads::read_model(nothing_said()); }},
      {{"stack", "workloads/stacks", "stacks"}, [] { (void)workloads::read_stack(nothing_said()); }},
      {{"plan", "workloads/plans", "plans"}, [] { (void)workloads::read_plan(nothing_said()); }},
      {{"training", "of a scenario", ""}, [] { (void)workloads::read_training(nothing_said()); }},
      {{"claim", "analysis/claims, but worlds.yaml", ""}, nullptr},
      {{"published-runs", "analysis/published, and your own for `weft validate`", ""}, nullptr},
      {{"worlds", "analysis/claims/worlds.yaml", ""}, [] { (void)read_worlds(own_claims() + "/worlds.yaml"); }},
      {{"pairs", "analysis/isolating_pairs.yaml", ""}, [] { (void)read_pairs(own_pairs()); }},
      {{"fits", "analysis/fits.yaml", ""}, [] { (void)read_fits(own_fits()); }},
      {{"calibration-errors", "analysis/calibration_errors.yaml", ""}, [] { (void)calibration_errors(); }},
      {{"export-rules", "platforms/export_rules.yaml", ""}, [] { (void)platforms::export_rules(); }},
      {{"left-out", "platforms/left_out.yaml", ""}, [] { (void)platforms::left_out(); }},
      {{"power", "platforms/power.yaml", ""}, [] { (void)platforms::read_power_figures(); }}};
  return table;
}

/// Whether a table says everything, or only what differs from an entry that it names or is based on.
enum class Says { everything, differences };

class Schema {
public:
  json of(const Input& input) {
    json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
             {"title", "Weft: " + input.kind.name},
             {"description", input.kind.about}};
    open_tables_ = input.kind.name == "published-runs";
    // A scenario's file has no base: its parts name what they start from.
    if (input.kind.catalog.empty() || input.kind.catalog == "scenarios") {
      out.update(table(*input_shape(input.kind.name), Says::everything));
    } else {
      json based{{"required", {"base"}}}, without{{"required", {"unknown"}}}; // figures that nobody published
      out["if"] = {{"anyOf", {std::move(based), std::move(without)}}};
      out["then"] = ref(input.kind, Says::differences);
      out["else"] = ref(input.kind, Says::everything);
    }
    while (!open_.empty()) {
      const auto [kind, says] = *open_.begin();
      open_.erase(open_.begin());
      const auto& defined =
          *std::find_if(inputs().begin(), inputs().end(), [&](const Input& i) { return i.kind.name == kind; });
      defs_[def_name(kind, says)] = entry(defined.kind, says);
    }
    out["$defs"] = defs_;
    for (const auto& [text, name] : shared_)
      out["$defs"][name] = json::parse(text);
    return out;
  }

private:
  static std::string def_name(const std::string& kind, Says says) {
    return says == Says::everything ? kind : kind + "-differences";
  }
  json ref(const InputKind& kind, Says says) {
    const std::string name = def_name(kind.name, says);
    if (seen_.insert(name).second) open_.insert({kind.name, says});
    return {{"$ref", "#/$defs/" + name}};
  }
  json entry(const InputKind& kind, Says says) {
    json out = table(*input_shape(kind.name), says);
    if (says == Says::differences) out["properties"]["base"] = named(kind, "the entry that this one starts from");
    if (!out["properties"].contains("name")) out["properties"]["name"] = {{"type", "string"}};
    if (!out["properties"].contains("about")) out["properties"]["about"] = {{"type", "string"}};
    return out;
  }

  /// A name out of the catalog, or a file.
  static json named(const InputKind& kind, const std::string& about) {
    json out{{"anyOf", {{{"enum", platforms::catalog_names(kind.catalog)}}, {{"pattern", "\\.ya?ml$"}}}}};
    if (!about.empty()) out["description"] = about;
    return out;
  }

  json table(const Shape& shape, Says says) {
    json properties = json::object(), required = json::array();
    for (const FieldShape& field : shape.fields) {
      json value = any(field.shape, says);
      if (says == Says::differences && !field.required) // null takes away what the base says
        value = {{"anyOf", {std::move(value), {{"type", "null"}}}}};
      if (!field.about.empty()) value["description"] = field.about;
      properties[field.name] = std::move(value);
      if (field.required && says == Says::everything) required.push_back(field.name);
    }
    json out{{"type", "object"}, {"properties", properties}, {"additionalProperties", open_tables_}};
    if (!required.empty()) out["required"] = required;
    return out;
  }

  /// In a file of differences a figure may be its bare value, a whole figure, or parts of one beside its value.
  json figure(const Shape& shape, Says says) {
    json out = table(shape, Says::everything);
    if (says == Says::everything) return out;
    json parts = table(shape, Says::differences);
    parts["not"] = {{"required", {"value"}}};
    return {{"anyOf", {any(shape.fields.front().shape, says), std::move(out), std::move(parts)}}};
  }

  json entry_value(const Shape& shape, Says says) {
    for (const Input& input : inputs()) {
      if (input.kind.catalog.empty() && input.kind.name == shape.names.front())
        return table(*input_shape(input.kind.name), says);
      if (input.kind.catalog.empty() || input.kind.catalog != shape.names.front()) continue;
      json name = named(input.kind, "");
      name["type"] = "string";
      json map{{"type", "object"}};
      if (says == Says::differences) {
        map.update(ref(input.kind, Says::differences));
      } else { // a map says what differs from the entry that it names, or all
        map["if"] = {{"required", {"name"}}, {"properties", {{"name", named(input.kind, "")}}}};
        map["then"] = ref(input.kind, Says::differences);
        map["else"] = ref(input.kind, Says::everything);
      }
      return {{"if", {{"type", "object"}}}, {"then", map}, {"else", name}};
    }
    return json::object();
  }

  /// Tables recur: each is written once.
  json share(const json& table, const std::string& what) {
    std::string name = what;
    std::replace(name.begin(), name.end(), ' ', '-');
    const auto [at, fresh] = shared_.try_emplace(table.dump(), fmt::format("{}-{}", name, shared_.size() + 1));
    return {{"$ref", "#/$defs/" + at->second}};
  }

  static std::string quantity_pattern(const Shape& shape) {
    return fmt::format("^ *[0-9]*\\.?[0-9]+\\.?(e[+-]?[0-9]+)? *({}) *$", fmt::join(shape.names, "|"));
  }

  json any(const Shape& shape, Says says) {
    switch (shape.kind) {
    case Kind::boolean: return {{"type", "boolean"}};
    case Kind::integer: return {{"type", "integer"}};
    case Kind::number: return {{"type", "number"}};
    case Kind::text: return {{"type", {"string", "number", "boolean"}}};
    case Kind::choice: return {{"enum", shape.names}};
    case Kind::quantity: return {{"type", "string"}, {"pattern", quantity_pattern(shape)}};
    case Kind::list: return {{"type", "array"}, {"items", any(shape.inner.front(), says)}};
    case Kind::map: {
      json out{{"type", "object"}, {"additionalProperties", any(shape.inner.front(), says)}};
      if (!shape.names.empty()) out["propertyNames"] = {{"enum", shape.names}};
      return out;
    }
    case Kind::table: return share(shape.what == "figure" ? figure(shape, says) : table(shape, says), shape.what);
    case Kind::entry: return entry_value(shape, says);
    case Kind::anything: break;
    }
    return json::object();
  }

  json defs_ = json::object();
  bool open_tables_ = false;                  ///< keys that nobody reads are allowed
  std::map<std::string, std::string> shared_; ///< text → name
  std::set<std::string> seen_;
  std::set<std::pair<std::string, Says>> open_;
};

} // namespace

const std::vector<InputKind>& input_kinds() {
  static const std::vector<InputKind> all = [] {
    std::vector<InputKind> out;
    for (const Input& input : inputs())
      out.push_back(input.kind);
    return out;
  }();
  return all;
}

Result<Shape> input_shape(const std::string& kind) {
  std::vector<std::string> names;
  for (const Input& input : inputs()) {
    names.push_back(input.kind.name);
    if (input.kind.name != kind) continue;
    Shape out = kind == "node"             ? platforms::node_shape()
                : kind == "claim"          ? claim_shape()
                : kind == "published-runs" ? published_shape()
                                           : described(input.read);
    if (out.kind != Kind::table) return fail({}, fmt::format("the table of {} cannot be read", kind));
    return out;
  }
  const std::string hint = did_you_mean(kind, names);
  return fail({}, fmt::format("no kind of input is called `{}`", kind),
              hint.empty() ? fmt::format("known: {}", fmt::join(names, ", ")) : hint);
}

Result<std::string> input_schema(const std::string& kind) {
  if (auto shape = input_shape(kind); !shape) return tl::unexpected(shape.error());
  for (const Input& input : inputs())
    if (input.kind.name == kind) return Schema().of(input).dump(2) + "\n";
  return fail({}, "unreachable");
}

} // namespace weft::analysis
