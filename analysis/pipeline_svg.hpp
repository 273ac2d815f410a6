#pragma once
// The step's pipeline as a static picture: stages down, time across.

#include "sim/result.hpp"

#include <string>

namespace weft::analysis {

/// An SVG document without scripts, styles or links; the same for equal results. One row a stage: of its rank classes
/// the one with the most ranks.
std::string pipeline_svg(const sim::StepResult& result);

/// Text as it may stand in XML, between tags and in attributes.
std::string xml_text(const std::string& text);

} // namespace weft::analysis
