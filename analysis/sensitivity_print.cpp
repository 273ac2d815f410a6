// What a step is sensitive to, as text, JSON and CSV (declared in sensitivity.hpp).
#include "analysis/percent.hpp"
#include "analysis/sensitivity.hpp"
#include "analysis/table.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

constexpr double visible = 5e-4; ///< of the step: what a table of tenths of a percent can show

std::string cell(const std::optional<Change>& c) {
  return c ? signed_percent(c->ratio - 1) : "-";
}
std::string factor(const KnobEffect& e) {
  return &e.better() == &e.halved ? "/ 2" : "x 2";
}
bool shows(const KnobEffect& e) {
  for (const auto* c : {&e.minus10, &e.plus10, &e.halved, &e.doubled, &e.none})
    if (*c && (std::abs((*c)->ratio - 1) >= visible || !(*c)->fits)) return true;
  return e.elasticity && std::abs(*e.elasticity) >= visible;
}
/// "none then, as 2 x fits it", what the table's numbers do not say.
std::string remark(const KnobEffect& e, const Sensitivity& s) {
  std::string out;
  auto add = [&out](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  if (e.none) add(fmt::format("without any {}", signed_percent(e.none->ratio - 1)));
  if (e.knob->name == "scale-up domain" && e.halved) add("x 0.5 " + cell(e.halved));
  if (e.least) {
    if (e.least->recompute != s.base.recompute) add(fmt::format("as it is {} fits", enum_name(e.least->recompute)));
    const std::pair<const char*, const std::optional<Change>*> at[] = {
        {"x 0.5", &e.halved}, {"x 0.9", &e.minus10}, {"x 1.1", &e.plus10}, {"x 2", &e.doubled}};
    for (const auto& [name, c] : at)
      if (*c && !(*c)->fits)
        add(fmt::format("{} does not fit", name));
      else if (*c && (*c)->recompute != e.least->recompute)
        add(fmt::format("{} recomputes {}", name, enum_name((*c)->recompute)));
  }
  if (e.tie()) add(fmt::format("at a tie: {:+.3f} below, {:+.3f} above", e.below, e.above));
  if (!e.tie() && e.over > 1e-3) add("slope over ±1 %");
  return out;
}

/// A remark behind each line of a table, all of which are as wide as the first.
std::string beside(const std::string& table, const std::vector<std::string>& remarks) {
  std::string out;
  std::size_t from = 0;
  for (const std::string& remark : remarks) {
    const std::size_t to = table.find('\n', from);
    out += table.substr(from, to - from) + (remark.empty() ? "" : "   " + remark) + "\n";
    from = to + 1;
  }
  return out;
}

Json change_json(const std::optional<Change>& c) {
  if (!c) return nullptr;
  return {{"step_time_s", c->step_s},
          {"ratio", c->ratio},
          {"tax", c->tax},
          {"fits", c->fits},
          {"recompute", enum_name(c->recompute)}};
}

std::string sentence(const KnobEffect& e) {
  const std::string name(e.knob->name);
  const std::string how = factor(e) == "/ 2" ? "half the " + name : "twice the " + name;
  return fmt::format("{} (step {})", how, signed_percent(e.better()->ratio - 1));
}

/// Of a plan that does not fit the first question is what makes it fit, at whatever speed.
std::string what_fits(const Sensitivity& s) {
  std::string out;
  for (const KnobEffect& e : s.knobs)
    if (e.knob->bought && e.better() && e.better()->fits) out += (out.empty() ? "" : ", or ") + sentence(e);
  const auto plan = std::find_if(s.plans.begin(), s.plans.end(), [](const PlanChange& p) { return p.to.fits; });
  if (plan != s.plans.end())
    out += fmt::format("{}{} (step {})", out.empty() ? "" : ", or ", plan->change, signed_percent(plan->to.ratio - 1));
  return "The plan does not fit in memory. " +
         (out.empty() ? "No hardware number, doubled by itself, and no neighbour of the plan makes it fit."
                      : "What makes it fit: " + out + ".");
}

} // namespace

std::string first(const Sensitivity& s) {
  if (!s.base.fits()) return what_fits(s);
  std::vector<const KnobEffect*> bought;
  for (const KnobEffect& e : s.knobs)
    if (e.knob->bought && e.better() && e.better()->fits && e.better()->ratio < 1 - visible) bought.push_back(&e);
  std::string out = bought.empty() ? "No hardware number, doubled by itself, shortens the step."
                                   : "What to buy first: " + sentence(*bought[0]);
  for (std::size_t i = 1; i < std::min<std::size_t>(bought.size(), 3); ++i)
    out += (i == 1 ? ", then " : " and ") + sentence(*bought[i]);
  if (!bought.empty()) out += ".";
  const auto plan = std::find_if(s.plans.begin(), s.plans.end(), [](const PlanChange& p) { return p.to.fits; });
  if (plan != s.plans.end() && plan->to.ratio < 1 - visible)
    out += fmt::format(" Without buying anything: {} ({}).", plan->change, signed_percent(plan->to.ratio - 1));
  else
    out += " No neighbour of the plan that fits is faster.";
  return out;
}

