// A calibration as text and JSON (declared in calibrate.hpp).
#include "analysis/calibrate.hpp"
#include "analysis/calibrated_chip.hpp"
#include "analysis/table.hpp"
#include "platforms/base/fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double x) {
  return fmt::format("{:.1f} %", 100 * x);
}
std::string signed_percent(double x) {
  return fmt::format("{:+.1f} %", 100 * x);
}
std::vector<std::string> row(const std::string& what, const FitErrors& e) {
  return {what, fmt::format("{}", e.points), percent(e.mean), percent(e.p90), percent(e.max)};
}

Json errors_json(const std::optional<FitErrors>& e) {
  if (!e) return nullptr;
  return {{"points", e->points}, {"mean", e->mean}, {"p90", e->p90}, {"max", e->max}};
}

} // namespace

std::string calibration_text(const Calibration& c, const std::string& file) {
  std::string out = fmt::format("{} is {} with {} figures fitted: {}\n\n", c.name, c.base, c.figures.size(), file);
  std::vector<std::vector<std::string>> rows{{"figure", c.base, c.name, "evidence"}};
  for (const FittedFigure& f : c.figures)
    rows.push_back({f.path, f.before, f.value, std::string(enum_name(f.evidence))});
  out += format_table(rows);
  out += "\nPREDICTED AGAINST MEASURED (|error|)\n";
  rows = {{"", "points", "mean", "p90", "max"}};
  for (const Fit& f : c.fits) {
    rows.push_back({f.what});
    if (f.unseen) {
      rows.push_back(row("  held out: " + f.held_out, *f.unseen));
      if (f.by_base) rows.push_back(row("  the same by " + c.base, *f.by_base));
    } else {
      rows.push_back({"  held out: " + f.held_out});
    }
    rows.push_back(row("  all, which the figures are fitted to", f.seen));
  }
  out += format_table(rows);
  if (!c.steps.empty()) {
    out += fmt::format("\nSTEPS (kernels × {}; {} run{} may move the mean error {} of the way)\n", printed(c.factor),
                       c.steps.size(), c.steps.size() == 1 ? "" : "s",
                       fmt::format("{}/{}", c.steps.size(), c.steps.size() + 1));
    rows = {{"run", "measured", "by " + c.base, "before this fit", "held out", "after"}};
    for (const CalibratedStep& s : c.steps)
      rows.push_back({s.id, fmt::format("{:.4g} s", s.measured), signed_percent(s.by_base), signed_percent(s.before),
                      s.held_out ? signed_percent(*s.held_out) : "", signed_percent(s.after)});
    out += format_table(rows);
  }
  if (!c.notes.empty()) out += "\n";
  for (const std::string& note : c.notes)
    out += wrap(note + ".", 2);
  return out;
}

std::string calibration_json(const Calibration& c, const std::string& file) {
  Json figures = Json::array(), fits = Json::array(), steps = Json::array();
  for (const FittedFigure& f : c.figures)
    figures.push_back({{"path", f.path},
                       {"before", f.before},
                       {"value", f.value},
                       {"evidence", enum_name(f.evidence)},
                       {"source", f.source},
                       {"note", f.note}});
  for (const Fit& f : c.fits)
    fits.push_back({{"what", f.what},
                    {"points", f.points},
                    {"split", f.held_out},
                    {"held_out", errors_json(f.unseen)},
                    {"held_out_by_base", errors_json(f.by_base)},
                    {"fitted_to", errors_json(f.seen)}});
  for (const CalibratedStep& s : c.steps)
    steps.push_back({{"id", s.id},
                     {"measured_s", s.measured},
                     {"error_by_base", s.by_base},
                     {"error_before", s.before},
                     {"error_held_out", s.held_out ? Json(*s.held_out) : Json(nullptr)},
                     {"error_after", s.after}});
  return Json{{"name", c.name},
              {"base", c.base},
              {"file", file},
              {"figures", std::move(figures)},
              {"fits", std::move(fits)},
              {"steps", std::move(steps)},
              {"factor", c.factor},
              {"notes", c.notes},
              {"version", WEFT_VERSION}}
             .dump(2) +
         "\n";
}

} // namespace weft::analysis
