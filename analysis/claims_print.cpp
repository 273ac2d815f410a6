// Claims as text, JSON and CSV (declared in claims.hpp).
#include "analysis/claim_metrics.hpp"
#include "analysis/claims.hpp"
#include "analysis/percent.hpp"
#include "analysis/table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view verdict_names[] = {"yes", "no", "open", "none"};
constexpr std::string_view unit_names[] = {"share", "ratio", "count"};

std::string shown(double value, Unit unit) {
  if (unit == Unit::share) return percent(std::abs(value) < 0.0005 ? 0 : value);
  if (unit == Unit::ratio) return fmt::format("{:.2f}", value);
  return fmt::format("{:.0f}", value);
}
std::string shown(const Cell& cell, Unit unit) {
  if (!cell.value) return "-";
  std::string out = shown(*cell.value, unit);
  if (cell.low)
    out += unit == Unit::share ? fmt::format(" ({:.1f} to {:.1f})", 100 * *cell.low, 100 * *cell.high)
                               : fmt::format(" ({} to {})", shown(*cell.low, unit), shown(*cell.high, unit));
  if (cell.verdict == Verdict::yes) out += " *";
  if (cell.verdict == Verdict::open) out += " ?";
  return out;
}
std::string shown(const Threshold& t, Unit unit) {
  if (t.at_least && t.at_most) return fmt::format("{} to {}", shown(*t.at_least, unit), shown(*t.at_most, unit));
  return t.at_least ? fmt::format("{} or more", shown(*t.at_least, unit))
                    : fmt::format("{} or less", shown(*t.at_most, unit));
}

const Cell* cell_of(const ReadingResult& r, const std::string& workload, const std::string& hardware,
                    std::int64_t size) {
  for (const Cell& cell : r.cells)
    if (cell.world.workload == workload && cell.world.hardware == hardware && cell.world.accelerators == size)
      return &cell;
  return nullptr;
}

std::string table_of(const ReadingResult& r, Unit unit) {
  std::vector<std::vector<std::string>> rows{{"    accelerators"}};
  for (const std::int64_t size : r.reading->accelerators)
    rows.front().push_back(fmt::format("{}", size));
  for (const std::string& workload : r.reading->workloads) {
    rows.push_back({"    " + workload});
    for (const std::string& hardware : r.reading->hardware) {
      rows.push_back({"      " + hardware});
      for (const std::int64_t size : r.reading->accelerators)
        rows.back().push_back(shown(*cell_of(r, workload, hardware, size), unit));
    }
  }
  return format_table(rows);
}

std::string verdict_of(const ReadingResult& r, Unit unit) {
  if (!r.reading->holds) return {};
  const std::size_t judged = r.yes + r.no + r.open;
  if (judged == 0) return "Not settled: no world of it can be simulated.";
  const std::string range = shown(*r.reading->holds, unit);
  std::string out;
  if (r.yes == judged)
    out = fmt::format("Holds ({}) in all {} worlds", range, judged);
  else if (r.no == judged)
    out = fmt::format("Does not hold ({}) in any of {} worlds", range, judged);
  else
    out = fmt::format("Holds ({}) in {} of {} worlds", range, r.yes, judged);
  if (r.open > 0) out += fmt::format(", open in {} (the band lies on both sides)", r.open);
  if (!r.conditions.empty() && r.yes > 0 && r.yes < judged) out += fmt::format(": {}", r.conditions);
  return out + ".";
}

/// Worlds without a value, and why; each reason once.
std::string missing(const ReadingResult& r) {
  std::vector<std::pair<std::string, std::string>> reasons; // reason, worlds
  for (const Cell& cell : r.cells) {
    if (cell.value) continue;
    const std::string world =
        fmt::format("{} on {} {}", cell.world.workload, cell.world.accelerators, cell.world.hardware);
    auto at = std::find_if(reasons.begin(), reasons.end(), [&](const auto& x) { return x.first == cell.why; });
    if (at == reasons.end())
      reasons.push_back({cell.why, world});
    else
      at->second += ", " + world;
  }
  std::string out;
  for (const auto& [why, worlds] : reasons)
    out += wrap(fmt::format("No value ({}): {}.", why, worlds), 4);
  return out;
}
/// Hardware whose chip nobody measured.
std::string projections(const ReadingResult& r) {
  std::vector<std::string> names;
  for (const Cell& cell : r.cells)
    if (cell.value && cell.best.plan && cell.measured_runs == 0 &&
        std::find(names.begin(), names.end(), cell.world.hardware) == names.end())
      names.push_back(cell.world.hardware);
  if (names.empty()) return {};
  return wrap(
      fmt::format("Projections, no measured run with a known plan behind the chip: {}.", fmt::join(names, ", ")), 4);
}

std::string published(const ReadingResult& r) {
  std::string out;
  for (const auto& [key, mfu] : r.published)
    out += fmt::format("{}{}{} {} of {} ({} to {})", out.empty() ? "" : "; ", key.first,
                       key.second ? ", experts," : ", dense,", percent(1 - mfu.median),
                       fmt::format("{} runs", mfu.runs), percent(1 - mfu.p90), percent(1 - mfu.p10));
  return out.empty() ? out : wrap("Measured, median of published runs and 10 to 90 % of them: " + out + ".", 4);
}