std::string sensitivity_text(const Sensitivity& s) {
  std::string out = fmt::format("{}: a step of {:.4g} s, interconnect tax {}, recomputation {}\n\n", s.scenario,
                                s.base.step_s, percent(s.base.tax()), enum_name(s.base.recompute));
  std::vector<std::vector<std::string>> rows{
      {"ONE NUMBER CHANGED", "x 0.9", "x 1.1", "better", "", "tax then", "elasticity"}};
  std::vector<std::string> remarks{""};
  std::string silent;
  for (const KnobEffect& e : s.knobs) {
    if (!shows(e)) {
      silent += (silent.empty() ? "" : ", ") + std::string(e.knob->name);
      continue;
    }
    const auto& better = e.better();
    rows.push_back({std::string(e.knob->name), cell(e.minus10), cell(e.plus10), better ? factor(e) : "-", cell(better),
                    better ? percent(better->tax) : "-", e.elasticity ? fmt::format("{:+.3f}", *e.elasticity) : "-"});
    remarks.push_back(remark(e, s));
  }
  out += beside(format_table(rows), remarks);
  if (!silent.empty()) out += wrap("Less than 0.05 % either way: " + silent + ".", 2);
  out += fmt::format("\nself-check: elasticities of rates sum to {:.4f}, of times to {:.4f}; the difference is {:.4f} "
                     "(-1 where nothing is at a tie)\n",
                     s.rates, s.times, s.rates - s.times);
  if (!s.plans.empty()) {
    rows = {{"ONE CHOICE OF THE PLAN CHANGED", "step", "change", "tax then", "recomputation", "fits"}};
    for (const PlanChange& p : s.plans)
      rows.push_back({p.change, fmt::format("{:.4g} s", p.to.step_s), signed_percent(p.to.ratio - 1), percent(p.to.tax),
                      std::string(enum_name(p.to.recompute)), p.to.fits ? "yes" : "no"});
    out += "\n" + format_table(rows);
  }
  return out + "\n" + wrap(first(s), 0);
}

std::string sensitivity_json(const Sensitivity& s) {
  Json knobs = Json::array(), plans = Json::array();
  for (const KnobEffect& e : s.knobs) {
    Json one{{"knob", e.knob->name},
             {"about", e.knob->about},
             {"kind", kind_name(e.knob->kind)},
             {"elasticity", e.elasticity ? Json(*e.elasticity) : Json(nullptr)},
             {"minus10", change_json(e.minus10)},
             {"plus10", change_json(e.plus10)},
             {"halved", change_json(e.halved)},
             {"doubled", change_json(e.doubled)}};
    if (e.none) one["none"] = change_json(e.none);
    if (e.least) one["least_recomputation"] = change_json(e.least);
    if (e.tie()) one["tie"] = {{"below", e.below}, {"above", e.above}};
    knobs.push_back(std::move(one));
  }
  for (const PlanChange& p : s.plans)
    plans.push_back({{"change", p.change},
                     {"step_time_s", p.to.step_s},
                     {"ratio", p.to.ratio},
                     {"tax", p.to.tax},
                     {"recompute", enum_name(p.to.recompute)},
                     {"fits", p.to.fits}});
  return Json{{"scenario", s.scenario},
              {"step_time_s", s.base.step_s},
              {"tax", s.base.tax()},
              {"fits", s.base.fits()},
              {"knobs", std::move(knobs)},
              {"sum_rule", {{"rates", s.rates}, {"times", s.times}, {"sum", s.rates - s.times}}},
              {"plan", std::move(plans)},
              {"first", first(s)},
              {"evidence_summary", s.evidence},
              {"version", WEFT_VERSION}}
             .dump(2) +
         "\n";
}

std::string sensitivity_csv(const Sensitivity& s) {
  std::string out = "what,kind,elasticity,minus10,plus10,halved,doubled,none,fits\n";
  auto number = [](const std::optional<Change>& c) { return c ? fmt::format("{}", c->ratio) : std::string(); };
  for (const KnobEffect& e : s.knobs)
    out += fmt::format("{},{},{},{},{},{},{},{},\n", csv_field(std::string(e.knob->name)), kind_name(e.knob->kind),
                       e.elasticity ? fmt::format("{}", *e.elasticity) : "", number(e.minus10), number(e.plus10),
                       number(e.halved), number(e.doubled), number(e.none));
  for (const PlanChange& p : s.plans) // a plan's ratio stands where a doubled number's does
    out += fmt::format("{},plan,,,,,{},,{}\n", csv_field(p.change), p.to.ratio, p.to.fits ? "yes" : "no");
  return out;
}

} // namespace weft::analysis
