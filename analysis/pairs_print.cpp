// Isolating pairs as text, JSON and CSV (declared in pairs.hpp).
#include "analysis/pairs.hpp"
#include "analysis/percent.hpp"
#include "analysis/table.hpp"

#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

std::string points(double share) {
  return fmt::format("{:.1f}", 100 * share);
}
Json side_json(const PairSide& side) {
  return {{"id", side.id},
          {"measured_chip_s_per_sequence", side.measured ? Json(*side.measured) : Json(nullptr)},
          {"predicted_chip_s_per_sequence", side.predicted ? Json(*side.predicted) : Json(nullptr)}};
}
Json summary_json(const PairSummary& s) {
  return {{"count", s.count}, {"mean_abs_difference", s.mean_difference}, {"same_sign", s.same_sign}};
}

} // namespace

std::string pairs_text(const PairLosses& losses) {
  if (losses.pairs.empty()) return "no pair has both its runs among those asked for\n";
  std::string out = "LOST TO COMMUNICATION: 1 − t(without) / t(with), chip-seconds per sequence\n\n";
  std::vector<std::vector<std::string>> rows{{"pair", "measured", "predicted", "points"}};
  std::string skipped;
  for (const PairFamily& family : losses.families) {
    if (!losses.by_family.contains(family.name)) continue;
    rows.push_back({family.name});
    for (const PairLoss& pair : losses.pairs) {
      if (pair.family != family.name) continue;
      if (!pair.reason.empty()) {
        skipped += wrap(fmt::format("{}: {}", pair.name, pair.reason), 2);
        continue;
      }
      rows.push_back({"  " + pair.name, signed_percent(pair.measured), signed_percent(pair.predicted),
                      fmt::format("{:+.1f}", 100 * (pair.predicted - pair.measured))});
    }
  }
  out += format_table(rows) + "\n";
  std::vector<std::vector<std::string>> summary{{"family", "pairs", "mean |difference|, points", "same sign"}};
  auto add = [&](const std::string& name, const PairSummary& s) {
    summary.push_back({name, fmt::format("{}", s.count), s.count > 0 ? points(s.mean_difference) : "",
                       fmt::format("{} of {}", s.same_sign, s.count)});
  };
  for (const PairFamily& family : losses.families)
    if (const auto of = losses.by_family.find(family.name); of != losses.by_family.end()) add(family.name, of->second);
  add("ALL", losses.overall);
  out += format_table(summary);
  if (!skipped.empty()) out += "\nNOT COMPARED\n" + skipped;
  out += "\nWHAT ELSE DIFFERS\n";
  for (const PairFamily& family : losses.families) {
    if (!losses.by_family.contains(family.name)) continue;
    out += wrap(family.name + ": " + family.about, 2);
    for (const PairLoss& pair : losses.pairs)
      if (pair.family == family.name && !pair.about.empty()) out += wrap(pair.name + ": " + pair.about, 4);
  }
  return out;
}

std::string pairs_json(const PairLosses& losses) {
  Json pairs = Json::array(), families = Json::object();
  for (const PairLoss& pair : losses.pairs) {
    const bool compared = pair.reason.empty();
    pairs.push_back({{"family", pair.family},
                     {"name", pair.name},
                     {"about", pair.about},
                     {"with", side_json(pair.with)},
                     {"without", side_json(pair.without)},
                     {"reason", pair.reason},
                     {"measured_loss", compared ? Json(pair.measured) : Json(nullptr)},
                     {"predicted_loss", compared ? Json(pair.predicted) : Json(nullptr)},
                     {"difference", compared ? Json(pair.predicted - pair.measured) : Json(nullptr)}});
  }
  for (const auto& [family, summary] : losses.by_family)
    families[family] = summary_json(summary);
  return Json{{"pairs", std::move(pairs)},
              {"summary", {{"overall", summary_json(losses.overall)}, {"families", std::move(families)}}},
              {"version", WEFT_VERSION}}
             .dump(2) +
         "\n";
}

std::string pairs_csv(const PairLosses& losses) {
  std::string out = "family,name,with,without,measured_loss,predicted_loss,difference,reason\n";
  for (const PairLoss& pair : losses.pairs) {
    const std::string numbers =
        pair.reason.empty() ? fmt::format("{},{},{}", pair.measured, pair.predicted, pair.predicted - pair.measured)
                            : ",,";
    out += fmt::format("{},{},{},{},{},{}\n", csv_field(pair.family), csv_field(pair.name), csv_field(pair.with.id),
                       csv_field(pair.without.id), numbers, csv_field(pair.reason));
  }
  return out;
}

} // namespace weft::analysis
