#include "analysis/report.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

constexpr int deepest = 64; ///< nesting; Weft's own results stay below 12

/// Keys by which each kind of result is known; the script tells them apart in analysis/report/src/results.js.
const std::vector<std::vector<const char*>> kinds{{"scenarios", "version"},          // compare, with and without --swap
                                                  {"where", "step_time_s", "plan"},  // run
                                                  {"collectives", "links", "ranks"}, // collective
                                                  {"knobs", "step_time_s", "sum_rule"}, // sensitivity
                                                  {"reference", "candidates"},          // parity
                                                  {"claims", "version"},                // claims
                                                  {"runs", "summary", "baseline_hfu"}}; // validate
bool is_result(const Json& value) {
  return value.is_object() && std::any_of(kinds.begin(), kinds.end(), [&](const auto& keys) {
           return std::all_of(keys.begin(), keys.end(), [&](const char* key) { return value.contains(key); });
         });
}

/// JSON between tags of HTML: nothing that could end the block or begin another, no line end that a script would see.
/// In JSON these characters stand inside strings only.
std::string inert(const std::string& json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '<' || c == '>' || c == '&')
      out += fmt::format("\\u{:04x}", unsigned(c));
    else if (json.compare(i, 3, "\u2028") == 0 || json.compare(i, 3, "\u2029") == 0) {
      out += json[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else
      out += c;
  }
  return out;
}
std::string block(const Json& value) {
  return fmt::format("<script type=\"application/json\">{}</script>\n", inert(value.dump()));
}

/// Every item of a list in an object; of what is no list, nothing.
template <class F> void each(Json& in, const char* list, F&& then) {
  if (!in.is_object() || !in.contains(list) || !in[list].is_array()) return;
  for (Json& item : in[list])
    if (item.is_object()) then(item);
}
/// What no figure shows and is half of what `validate` and `claims` print.
void leave_out(Json& value) {
  if (value.contains("baseline_hfu"))
    each(value, "runs", [](Json& run) {
      for (const char* key : {"where", "choices", "combinations"})
        run.erase(key);
    });
  each(value, "claims", [](Json& claim) {
    each(claim, "readings", [](Json& reading) { each(reading, "cells", [](Json& cell) { cell.erase("compared"); }); });
  });
}

Result<Json> parse(const ReportPart& part) {
  bool deep = false;
  const auto depth = [&deep](int at, Json::parse_event_t, const Json&) {
    deep = deep || at > deepest; // printing is recursive
    return !deep;
  };
  Json value;
  try {
    value = Json::parse(part.json, depth);
  } catch (const Json::parse_error& e) {
    const std::string why = e.what(); // "[json.exception.parse_error.101] parse error at line 3, column 7: …"
    const auto at = why.find("parse error");
    return fail({}, fmt::format("{}: {}", part.name, at == std::string::npos ? why : why.substr(at)),
                "a report is made of what verbs print with --format json");
  }
  if (deep) return fail({}, fmt::format("{}: nested deeper than {} levels", part.name, deepest));
  if (!is_result(value))
    return fail({}, fmt::format("{}: no result that a report can show", part.name),
                "run, compare, collective, sensitivity, parity, claims and validate print such, with --format json");
  leave_out(value);
  return value;
}

} // namespace

Result<void> has_report() {
  if (!report_template.empty()) return {};
  return fail({}, "this build has no report page: it was made with WEFT_REPORT=OFF or without node and npm",
              "install nodejs and npm, then `cmake --preset release -DWEFT_REPORT=ON` and build again");
}

Result<std::string> report_page(const std::string& command, const std::vector<ReportPart>& parts) {
  if (auto have = has_report(); !have) return tl::unexpected(have.error());
  Json files = Json::array(), pipelines = Json::array();
  std::string blocks;
  for (const ReportPart& part : parts) {
    auto value = parse(part);
    if (!value) return tl::unexpected(value.error());
    files.push_back(part.name);
    pipelines.push_back(part.pipeline.empty() ? Json(nullptr) : Json(part.pipeline));
    blocks += block(*value);
  }
  std::string about;
  try {
    about = block({{"command", command},
                   {"files", std::move(files)},
                   {"version", WEFT_VERSION},
                   {"pipelines", std::move(pipelines)}});
  } catch (const Json::type_error&) { // a name that is not UTF-8
    return fail({}, "the command line is not valid UTF-8: the page cannot show it");
  }
  constexpr std::string_view here = "{{RESULTS}}";
  const auto at = report_template.find(here);
  if (at == std::string_view::npos) return fail({}, "the report page has no place for results");
  std::string page(report_template.substr(0, at));
  page += about + blocks;
  page += report_template.substr(at + here.size());
  return page;
}

} // namespace weft::analysis
