#include "analysis/rules_print.hpp"

#include "analysis/power_print.hpp"
#include "analysis/table.hpp"
#include "platforms/readers.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using platforms::RuleMetric;
using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

constexpr std::size_t one_by_one = 3; ///< more chips are a table

/// "density 2.91", "density not known".
std::string figure_text(const RuledFigures& f, RuleMetric metric, const char* name) {
  const Amount a = f.of(metric);
  return a.value ? metric_text(metric, a.value->value) : std::string(name) + " not known";
}
std::string figure_cell(const Amount& a, int decimals) {
  return a.value ? fmt::format("{:.{}f}", a.value->value, decimals) : "–";
}

std::string chip_text(const Judged& j) {
  const RuledFigures& f = j.figures;
  std::string out = fmt::format("{} · {} · {}\n", j.chip.name, j.chip.full_name, enum_name(j.chip.chip_class));
  out += wrap(fmt::format("{} ({}) · {}{} · {} · {}", figure_text(f, RuleMetric::tpp, "TPP"), f.tpp_of,
                          figure_text(f, RuleMetric::density, "density"),
                          f.die_area.value ? fmt::format(" ({:.0f} mm² of dies)", f.die_area.value->value) : "",
                          figure_text(f, RuleMetric::interconnect, "interconnect") +
                              (f.interconnect.value ? " both ways" : ""),
                          figure_text(f, RuleMetric::memory, "memory")),
              2) +
         "\n";
  for (const Ruling& r : j.rulings) {
    out += fmt::format("  {:<9} {:<15} {}\n", r.rule->name, verdict_text(r.verdict), r.because);
    if (r.disputed) out += fmt::format("  {:<25} the other end of what sources say would give another verdict\n", "");
  }
  return out;
}

std::string table_text(const std::vector<Judged>& chips) {
  Rows rows{{"", "TPP", "density", "interconnect", "memory"}};
  for (const Ruling& r : chips.front().rulings)
    rows[0].push_back(r.rule->name);
  bool disputed = false;
  for (const Judged& j : chips) {
    std::vector<std::string> row{j.chip.name, figure_cell(j.figures.tpp, 0), figure_cell(j.figures.density, 2),
                                 figure_cell(j.figures.interconnect, 0), figure_cell(j.figures.memory, 0)};
    for (const Ruling& r : j.rulings) {
      row.push_back(verdict_text(r.verdict) + (r.disputed ? " *" : ""));
      disputed = disputed || r.disputed;
    }
    rows.push_back(std::move(row));
  }
  std::string out = format_table(rows);
  out +=
      "\nTPP: dense TFLOP/s × bits; density: for each mm² of logic dies; interconnect both ways and memory in GB/s.\n";
  if (disputed) out += "* the other end of what sources say would give another verdict\n";
  return out + "Chips made in China are held to the same tests for comparison: the rules are about exports from the "
               "United States.\n";
}

std::string seconds(const std::optional<Headline>& h) {
  return h ? fmt::format("{:.3f} s", h->step_s) : "–";
}
std::string times(const std::optional<Headline>& h, const Contender& reference) {
  return h ? fmt::format("{:.2f}", h->step_s / reference.headline->step_s) : "–";
}

Json step_json(const std::optional<Headline>& h, const std::string& reason, const Contender& reference) {
  Json out{{"step_time_s", nullptr}, {"times_reference", nullptr}, {"fits", nullptr}};
  if (h) {
    out["step_time_s"] = h->step_s;
    out["times_reference"] = h->step_s / reference.headline->step_s;
    out["fits"] = h->fits();
  }
  out["reason"] = reason.empty() ? Json(nullptr) : Json(reason);
  return out;
}

Json judged_json(const Judged& j) {
  const RuledFigures& f = j.figures;
  Json out{{"name", j.chip.name},
           {"chip_class", enum_name(j.chip.chip_class)},
           {"tpp", Json::parse(amount_json(f.tpp))},
           {"tpp_of", f.tpp_of},
           {"die_area_mm2", Json::parse(amount_json(f.die_area))},
           {"density", Json::parse(amount_json(f.density))},
           {"interconnect_gb_per_s", Json::parse(amount_json(f.interconnect))},
           {"memory_gb_per_s", Json::parse(amount_json(f.memory))}};
  Json rulings = Json::array();
  for (const Ruling& r : j.rulings)
    rulings.push_back({{"rule", r.rule->name},
                       {"verdict", verdict_text(r.verdict)},
                       {"because", r.because},
                       {"disputed", r.disputed},
                       {"effective", r.rule->effective},
                       {"source", r.rule->source}});
  out["rulings"] = std::move(rulings);
  return out;
}

