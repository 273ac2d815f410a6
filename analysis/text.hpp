#pragma once
// Results as a person reads them.

#include "analysis/json.hpp"
#include "analysis/summary.hpp"

#include <span>
#include <string>
#include <vector>

namespace weft::analysis {

/// One scenario: headline, both ledgers; with `explain` also what they say in sentences, the
/// critical path, links, memory, checks and every figure's source.
std::string run_text(const Summary& summary, bool explain);
/// Scenarios side by side.
std::string compare_text(std::span<const Summary> summaries);
std::string catalog_text(const std::vector<CatalogLine>& lines);

std::string run_csv(std::span<const Summary> summaries);
std::string catalog_csv(const std::vector<CatalogLine>& lines);

} // namespace weft::analysis
