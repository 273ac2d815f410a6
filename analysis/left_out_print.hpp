#pragma once
// What the catalog leaves out, as text, JSON and CSV.

#include "platforms/left_out.hpp"

#include <string>
#include <vector>

namespace weft::analysis {

std::string left_out_text(const std::vector<platforms::LeftOut>& entries);
/// `[{kind, name, in_catalog, about, source, missing [{fact, looked}], needs}]`.
std::string left_out_json(const std::vector<platforms::LeftOut>& entries);
/// A line for each missing fact or need.
std::string left_out_csv(const std::vector<platforms::LeftOut>& entries);

} // namespace weft::analysis
