#pragma once
// The report: one page that holds what weft printed as JSON, and the script that draws it. Its sources are in
// analysis/report/; the build makes them one text (report_template), empty where the build left it out.

#include "platforms/base/diagnostic.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weft::analysis {

/// The page without data; made by analysis/report/build.mjs.
extern const std::string_view report_template;

struct ReportPart {
  std::string name;          ///< the file it was read from, or the verb
  std::string json;          ///< what a verb printed with --format json
  std::string pipeline = {}; ///< of a run: pipeline_svg(); empty: the page has no such figure
};

/// An error that says how to get it, where this build has no page.
Result<void> has_report();
/// The page of some results in the order given. `command`: what was typed. What is not JSON, or none of Weft's
/// results, is an error that names the part. Names of all kinds stay text: no `<`, `>` or `&` of a result is in it.
Result<std::string> report_page(const std::string& command, const std::vector<ReportPart>& parts);

} // namespace weft::analysis
