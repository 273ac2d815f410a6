#pragma once
#include <string>
#include <vector>

namespace weft::analysis {

/// Rows of cells, the first column left-aligned, the others right-aligned. Widths count characters, not bytes.
/// A row of one cell is a heading and runs over the columns.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

/// Text broken between words at 110 characters; every line starts with `indent` blanks. Ends with a newline.
std::string wrap(const std::string& text, std::size_t indent);

/// A whole number with its thousands apart: "16,384".
std::string thousands(double value);

/// A CSV field: quoted where it must be.
std::string csv_field(const std::string& text);

} // namespace weft::analysis
