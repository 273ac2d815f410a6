#include "analysis/power_print.hpp"

#include "analysis/summary.hpp"
#include "analysis/table.hpp"
#include "platforms/base/fields.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

/// Three digits, thousands apart.
std::string digits(double v) {
  if (v == 0) return "0";
  if (v < 999.5) {
    const int before = int(std::floor(std::log10(v))) + 1;
    return fmt::format("{:.{}f}", v, std::clamp(3 - before, 0, 6));
  }
  return thousands(v);
}

/// One row of the section: what, in which unit, and how many base units that is.
struct Row {
  const char* name;
  const char* key; ///< in JSON, unit last
  const char* unit;
  Amount Power::*what;
  double size;
};
constexpr double mega = 1e6;
const std::vector<Row>& table() {
  static const std::vector<Row> rows{
      {"an accelerator, mean", "accelerator_w", "W", &Power::accelerator, 1},
      {"its share of hosts, fans, node switches", "overhead_w", "W", &Power::overhead, 1},
      {"its share of the scale-out network", "network_w", "W", &Power::network, 1},
      {"site, mean of the step", "facility_mw", "MW", &Power::facility, mega},
      {"site, nodes at their rating", "facility_rated_mw", "MW", &Power::facility_rated, mega},
      {"racks of nodes", "racks", "", &Power::racks, 1},
      {"energy of a step", "energy_per_step_kwh", "kWh", &Power::energy_per_step, 3.6e6},
      {"energy of a token", "energy_per_token_j", "J", &Power::energy_per_token, 1},
      {"CO2 of a million tokens", "carbon_per_million_tokens_g", "g", &Power::carbon_per_token, 1 / mega},
      {"nodes and network", "hardware_musd", "M$", &Power::hardware, mega},
      {"hardware, an hour of its life", "hardware_usd_per_h", "$/h", &Power::hardware_per_hour, 1},
      {"electricity", "electricity_usd_per_h", "$/h", &Power::electricity_per_hour, 1},
      {"both", "usd_per_h", "$/h", &Power::dollars_per_hour, 1},
      {"a million tokens", "usd_per_million_tokens", "$", &Power::dollars_per_token, 1 / mega},
      {"an effective PFLOP/s for a day", "usd_per_effective_pflop_day", "$", &Power::dollars_per_effective_pflop_day,
       1}};
  return rows;
}

std::string site_line(const Power& p) {
  const auto& l = p.location;
  std::string out = l.name + (p.by_default ? " (default for this chip)" : "");
  out += l.pue ? fmt::format(": PUE {}", l.pue->value) : ": PUE not known";
  out += l.electricity ? ", " + print_quantity(l.electricity->value) : ", electricity price not known";
  return out + (l.grid_carbon ? ", " + print_quantity(l.grid_carbon->value) + " of CO2" : ", grid carbon not known");
}

/// Every unknown, once.
std::vector<std::string> missing(const Power& p) {
  std::vector<std::string> out;
  for (const Row& row : table())
    for (const std::string& what : (p.*row.what).missing)
      if (std::find(out.begin(), out.end(), what) == out.end()) out.push_back(what);
  return out;
}
std::string not_known(const Power& p) {
  std::string out;
  for (const std::string& what : missing(p))
    out += (out.empty() ? "" : "; ") + what;
  return out;
}

} // namespace

std::string amount_text(const Amount& a, double unit, bool band) {
  if (!a.known()) return band ? "" : "not known";
  const Range& r = *a.known();
  if (!band) return (a.value ? "" : "≥ ") + digits(r.value / unit);
  if (!a.value || r.low == r.high) return "";
  return digits(r.low / unit) + " to " + digits(r.high / unit);
}

std::string power_text(const Power& p) {
  std::vector<std::vector<std::string>> rows{{"POWER AND MONEY", "", "", "low to high", "weakest figure"}};
  for (const Row& row : table()) {
    const Amount& a = p.*row.what;
    rows.push_back({fmt::format("  {}", row.name), amount_text(a, row.size), row.unit, amount_text(a, row.size, true),
                    a.known() ? std::string(enum_name(a.evidence)) : ""});
  }
  std::string out = format_table(rows);
  out += wrap("At " + site_line(p) + ". Hardware is paid off over " + amount_text(p.life_years) +
                  " years of full use; buildings and storage are not counted.",
              0);
  if (const std::string what = not_known(p); !what.empty())
    out += wrap("Not known: " + what + ". What is marked ≥ counts only what is.", 0);
  return out;
}

std::string amount_json(const Amount& a, double unit) {
  Json out;
  if (a.value) {
    out = {{"value", a.value->value / unit}, {"low", a.value->low / unit}, {"high", a.value->high / unit}};
  } else {
    out = {{"value", nullptr}, {"at_least", nullptr}, {"missing", a.missing}};
    if (a.at_least) out["at_least"] = a.at_least->value / unit;
  }
  out["evidence"] = a.known() ? Json(enum_name(a.evidence)) : Json(nullptr);
  return out.dump();
}

std::string power_json(const Power& p) {
  const auto& l = p.location;
  Json out{{"location", l.name},
           {"location_by_default", p.by_default},
           {"pue", l.pue ? Json(l.pue->value) : Json(nullptr)},
           {"electricity_usd_per_kwh", l.electricity ? Json(l.electricity->value.count()) : Json(nullptr)},
           {"grid_carbon_g_per_kwh", l.grid_carbon ? Json(l.grid_carbon->value.count()) : Json(nullptr)},
           {"life_years", Json::parse(amount_json(p.life_years))}};
  for (const Row& row : table())
    out[row.key] = Json::parse(amount_json(p.*row.what, row.size));
  out["not_known"] = missing(p);
  return out.dump();
}

std::vector<std::vector<std::string>> power_rows(std::span<const Summary> all) {
  std::vector<std::vector<std::string>> out;
  if (!all.front().power) return out; // of none, when of one
  out.push_back({""});
  out.push_back({"POWER AND MONEY"});
  std::vector<std::string> places{"  at"};
  for (const Summary& s : all)
    places.push_back(s.power->location.name);
  out.push_back(std::move(places));
  for (const Row& row : table()) {
    const std::string unit = row.unit;
    std::vector<std::string> cells{fmt::format("  {}{}", row.name, unit.empty() ? "" : ", " + unit)};
    for (const Summary& s : all)
      cells.push_back(amount_text((*s.power).*row.what, row.size));
    out.push_back(std::move(cells));
  }
  return out;
}

std::string power_csv_header(std::span<const Summary> all) {
  std::string out;
  if (!all.front().power) return out; // of none, when of one
  out = ",location";
  for (const Row& row : table())
    out += std::string(",") + row.key;
  return out;
}

std::string power_csv(const Summary& s) {
  std::string out;
  if (!s.power) return out;
  out = "," + csv_field(s.power->location.name);
  for (const Row& row : table()) {
    const Amount& a = (*s.power).*row.what;
    out += a.value ? fmt::format(",{}", a.value->value / row.size) : ",";
  }
  return out;
}

std::string power_notes(std::span<const Summary> all) {
  std::string out;
  if (!all.front().power) return out;
  for (const Summary& s : all)
    if (const std::string what = not_known(*s.power); !what.empty())
      out += wrap(s.result.scenario.name + ": not known: " + what + ".", 0);
  return out.empty() ? out : "\n" + out;
}

} // namespace weft::analysis
