// Predictions of published runs as text, JSON and CSV (declared in validate.hpp).
#include "analysis/percent.hpp"
#include "analysis/table.hpp"
#include "analysis/validate.hpp"
#include "analysis/validate_subsets.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> row(const std::string& name, const Statistics& s) {
  return {name,
          fmt::format("{}", s.count),
          s.skipped > 0 ? fmt::format("{}", s.skipped) : "",
          s.unmeasured > 0 ? fmt::format("{}", s.unmeasured) : "",
          s.count > 0 ? percent(s.median) : "",
          s.count > 0 ? percent(s.p90) : "",
          s.count > s.skipped ? signed_percent(s.bias) : "",
          s.count > s.skipped ? percent(s.baseline_median) : "",
          s.count > s.skipped ? percent(s.baseline_p90) : ""};
}

/// "tp 12 %, bubble 8 %": the largest entries of a ledger.
std::string ledger_line(const sim::Breakdown& where) {
  double total = 0;
  std::vector<std::pair<double, std::size_t>> parts;
  for (std::size_t e = 0; e < sim::entry_count; ++e) {
    total += where[e];
    parts.emplace_back(-where[e], e);
  }
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const auto& [seconds, e] : parts)
    if (-seconds / total >= 0.01)
      out += fmt::format("{}{} {:.0f} %", out.empty() ? "" : ", ", sim::entry_names[e], -100 * seconds / total);
  return out;
}

Json number(double x) {
  return std::isfinite(x) ? Json(x) : Json(nullptr);
}
template <class T> Json maybe(const std::optional<T>& x) {
  return x ? Json(*x) : Json(nullptr);
}
Json statistics_json(const Statistics& s) {
  return {{"count", s.count},
          {"skipped", s.skipped},
          {"unmeasured", s.unmeasured},
          {"median_abs_error", number(s.median)},
          {"p90_abs_error", number(s.p90)},
          {"bias", number(s.bias)},
          {"baseline_median", number(s.baseline_median)},
          {"baseline_p90", number(s.baseline_p90)}};
}

void worst_runs(const Validation& v, std::size_t worst, std::string& out) {
  std::vector<const Prediction*> all;
  for (const Prediction& p : v.runs)
    if (p.error) all.push_back(&p);
  std::stable_sort(all.begin(), all.end(),
                   [](const auto* a, const auto* b) { return std::abs(*a->error) > std::abs(*b->error); });
  if (all.size() > worst) all.resize(worst);
  if (all.empty()) return;
  out += "\nWORST RUNS (where their predicted time goes)\n";
  for (const Prediction* p : all) {
    out += fmt::format("  {}  measured {:.4g} s, predicted {:.4g} s ({})", p->id, *p->measured, p->predicted,
                       signed_percent(*p->error));
    if (p->tried > 1) out += fmt::format(", {:.4g} to {:.4g} s over {} combinations", p->low, p->high, p->tried);
    out += p->fits ? "\n" : ", does not fit in memory by our count\n";
    out += wrap(ledger_line(p->where), 6);
  }
}

void skipped_runs(const Validation& v, std::string& out) {
  std::map<std::string, std::vector<std::string>> reasons;
  for (const Prediction& p : v.runs)
    if (!p.ok) reasons[p.reason].push_back(p.id);
  if (!reasons.empty()) out += "\nNOT PREDICTED\n";
  for (const auto& [reason, ids] : reasons) {
    out += fmt::format("  {} × {}\n", ids.size(), reason);
    std::string list;
    for (const auto& id : ids)
      list += (list.empty() ? "" : ", ") + id;
    out += wrap(list, 6);
  }
  std::string wrong;
  for (const Prediction& p : v.runs)
    if (p.ok && !p.checked) wrong += fmt::format("  {}: {}\n", p.id, p.check);
  if (!wrong.empty()) out += "\nSELF-CHECK FAILED\n" + wrong;
}

} // namespace

