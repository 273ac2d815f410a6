// Fits as text, JSON and CSV (declared in fits.hpp).
#include "analysis/fits.hpp"
#include "analysis/percent.hpp"
#include "analysis/table.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

const char* name_of(HoldOutBy by) {
  return by == HoldOutBy::family ? "family" : "accelerator";
}

/// A path without what it has in common with others of its kind.
std::string label(const FittedField& field) {
  std::string out = field.paths.front().text;
  for (const std::string start : {"cluster.node.accelerator.", "stack."})
    if (out.starts_with(start)) out.erase(0, start.size());
  return field.paths.size() > 1 ? fmt::format("{} (+{})", out, field.paths.size() - 1) : out;
}
std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string out;
  for (const std::string& word : words)
    out += (out.empty() ? "" : between) + word;
  return out;
}
std::vector<std::string> values_of(const GridFitResult& r, std::size_t combination) {
  std::vector<std::string> out;
  for (std::size_t f = 0; f < r.fit.fields.size(); ++f)
    out.push_back(r.fit.fields[f].values[r.grid[combination][f]].text);
  return out;
}
/// What nothing chose stands in brackets.
std::vector<std::string> chosen_of(const GridFitResult& r, const HeldOutSet& set) {
  auto out = values_of(r, set.chosen);
  for (std::size_t f = 0; f < out.size(); ++f)
    if (set.open[f]) out[f] = "(" + out[f] + ")";
  return out;
}
std::string log_text(double objective) {
  return std::isfinite(objective) ? fmt::format("{:.4f}", objective) : "inf";
}
void add(std::vector<std::string>& row, const std::vector<std::string>& more) {
  row.insert(row.end(), more.begin(), more.end());
}
std::vector<std::string> cells(const GridErrors& e) {
  return {percent(e.median), percent(e.p90), signed_percent(e.bias), log_text(e.objective)};
}

std::string fields_text(const GridFitResult& r) {
  Rows rows{{"field", "catalog", "best", fmt::format("as good to {}", flat), "tried"}};
  for (std::size_t f = 0; f < r.fit.fields.size(); ++f) {
    const FittedField& field = r.fit.fields[f];
    std::vector<std::string> tried;
    for (const Word& value : field.values)
      tried.push_back(value.text);
    rows.push_back({label(field), r.catalog[f].empty() ? "not read" : r.catalog[f], values_of(r, r.best)[f],
                    joined(r.as_good[f], ", "), joined(tried, ", ")});
  }
  std::string out = format_table(rows);
  for (const FittedField& field : r.fit.fields) {
    if (field.paths.size() < 2) continue;
    std::vector<std::string> paths;
    for (const Word& path : field.paths)
      paths.push_back(path.text);
    out += wrap(fmt::format("{}: {}", label(field), joined(paths, " = ")), 2);
  }
  return out;
}

/// Whether the catalog has what the grid finds best, said either way.
std::string verdict(const GridFitResult& r) {
  if (r.catalog_is_best) return "the catalog's values are the best of the grid\n";
  std::string out;
  const auto values = values_of(r, r.best);
  for (std::size_t f = 0; f < values.size(); ++f)
    if (!same_value(values[f], r.catalog[f]))
      out += fmt::format("{}{} {} instead of {}", out.empty() ? "" : ", ", label(r.fit.fields[f]), values[f],
                         r.catalog[f].empty() ? "nothing" : r.catalog[f]);
  return wrap(fmt::format("catalog differs from the best of the grid: {}; mean |ln| {} instead of {}", out,
                          log_text(r.errors[r.best].objective), log_text(r.catalog_errors.objective)),
              0);
}
/// A best value at an end of its list says that the list ends too soon, if it says anything.
std::string ends_text(const GridFitResult& r) {
  std::string out;
  for (std::size_t f = 0; f < r.fit.fields.size(); ++f) {
    const std::size_t at = r.grid[r.best][f], n = r.fit.fields[f].values.size();
    if (n > 1 && (at == 0 || at + 1 == n))
      out += fmt::format("{}: the best is at an end of what was tried\n", label(r.fit.fields[f]));
  }
  return out;
}

std::string held_out_text(const GridFitResult& r, const HoldOut& h) {
  std::vector<std::string> head{fmt::format("left out: {}", name_of(h.by)), "runs"};
  for (const FittedField& field : r.fit.fields)
    head.push_back(label(field));
  add(head, {"median |error|", "p90", "bias", "catalog's median", "p90", "bias"});
  Rows rows{head};
  for (const HeldOutSet& set : h.sets) {
    std::vector<std::string> row{"  " + set.name, fmt::format("{}", set.errors.runs)};
    add(row, chosen_of(r, set));
    for (const GridErrors* e : {&set.errors, &set.catalog})
      add(row, {percent(e->median), percent(e->p90), signed_percent(e->bias)});
    rows.push_back(row);
  }
  std::vector<std::string> last{"every run, its own left out", fmt::format("{}", h.overall.runs)};
  last.resize(2 + r.fit.fields.size());
  for (const GridErrors* e : {&h.overall, &r.catalog_errors})
    add(last, {percent(e->median), percent(e->p90), signed_percent(e->bias)});
  rows.push_back(last);
  std::string out = "\n" + format_table(rows);
  for (const HeldOutSet& set : h.sets) {
    std::vector<std::string> models;
    for (const auto& [model, count] : set.models)
      models.push_back(count > 1 ? fmt::format("{} × {}", count, model) : model);
    out += wrap(fmt::format("{}: {}", set.name, joined(models, ", ")), 2);
  }
  return out;
}