/// "Of h100-sxm's speed the rules leave: oct-2022 91 % (design: interconnect 599 GB/s), ...": what a person can quote.
std::string speeds_left(const Fastest& f) {
  std::string out;
  for (const RuleOutcome& o : f.rules) {
    const Headline* best = nullptr;
    std::string what;
    const auto offer = [&](const std::optional<Headline>& h, const std::string& name) {
      if (!h || !h->fits() || (best && best->step_s <= h->step_s)) return;
      best = &*h;
      what = name;
    };
    if (o.fastest) offer(f.contenders[*o.fastest].headline, f.contenders[*o.fastest].chip.name);
    for (const RuledDesign& d : o.designs)
      offer(d.headline, "design: " + d.escape.changes);
    if (best)
      out += fmt::format("{}{} {:.0f} % ({})", out.empty() ? "" : "; ", o.rule->name,
                         100 * f.reference.headline->step_s / best->step_s, what);
  }
  return fmt::format("Of {}'s speed the rules leave: {}.", f.reference.chip.name, out.empty() ? "nothing" : out);
}

/// A verdict and a step on one line of the table.
std::vector<std::string> contest_row(const std::string& name, const Ruling* ruling, const std::optional<Headline>& h,
                                     const std::string& reason, const Contender& reference) {
  return {"  " + name, ruling ? verdict_text(ruling->verdict) : "", seconds(h), times(h, reference), reason};
}

} // namespace

Judged judged(const RuledChip& chip, const std::vector<platforms::ExportRule>& rules) {
  Judged out{chip, ruled_figures(chip), {}};
  for (const auto& rule : rules)
    out.rulings.push_back(judge(out.figures, rule));
  return out;
}

std::string rules_text(const std::vector<Judged>& chips, const std::optional<InScenario>& steps) {
  std::string out;
  if (chips.size() > one_by_one) {
    out = table_text(chips);
  } else {
    for (const Judged& j : chips)
      out += (out.empty() ? "" : "\n") + chip_text(j);
  }
  if (!steps) return out;
  const Contender& own = steps->reference;
  Rows rows{{fmt::format("STEP of {} on {}", steps->scenario, steps->cluster), "", "× " + own.chip.name, ""},
            {"  " + own.chip.name + ", as the scenario has it", seconds(own.headline), "1.00", own.reason}};
  for (const Contender& c : steps->chips)
    rows.push_back({"  " + c.chip.name + " in the same nodes", seconds(c.headline), times(c.headline, own), c.reason});
  return out + "\n" + format_table(rows);
}

std::string rules_json(const std::vector<Judged>& chips, const std::optional<InScenario>& steps) {
  Json all = Json::array();
  for (std::size_t i = 0; i < chips.size(); ++i) {
    all.push_back(judged_json(chips[i]));
    if (steps) all.back()["step"] = step_json(steps->chips[i].headline, steps->chips[i].reason, steps->reference);
  }
  Json out;
  if (steps) {
    out["scenario"] = steps->scenario;
    out["cluster"] = steps->cluster;
    out["reference"] = {{"name", steps->reference.chip.name}, {"step_time_s", steps->reference.headline->step_s}};
  }
  out["chips"] = std::move(all);
  out["version"] = WEFT_VERSION;
  return out.dump(2) + "\n";
}

std::string rules_csv(const std::vector<Judged>& chips) {
  std::string out = "chip,chip_class,tpp,die_area_mm2,density,interconnect_gb_per_s,memory_gb_per_s,rule,verdict,"
                    "disputed,because\n";
  const auto cell = [](const Amount& a) { return a.value ? fmt::format("{}", a.value->value) : std::string(); };
  for (const Judged& j : chips)
    for (const Ruling& r : j.rulings)
      out += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(j.chip.name), enum_name(j.chip.chip_class),
                         cell(j.figures.tpp), cell(j.figures.die_area), cell(j.figures.density),
                         cell(j.figures.interconnect), cell(j.figures.memory), r.rule->name, verdict_text(r.verdict),
                         r.disputed, csv_field(r.because));
  return out;
}