std::string validation_text(const Validation& v, std::size_t worst) {
  const Statistics& s = v.overall;
  std::string out = fmt::format("{} runs: {} held against a measurement, {} predicted without one, {} not predicted\n",
                                v.runs.size(), s.count - s.skipped, s.unmeasured, s.skipped);
  for (const auto& [grade, of] : v.grades)
    out += fmt::format("grade {}: {} of {} predicted\n", grade, of.count - of.skipped + of.unmeasured,
                       of.count + of.unmeasured);
  const auto checked =
      std::count_if(v.runs.begin(), v.runs.end(), [](const Prediction& p) { return p.ok && p.checked; });
  out +=
      fmt::format("self-check (ledger sums, model FLOP against 6·N·T plus attention, bytes against closed forms): {} "
                  "of {} agree\n\n",
                  checked, v.runs.size() - s.skipped);
  std::vector<std::vector<std::string>> rows{{"group", "runs", "not predicted", "no measured step", "median |error|",
                                              "p90", "bias", "baseline median", "p90"}};
  for (const auto& [group, statistics] : v.groups)
    rows.push_back(row(group, statistics));
  rows.push_back(row("ALL", s));
  out += format_table(rows);
  out += "\nBaseline: one constant HFU per chip, the best for these very runs (";
  bool first = true;
  for (const auto& [chip, hfu] : v.baseline_hfu) {
    out += fmt::format("{}{} {:.1f} %", first ? "" : ", ", chip, 100 * hfu);
    first = false;
  }
  out += ").\n";
  out += subsets_text(v);
  worst_runs(v, worst, out);
  skipped_runs(v, out);
  return out;
}

std::string validation_json(const Validation& v) {
  Json runs = Json::array(), groups = Json::object(), grades = Json::object(), subsets = Json::object(),
       hfu = Json::object();
  for (const Prediction& p : v.runs) {
    Json where = Json::array();
    for (std::size_t e = 0; p.ok && e < sim::entry_count; ++e)
      where.push_back({{"entry", sim::entry_names[e]}, {"seconds", p.where[e]}});
    runs.push_back({{"id", p.id},
                    {"group", p.group},
                    {"grade", p.grade},
                    {"accelerator", p.accelerator},
                    {"experts", p.experts},
                    {"status", p.ok ? "ok" : "skipped"},
                    {"reason", p.reason},
                    {"measured_s", maybe(p.measured)},
                    {"predicted_s", p.ok ? Json(p.predicted) : Json(nullptr)},
                    {"low_s", p.ok ? Json(p.low) : Json(nullptr)},
                    {"high_s", p.ok ? Json(p.high) : Json(nullptr)},
                    {"error", maybe(p.error)},
                    {"baseline_error", maybe(p.baseline_error)},
                    {"combinations", p.tried},
                    {"choices", p.choices},
                    {"fits", p.fits},
                    {"check", p.ok ? Json(p.checked ? "ok" : p.check) : Json(nullptr)},
                    {"where", std::move(where)}});
  }
  for (const auto& [group, statistics] : v.groups)
    groups[group] = statistics_json(statistics);
  for (const auto& [grade, statistics] : v.grades)
    grades[grade] = statistics_json(statistics);
  for (const Subset& subset : v.subsets)
    subsets[subset.name] = statistics_json(subset.of);
  for (const auto& [chip, value] : v.baseline_hfu)
    hfu[chip] = value;
  return Json{{"runs", std::move(runs)},
              {"summary",
               {{"overall", statistics_json(v.overall)},
                {"groups", std::move(groups)},
                {"grades", std::move(grades)},
                {"subsets", std::move(subsets)},
                {"median_of_group_medians", number(v.group_median)},
                {"baseline_median_of_group_medians", number(v.baseline_group_median)},
                {"baseline_nearer", v.baseline_nearer}}},
              {"baseline_hfu", std::move(hfu)},
              {"version", WEFT_VERSION}}
             .dump(2) +
         "\n";
}

std::string validation_csv(const Validation& v) {
  std::string out = "id,group,grade,status,reason,measured_s,predicted_s,low_s,high_s,error,baseline_error\n";
  auto cell = [](const std::optional<double>& x) { return x ? fmt::format("{}", *x) : std::string(); };
  for (const Prediction& p : v.runs)
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(p.id), csv_field(p.group), p.grade,
                       p.ok ? "ok" : "skipped", csv_field(p.reason), cell(p.measured),
                       p.ok ? fmt::format("{}", p.predicted) : "", p.ok ? fmt::format("{}", p.low) : "",
                       p.ok ? fmt::format("{}", p.high) : "", cell(p.error), cell(p.baseline_error));
  return out;
}

} // namespace weft::analysis