std::string fit_text(const GridFitResult& r) {
  std::string out = fmt::format("FIT: {}\n", r.fit.name);
  if (!r.fit.about.empty()) out += wrap(r.fit.about, 2);
  out += fmt::format("  {} runs, {} of them read none of the fields; {} combinations, {} predictions\n\n", r.ids.size(),
                     r.unmoved, r.grid.size(), r.simulated);
  if (!r.ids.empty()) {
    out += fields_text(r);
    Rows rows{{"all runs", "runs", "median |error|", "p90", "bias", "mean |ln|"}};
    for (const auto& [name, e] :
         {std::pair{"catalog", r.catalog_errors}, std::pair{"best of the grid (in sample)", r.errors[r.best]}}) {
      std::vector<std::string> row{name, fmt::format("{}", e.runs)};
      add(row, cells(e));
      rows.push_back(row);
    }
    out += "\n" + format_table(rows) + verdict(r) + ends_text(r);
    for (const HoldOut& h : r.held_out)
      out += held_out_text(r, h);
    for (const HoldOutBy by : r.fit.hold_out)
      if (std::none_of(r.held_out.begin(), r.held_out.end(), [&](const HoldOut& h) { return h.by == by; }))
        out += fmt::format("\nonly one {} among the runs asked for: nothing can be left out\n", name_of(by));
  }
  if (!r.skipped.empty()) out += "\nNOT PREDICTED\n";
  for (const std::string& skipped : r.skipped)
    out += wrap(skipped, 2);
  return out;
}

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}
Json errors_json(const GridErrors& e) {
  return {{"runs", e.runs},
          {"mean_abs_log", number(e.objective)},
          {"median", number(e.median)},
          {"p90", number(e.p90)},
          {"bias", number(e.bias)}};
}
Json words_json(const std::vector<Word>& words) {
  Json out = Json::array();
  for (const Word& word : words)
    out.push_back(word.text);
  return out;
}
Json held_out_json(const GridFitResult& r, const HoldOut& h) {
  Json sets = Json::array();
  for (const HeldOutSet& set : h.sets)
    sets.push_back({{"name", set.name},
                    {"models", set.models},
                    {"values", values_of(r, set.chosen)},
                    {"not_chosen", set.open},
                    {"errors", errors_json(set.errors)},
                    {"catalog", errors_json(set.catalog)}});
  return {{"by", name_of(h.by)}, {"sets", std::move(sets)}, {"overall", errors_json(h.overall)}};
}

} // namespace

std::string fits_text(const std::vector<GridFitResult>& results) {
  if (results.empty()) return "no fit is over any of the runs asked for\n";
  std::string out;
  for (const GridFitResult& r : results)
    out += (out.empty() ? "" : "\n") + fit_text(r);
  return out;
}

std::string fits_json(const std::vector<GridFitResult>& results) {
  Json out = Json::array();
  for (const GridFitResult& r : results) {
    Json fields = Json::array(), grid = Json::array(), held_out = Json::array();
    for (std::size_t f = 0; f < r.fit.fields.size(); ++f)
      fields.push_back({{"paths", words_json(r.fit.fields[f].paths)},
                        {"tried", words_json(r.fit.fields[f].values)},
                        {"stacks", words_json(r.fit.fields[f].stacks)},
                        {"catalog", r.catalog[f]},
                        {"as_good", r.as_good[f]}});
    for (std::size_t c = 0; c < r.grid.size(); ++c)
      grid.push_back({{"values", values_of(r, c)}, {"errors", errors_json(r.errors[c])}});
    for (const HoldOut& h : r.held_out)
      held_out.push_back(held_out_json(r, h));
    out.push_back({{"name", r.fit.name},
                   {"about", r.fit.about},
                   {"ids", r.ids},
                   {"skipped", r.skipped},
                   {"unmoved", r.unmoved},
                   {"fields", std::move(fields)},
                   {"catalog", errors_json(r.catalog_errors)},
                   {"best", {{"values", values_of(r, r.best)}, {"errors", errors_json(r.errors[r.best])}}},
                   {"catalog_is_best", r.catalog_is_best},
                   {"held_out", std::move(held_out)},
                   {"grid", std::move(grid)}});
  }
  return Json{{"fits", std::move(out)}, {"version", WEFT_VERSION}}.dump(2) + "\n";
}

std::string fits_csv(const std::vector<GridFitResult>& results) {
  std::string out = "fit,part,set,values,runs,median,p90,bias,mean_abs_log\n";
  for (const GridFitResult& r : results) {
    auto line = [&](const char* part, const std::string& set, const std::vector<std::string>& values,
                    const GridErrors& e) {
      out += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(r.fit.name), part, csv_field(set),
                         csv_field(joined(values, " | ")), e.runs, e.median, e.p90, e.bias, e.objective);
    };
    line("catalog", "", r.catalog, r.catalog_errors);
    line("best", "", values_of(r, r.best), r.errors[r.best]);
    for (const HoldOut& h : r.held_out) {
      for (const HeldOutSet& set : h.sets) {
        line(name_of(h.by), set.name, values_of(r, set.chosen), set.errors);
        line(fmt::format("{} (catalog)", name_of(h.by)).c_str(), set.name, r.catalog, set.catalog);
      }
      line(name_of(h.by), "all", {}, h.overall);
    }
    for (std::size_t c = 0; c < r.grid.size(); ++c)
      line("grid", "", values_of(r, c), r.errors[c]);
  }
  return out;
}

} // namespace weft::analysis
