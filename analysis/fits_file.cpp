// What a file of fits says, and whether it can be asked of the runs (declared in fits.hpp).
#include "analysis/fits.hpp"
#include "analysis/published_row.hpp"
#include "analysis/validate_subsets.hpp"
#include "platforms/catalog.hpp"
#include "platforms/cluster.hpp"
#include "workloads/scenario.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace weft {

using analysis::FittedField;
using analysis::HoldOutBy;
using analysis::RunFilter;
using analysis::RunKind;

template <> struct EnumNames<RunKind> {
  static constexpr std::array<std::pair<std::string_view, RunKind>, 2> values{
      {{"dense", RunKind::dense}, {"experts", RunKind::experts}}};
};
template <> struct EnumNames<HoldOutBy> {
  static constexpr std::array<std::pair<std::string_view, HoldOutBy>, 2> values{
      {{"family", HoldOutBy::family}, {"accelerator", HoldOutBy::accelerator}}};
};

} // namespace weft

namespace weft::analysis {

// Found by the field tables.
Result<void> read_value(const Value& value, Word& out) {
  out.mark = value.mark;
  return weft::read_value(value, out.text);
}

namespace {

constexpr std::size_t most_combinations = 1000;

/// As a table's column: a list that is there has something in it.
template <class T, class M> Field<T> listed(std::string name, M T::*member, bool needed, std::string about) {
  return {name, needed, std::move(about), [name, member](const Value& value, T& out) -> Result<void> {
            if (auto ok = read_value(value, out.*member); !ok) return ok;
            if ((out.*member).empty()) return fail(value.mark, fmt::format("`{}` is empty", name));
            return {};
          }};
}
Field<FittedField> one_path() {
  return {"field", false, "what is fitted", [](const Value& value, FittedField& out) -> Result<void> {
            return read_value(value, out.paths.emplace_back());
          }};
}

std::string accelerator_of(const PublishedRun& run) {
  const Value* name = run.row.find("system")->find("catalogue")->find("accelerator");
  return name ? name->scalar : "";
}
/// What a run has in a list of the filter.
std::string said(const PublishedRun& run, std::vector<Word> RunFilter::*list) {
  if (list == &RunFilter::ids) return run.id;
  if (list == &RunFilter::groups) return run.group;
  if (list == &RunFilter::grades) return run.grade;
  return list == &RunFilter::stacks ? Row(run).word("normalized", "stack") : accelerator_of(run);
}
constexpr std::array lists{std::pair{"id", &RunFilter::ids}, std::pair{"group", &RunFilter::groups},
                           std::pair{"grade", &RunFilter::grades}, std::pair{"stack", &RunFilter::stacks},
                           std::pair{"accelerator", &RunFilter::accelerators}};

std::string hint_of(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = nearest(word, known);
  return near.empty() ? "" : fmt::format("did you mean `{}`?", near);
}

/// A scenario with one assignment is still one; the error stands where the file of fits has what is wrong.
Result<void> check_value(const Value& scenario, const Word& path, const Word& value) {
  Value tree = scenario;
  const Assignment a{path.text, value.text, {}};
  auto wrong = [&](const Error& error) {
    // Of "path=value" the value is parsed as a text of its own: a place in it is the value's.
    const bool inside = error.where.source && error.where.source->text == value.text;
    return fail(inside ? value.mark : path.mark, fmt::format("`{}`: {}", path.text, error.message), error.hint);
  };
  if (auto ok = assign(tree, {a}); !ok) return wrong(ok.error());
  const auto read = workloads::read_scenario(tree, platforms::resolve_entry);
  if (!read) return wrong(read.error());
  const auto cluster = platforms::read_cluster(read->cluster);
  if (!cluster) return wrong(cluster.error());
  return {};
}

Result<void> check_field(const FittedField& field, const std::vector<Value>& scenarios) {
  for (const Word& path : field.paths) {
    bool taken = false;
    for (const Value& scenario : scenarios) {
      std::vector<std::string> stacks;
      for (const Word& stack : field.stacks)
        stacks.push_back(stack.text);
      if (!takes(scenario, {path.text, {}, stacks})) continue;
      // What one scenario can read of values all can; what a path leads to may differ by stack and chip.
      for (const Word& value : field.values) {
        if (auto ok = check_value(scenario, path, value); !ok) return ok;
        if (taken) break;
      }
      taken = true;
    }
    if (!taken)
      return fail(path.mark, fmt::format("no run of this fit takes `{}`", path.text),
                  "they state it themselves, or run on other stacks");
  }
  return {};
}

Result<void> check_words(const RunFilter& filter, const std::vector<PublishedRun>& runs) {
  for (const auto& [what, list] : lists)
    for (const Word& word : filter.*list) {
      std::set<std::string> known;
      for (const PublishedRun& run : runs)
        known.insert(said(run, list));
      if (!known.contains(word.text))
        return fail(word.mark, fmt::format("no run has {} `{}`", what, word.text),
                    hint_of(word.text, {known.begin(), known.end()}));
    }
  return {};
}

Result<void> check_fit(const GridFit& fit, const std::vector<PublishedRun>& runs, const Value& unknown) {
  if (auto ok = check_words(fit.runs, runs); !ok) return ok;
  const auto members = runs_of(fit, runs);
  if (members.empty()) return fail(fit.runs.mark, "no measured run is all that is asked here");
  for (const HoldOutBy by : fit.hold_out) {
    std::set<std::string> sets;
    for (const std::size_t i : members)
      sets.insert(set_of(runs[i], by));
    if (sets.size() < 2)
      return fail(fit.runs.mark, fmt::format("all runs are of {} `{}`: without it nothing is left to fit",
                                             enum_name(by), *sets.begin()));
  }
  const auto stacks = platforms::catalog_names("stacks");
  std::size_t combinations = 1;
  std::set<std::string> paths;
  for (const FittedField& field : fit.fields) {
    for (const Word& stack : field.stacks)
      if (!std::binary_search(stacks.begin(), stacks.end(), stack.text))
        return fail(stack.mark, fmt::format("unknown stack `{}`", stack.text), hint_of(stack.text, stacks));
    for (const Word& path : field.paths)
      if (!paths.insert(path.text).second) return fail(path.mark, fmt::format("`{}` occurs twice", path.text));
    combinations *= field.values.size();
    if (combinations > most_combinations)
      return fail(field.values.front().mark,
                  fmt::format("the grid has {} combinations here, {} at most", combinations, most_combinations));
  }
  std::vector<Value> scenarios;
  for (const std::size_t i : members) {
    const auto all = candidates(runs[i], unknown);
    if (!all) continue; // said where it is predicted
    auto tree = parse_document(all->front().scenario, "run " + runs[i].id);
    if (tree) scenarios.push_back(std::move(*tree));
  }
  for (const FittedField& field : fit.fields)
    if (auto ok = check_field(field, scenarios); !ok) return ok;
  return {};
}

} // namespace

// Found by the field tables too.
Result<void> read_value(const Value& value, RunFilter& out) {
  static const Fields<RunFilter> table{listed("ids", &RunFilter::ids, false, "these runs"),
                                       listed("groups", &RunFilter::groups, false, "of these groups"),
                                       listed("grades", &RunFilter::grades, false, "of these grades"),
                                       listed("stacks", &RunFilter::stacks, false, "on these stacks"),
                                       listed("accelerators", &RunFilter::accelerators, false, "of these chips"),
                                       optional("kind", &RunFilter::kind, "dense or experts")};
  out.mark = value.mark;
  return read_fields(value, table, out, "filter of runs");
}
Result<void> read_value(const Value& value, FittedField& out) {
  static const Fields<FittedField> table{
      one_path(), listed("fields", &FittedField::paths, false, "several that take the same value"),
      listed("values", &FittedField::values, true, "what is tried"),
      listed("stacks", &FittedField::stacks, false, "only runs on these take it")};
  if (auto ok = read_fields(value, table, out, "fitted field"); !ok) return ok;
  if (bool(value.find("field")) == bool(value.find("fields")))
    return fail(value.mark, "a fitted field has one of `field` and `fields`");
  return {};
}
Result<void> read_value(const Value& value, GridFit& out) {
  static const Fields<GridFit> table{
      required("name", &GridFit::name, "what is printed"),
      optional("about", &GridFit::about, "where the constants stand, what they were fitted to"),
      required("runs", &GridFit::runs, "over which it is"),
      listed("hold_out", &GridFit::hold_out, false, "family, accelerator: what is left out"),
      listed("fields", &GridFit::fields, true, "the grid")};
  out.mark = value.mark;
  return read_fields(value, table, out, "fit");
}

std::string own_fits() {
  return platforms::catalog_root() + "/analysis/fits.yaml";
}

Result<std::vector<GridFit>> read_fits(const std::string& path) {
  struct File {
    std::vector<GridFit> fits;
  };
  static const Fields<File> table{listed("fits", &File::fits, true, "the fits")};
  auto tree = read_document(path);
  if (!tree) return tl::unexpected(tree.error());
  File out;
  if (auto ok = read_fields(*tree, table, out, "file of fits"); !ok) return tl::unexpected(ok.error());
  return out.fits;
}

Result<void> check_fits(const std::vector<GridFit>& fits, const std::vector<PublishedRun>& runs, const Value& unknown) {
  for (const GridFit& fit : fits)
    if (auto ok = check_fit(fit, runs, unknown); !ok) return ok;
  return {};
}

std::vector<std::size_t> runs_of(const GridFit& fit, const std::vector<PublishedRun>& runs) {
  auto in = [&](const PublishedRun& run) {
    for (const auto& [what, list] : lists) {
      const auto& words = fit.runs.*list;
      const std::string own = said(run, list);
      if (!words.empty() && std::none_of(words.begin(), words.end(), [&](const Word& w) { return w.text == own; }))
        return false;
    }
    return !fit.runs.kind || has_experts(run) == (*fit.runs.kind == RunKind::experts);
  };
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (runs[i].seconds && in(runs[i])) out.push_back(i);
  return out;
}

std::string family_of(const std::string& model) {
  std::string out, whole;
  bool inside = true;
  for (const char ch : model) {
    const char low = char(std::tolower(std::uint8_t(ch)));
    whole += low;
    inside = inside && std::isalpha(std::uint8_t(ch)) != 0;
    if (inside) out += low;
  }
  return out.empty() ? whole : out;
}

std::string set_of(const PublishedRun& run, HoldOutBy by) {
  return by == HoldOutBy::family ? family_of(Row(run).word("model", "name")) : accelerator_of(run);
}

} // namespace weft::analysis
