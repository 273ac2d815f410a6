#pragma once
// Results as JSON (contract: README, "Machine-readable output"). Key order and number text are fixed, so equal
// inputs give equal bytes.

#include "analysis/evidence.hpp"
#include "analysis/summary.hpp"
#include "platforms/base/document.hpp"

#include <string>
#include <vector>

namespace weft::analysis {

std::string run_json(const Summary& summary);
std::string compare_json(const std::vector<Summary>& summaries);
std::string evidence_json(const std::vector<EvidenceLine>& lines); ///< a list, on one line

struct CatalogLine {
  std::string kind, name, about;
  Value entry; ///< with its base chain applied
};
std::string catalog_json(const std::vector<CatalogLine>& lines);

} // namespace weft::analysis
