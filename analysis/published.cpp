#include "analysis/published.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/catalog.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <set>

namespace weft::analysis {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t data_set_limit = std::size_t{64} << 20;

/// What a run says of itself beside its maps, which Row reads key by key.
struct Head {
  std::string id, group, grade;
  Value rest;
};

Field<Head> part(std::string name, bool needed, std::string about) {
  return {std::move(name), needed, std::move(about),
          [](const Value& value, Head& out) -> Result<void> {
            out.rest = value;
            return {};
          },
          [] {
            return Shape{Shape::Kind::map, {}, {Shape{}}, {}, {}};
          }};
}

const Fields<Head>& run_fields() {
  static const Fields<Head> table{
      required("id", &Head::id, "of this run alone"),
      required("group", &Head::group, "runs whose errors are looked at together"),
      required("grade", &Head::grade, "A: fully stated, B: some fields unknown or derived, C: context"),
      part("model", true, "its shape: name, layers, hidden, heads, seq, ..."),
      part("system", true, "chips, per_node, and in `catalogue` what is known of the hardware"),
      part("parallel", true, "the plan: tp, pp, dp, mbs, gbs, ...; null or unknown: scanned"),
      part("normalized", true, "precision, recompute, schedule, and the step's seconds"),
      part("measured", false, "what was published, in its own units"),
      part("source", false, "where it stands")};
  return table;
}

Result<PublishedRun> read_run(const Value& row) {
  PublishedRun run;
  if (!row.is_map()) return fail(row.mark, "a run is a map with id, model, system, parallel, normalized");
  Head head;
  for (const auto& field : run_fields()) {
    const Value* value = row.find(field.name);
    if (!value && field.shape().kind != Shape::Kind::text) continue; // maps are looked at below
    if (!value) return fail(row.mark, fmt::format("run lacks `{}`", field.name));
    if (auto ok = field.read(*value, head); !ok) return tl::unexpected(ok.error());
  }
  run.id = head.id;
  run.group = head.group;
  run.grade = head.grade;
  for (const char* key : {"model", "system", "parallel", "normalized"})
    if (const Value* part = row.find(key); !part || !part->is_map())
      return fail(part ? part->mark : row.mark, fmt::format("run {} lacks a map `{}`", run.id, key));
  const Value* catalogue = row.find("system")->find("catalogue");
  if (!catalogue || !catalogue->is_map())
    return fail(row.find("system")->mark, fmt::format("run {} lacks a map `system.catalogue`", run.id));
  if (const Value* seconds = row.find("normalized")->find("seconds"); seconds && seconds->kind != Value::Kind::null) {
    double value = 0;
    if (auto ok = read_value(*seconds, value); !ok) return tl::unexpected(ok.error());
    if (!(value > 0)) return fail(seconds->mark, "seconds must be positive");
    run.seconds = value;
  }
  if (!run.seconds) {
    double total = 0;
    for (const char* key : {"layer_forward_ms", "layer_backward_ms"}) {
      const Value* measured = row.find("measured");
      const Value* part = measured && measured->is_map() ? measured->find(key) : nullptr;
      if (!part) break;
      double ms = 0;
      if (auto ok = read_value(*part, ms); !ok) return tl::unexpected(ok.error());
      run.one_layer = total > 0; // both are there
      total += ms;
    }
    if (run.one_layer) run.seconds = total / 1e3;
  }
  run.row = row;
  return run;
}

Result<std::vector<std::string>> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
      out.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& file : fs::directory_iterator(path, ignored))
      if (file.path().extension() == ".yaml") inside.push_back(file.path().string());
    if (inside.empty()) return fail(Mark{}, fmt::format("no .yaml file in {}", path));
    std::sort(inside.begin(), inside.end());
    out.insert(out.end(), inside.begin(), inside.end());
  }
  return out;
}

} // namespace

Shape published_shape() {
  Shape run = described([] {
    Head head;
    (void)read_fields(nothing_said(), run_fields(), head, "run");
  });
  Shape out{Shape::Kind::table, {}, {}, "file of published runs", {}};
  out.fields.push_back({"runs", "the runs", true, {Shape::Kind::list, {}, {std::move(run)}, {}, {}}});
  return out;
}

std::string own_runs() {
  return platforms::catalog_root() + "/analysis/published";
}
Result<Value> unknown_fields() {
  return read_document(platforms::catalog_root() + "/analysis/unknown_fields.yaml");
}

Result<std::vector<PublishedRun>> read_published(const std::vector<std::string>& paths) {
  auto files = files_of(paths);
  if (!files) return tl::unexpected(files.error());
  std::vector<PublishedRun> out;
  std::set<std::string> ids;
  for (const std::string& file : *files) {
    auto tree = read_document(file, data_set_limit);
    if (!tree) return tl::unexpected(tree.error());
    const Value* runs = tree->find("runs");
    if (!runs || runs->kind != Value::Kind::sequence)
      return fail(tree->mark, "a file of published runs is a map with a list `runs`");
    for (const Value& row : runs->items) {
      auto run = read_run(row);
      if (!run) return tl::unexpected(run.error());
      if (!ids.insert(run->id).second) return fail(row.mark, fmt::format("run {} occurs twice", run->id));
      out.push_back(std::move(*run));
    }
  }
  return out;
}

} // namespace weft::analysis
