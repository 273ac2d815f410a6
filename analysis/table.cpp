#include "analysis/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace weft::analysis {
namespace {

std::size_t width(const std::string& text) {
  return std::size_t(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

} // namespace

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    if (row.size() < 2) continue;
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t pad = i < widths.size() ? widths[i] - std::min(widths[i], width(row[i])) : 0;
      if (row.size() == 1)
        line = row[0];
      else if (i == 0)
        line += row[i] + std::string(pad, ' ');
      else
        line += "  " + std::string(pad, ' ') + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string wrap(const std::string& text, std::size_t indent) {
  constexpr std::size_t widest = 110;
  std::istringstream words(text);
  const std::string margin(indent, ' ');
  std::string out, line, word;
  while (words >> word) {
    if (!line.empty() && width(line) + 1 + width(word) > widest) {
      out += line + "\n";
      line.clear();
    }
    line += (line.empty() ? margin : " ") + word;
  }
  return out + line + "\n";
}

std::string thousands(double value) {
  std::string out = fmt::format("{:.0f}", value);
  for (std::size_t at = out.size(); at > 3; at -= 3)
    out.insert(at - 3, 1, ',');
  return out;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text)
    out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

} // namespace weft::analysis