std::string fastest_text(const Fastest& f) {
  const Contender& own = f.reference;
  std::string out =
      wrap(
          fmt::format("{} on {}: which chip a rule leaves, and how long a step then takes. \"Sold\" is the fastest of "
                      "the catalog's chips that the rule allows and that fit, in the same nodes; \"design\" is {} with "
                      "nothing changed but what is named.",
                      f.scenario, f.cluster, own.chip.name),
          0) +
      "\n";
  Rows rows{{"", "verdict", "step", "× " + own.chip.name, ""},
            contest_row(own.chip.name, nullptr, own.headline, own.reason, own)};
  for (const RuleOutcome& o : f.rules) {
    rows.push_back({""});
    rows.push_back({fmt::format("{}: {}", o.rule->name, o.rule->title)});
    if (o.fastest) {
      const Contender& c = f.contenders[*o.fastest];
      const Ruling ruling = judge(c.figures, *o.rule);
      rows.push_back(contest_row("sold: " + c.chip.name, &ruling, c.headline, c.reason, own));
    } else {
      rows.push_back({"  sold: none that fits", "", "", "", ""});
    }
    for (const RuledDesign& d : o.designs)
      rows.push_back(contest_row("design: " + d.escape.changes, &d.escape.ruling, d.headline, d.reason, own));
  }
  out += format_table(rows) + "\n" + wrap(speeds_left(f), 0);
  std::string left_out;
  for (const Contender& c : f.contenders)
    if (!c.reason.empty()) left_out += fmt::format("{}{} ({})", left_out.empty() ? "" : "; ", c.chip.name, c.reason);
  if (!left_out.empty()) out += wrap("Not in the running: " + left_out + ".", 0);
  return out;
}

std::string fastest_json(const Fastest& f) {
  Json rules = Json::array();
  for (const RuleOutcome& o : f.rules) {
    Json sold = nullptr;
    if (o.fastest) {
      const Contender& c = f.contenders[*o.fastest];
      sold = {{"name", c.chip.name}, {"verdict", verdict_text(judge(c.figures, *o.rule).verdict)}};
      sold["step"] = step_json(c.headline, c.reason, f.reference);
    }
    Json designs = Json::array();
    for (const RuledDesign& d : o.designs)
      designs.push_back({{"changes", d.escape.changes},
                         {"verdict", verdict_text(d.escape.ruling.verdict)},
                         {"die_area_mm2", d.escape.die_area ? Json(*d.escape.die_area) : Json(nullptr)},
                         {"step", step_json(d.headline, d.reason, f.reference)}});
    rules.push_back({{"rule", o.rule->name},
                     {"title", o.rule->title},
                     {"effective", o.rule->effective},
                     {"source", o.rule->source},
                     {"sold", std::move(sold)},
                     {"designs", std::move(designs)}});
  }
  Json chips = Json::array();
  for (const Contender& c : f.contenders)
    chips.push_back({{"name", c.chip.name}, {"step", step_json(c.headline, c.reason, f.reference)}});
  return Json{{"scenario", f.scenario},
              {"cluster", f.cluster},
              {"reference", {{"name", f.reference.chip.name}, {"step_time_s", f.reference.headline->step_s}}},
              {"rules", std::move(rules)},
              {"chips", std::move(chips)},
              {"version", WEFT_VERSION}}
             .dump(2) +
         "\n";
}

std::string fastest_csv(const Fastest& f) {
  std::string out = "rule,kind,chip,verdict,step_time_s,times_reference,reason\n";
  const auto line = [&](const std::string& rule, const char* kind, const std::string& chip, const std::string& verdict,
                        const std::optional<Headline>& h, const std::string& reason) {
    out += fmt::format("{},{},{},{},{},{},{}\n", rule, kind, csv_field(chip), verdict,
                       h ? fmt::format("{}", h->step_s) : "",
                       h ? fmt::format("{}", h->step_s / f.reference.headline->step_s) : "", csv_field(reason));
  };
  line("", "reference", f.reference.chip.name, "", f.reference.headline, f.reference.reason);
  for (const RuleOutcome& o : f.rules) {
    if (o.fastest) {
      const Contender& c = f.contenders[*o.fastest];
      line(o.rule->name, "sold", c.chip.name, verdict_text(judge(c.figures, *o.rule).verdict), c.headline, c.reason);
    }
    for (const RuledDesign& d : o.designs)
      line(o.rule->name, "design", d.escape.changes, verdict_text(d.escape.ruling.verdict), d.headline, d.reason);
  }
  return out;
}

} // namespace weft::analysis
