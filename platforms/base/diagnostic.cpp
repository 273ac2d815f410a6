#include "platforms/base/diagnostic.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft {
namespace {

std::string line_of(const std::string& text, int line) {
  std::size_t from = 0;
  for (int i = 1; i < line; ++i) {
    from = text.find('\n', from);
    if (from == std::string::npos) return {};
    ++from;
  }
  std::string out = text.substr(from, text.find('\n', from) - from);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return out;
}

/// Letters put in, left out, changed, or two neighbours swapped (Damerau and Levenshtein, each place edited once).
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[a.size()][b.size()];
}

} // namespace

std::string render(const Error& error) {
  std::string out;
  const Mark& at = error.where;
  if (at.source) {
    out = at.source->name;
    if (at.line > 0) out += fmt::format(":{}:{}", at.line, at.column);
    out += ": ";
  }
  out += "error: " + error.message + "\n";
  if (at.source && at.line > 0) {
    constexpr std::size_t widest = 200;
    const std::string text = line_of(at.source->text, at.line).substr(0, widest);
    const auto column = std::size_t(std::max(1, at.column));
    if (!text.empty() && column <= text.size() + 1) out += "  " + text + "\n  " + std::string(column - 1, ' ') + "^\n";
  }
  if (!error.hint.empty()) out += "hint: " + error.hint + "\n";
  return out;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string near = nearest(word, candidates);
  return near.empty() ? near : fmt::format("did you mean `{}`?", near);
}

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates)
    if (const std::size_t longer = std::max(word.size(), candidate.size()),
        shorter = std::min(word.size(), candidate.size());
        longer - shorter >= least)
      continue; // at least as far as the difference in length
    else if (const std::size_t d = distance(word, candidate); d < least) {
      least = d;
      best = candidate;
    }
  return best;
}

} // namespace weft