Json best_json(const Best& b) {
  if (!b.plan) return {{"why", b.why}};
  return {{"plan", b.plan->name},
          {"step_time_s", b.headline.step_s},
          {"tokens_per_s", b.headline.tokens_per_s},
          {"tokens_per_s_per_accelerator", b.headline.tokens_per_s_per_accelerator},
          {"mfu_causal", b.headline.mfu_causal},
          {"tax", b.headline.tax()},
          {"legal", b.legal},
          {"fitting", b.fitting}};
}
Json cell_json(const Cell& cell) {
  Json out{{"workload", cell.world.workload},
           {"hardware", cell.world.hardware},
           {"accelerators", cell.world.accelerators},
           {"value", cell.value ? Json(*cell.value) : Json(nullptr)}};
  if (cell.low) out["low"] = *cell.low;
  if (cell.high) out["high"] = *cell.high;
  if (!cell.why.empty()) out["why"] = cell.why;
  out["verdict"] = verdict_names[std::size_t(cell.verdict)];
  out["measured_runs"] = cell.measured_runs;
  out["best"] = best_json(cell.best);
  if (cell.other) out["compared"] = best_json(*cell.other);
  return out;
}
Json reading_json(const ReadingResult& r) {
  const Metric& m = *metric(r.reading->metric);
  Json out{{"name", r.reading->name},
           {"metric", r.reading->metric},
           {"unit", unit_names[std::size_t(m.unit)]},
           {"about", r.reading->about.empty() ? std::string(m.about) : r.reading->about}};
  if (r.reading->holds) {
    Json holds = Json::object();
    if (r.reading->holds->at_least) holds["at_least"] = *r.reading->holds->at_least;
    if (r.reading->holds->at_most) holds["at_most"] = *r.reading->holds->at_most;
    out["holds"] = std::move(holds);
  }
  if (r.reading->against && !r.reading->against->hardware.empty()) out["against"] = r.reading->against->hardware;
  out["yes"] = r.yes;
  out["no"] = r.no;
  out["open"] = r.open;
  out["without_value"] = r.without;
  out["conditions"] = r.conditions;
  if (!r.published.empty()) {
    Json all = Json::array();
    for (const auto& [key, mfu] : r.published)
      all.push_back({{"accelerator", key.first},
                     {"experts", key.second},
                     {"runs", mfu.runs},
                     {"mfu_causal", {{"p10", mfu.p10}, {"median", mfu.median}, {"p90", mfu.p90}}}});
    out["published"] = std::move(all);
  }
  Json cells = Json::array();
  for (const Cell& cell : r.cells)
    cells.push_back(cell_json(cell));
  out["cells"] = std::move(cells);
  return out;
}

} // namespace

std::string claims_text(const std::vector<ClaimResult>& results) {
  std::string out;
  for (const ClaimResult& result : results) {
    out += fmt::format("{}{}. {}\n", out.empty() ? "" : "\n", result.claim->number, result.claim->name);
    out += wrap(fmt::format("\"{}\" ({})", result.claim->statement, result.claim->source), 2);
    for (const ReadingResult& r : result.readings) {
      const Metric& m = *metric(r.reading->metric);
      out += fmt::format("\n  {}\n", r.reading->name);
      out += wrap(r.reading->about.empty() ? std::string(m.about) : r.reading->about, 4);
      if (r.reading->against && !r.reading->against->hardware.empty())
        out += wrap(fmt::format("Compared with {}{}.", r.reading->against->hardware,
                                r.reading->against->accelerators > 0
                                    ? fmt::format(", {} accelerators", r.reading->against->accelerators)
                                    : ""),
                    4);
      out += table_of(r, m.unit);
      if (const std::string verdict = verdict_of(r, m.unit); !verdict.empty()) out += wrap(verdict, 4);
      out += published(r) + missing(r) + projections(r);
    }
    for (const std::string& assumption : result.claim->assumptions)
      out += (&assumption == &result.claim->assumptions.front() ? "\n" : "") + wrap("Assumed: " + assumption, 2);
  }
  return out;
}

std::string claims_json(const std::vector<ClaimResult>& results) {
  Json claims = Json::array();
  for (const ClaimResult& result : results) {
    Json readings = Json::array();
    for (const ReadingResult& r : result.readings)
      readings.push_back(reading_json(r));
    claims.push_back({{"number", result.claim->number},
                      {"name", result.claim->name},
                      {"statement", result.claim->statement},
                      {"source", result.claim->source},
                      {"assumptions", result.claim->assumptions},
                      {"readings", std::move(readings)}});
  }
  return Json{{"claims", std::move(claims)}, {"version", WEFT_VERSION}}.dump(2) + "\n";
}

std::string claims_csv(const std::vector<ClaimResult>& results) {
  std::string out = "claim,reading,metric,workload,hardware,accelerators,value,low,high,verdict,plan,tokens_per_s_per_"
                    "accelerator,mfu_causal,tax,measured_runs,why\n";
  auto number = [](const std::optional<double>& x) { return x ? fmt::format("{}", *x) : std::string(); };
  for (const ClaimResult& result : results)
    for (const ReadingResult& r : result.readings)
      for (const Cell& c : r.cells) {
        const Headline& h = c.best.headline;
        auto ran = [&](double x) { return c.best.plan ? fmt::format("{}", x) : std::string(); };
        out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(result.claim->name),
                           csv_field(r.reading->name), csv_field(r.reading->metric), csv_field(c.world.workload),
                           csv_field(c.world.hardware), c.world.accelerators, number(c.value), number(c.low),
                           number(c.high), verdict_names[std::size_t(c.verdict)],
                           c.best.plan ? csv_field(c.best.plan->name) : "", ran(h.tokens_per_s_per_accelerator),
                           ran(h.mfu_causal), ran(h.tax()), c.measured_runs, csv_field(c.why));
      }
  return out;
}

} // namespace weft::analysis
