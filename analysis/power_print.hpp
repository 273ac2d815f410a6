#pragma once
// Power and money as a person and a program read them.

#include "analysis/power.hpp"

#include <span>
#include <string>
#include <vector>

namespace weft::analysis {

struct Summary;

/// "18.2", "1,440 to 2,010" of an amount in `unit` base units; "≥ 4.1" of what is known in part, "not known".
std::string amount_text(const Amount& a, double unit = 1, bool band = false);

std::string power_text(const Power& power);
/// {"value": …, "low": …, "high": …, "evidence": …}, or {"value": null, "at_least": …, "missing": […], "evidence": …}.
std::string amount_json(const Amount& a, double unit = 1);
std::string power_json(const Power& power);

/// Rows of `weft compare` and what of them is not known; nothing where none has power.
std::vector<std::vector<std::string>> power_rows(std::span<const Summary> all);
std::string power_notes(std::span<const Summary> all);

/// Columns of a CSV line, a comma before each; cells of what is not known are empty. Nothing where none has power.
std::string power_csv_header(std::span<const Summary> all);
std::string power_csv(const Summary& summary);

} // namespace weft::analysis
