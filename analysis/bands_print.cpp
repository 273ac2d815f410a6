// Bands as text (declared in bands.hpp).
#include "analysis/bands.hpp"
#include "analysis/percent.hpp"
#include "analysis/table.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

constexpr std::size_t most_shown = 8;
constexpr double visible = 5e-4; ///< of the step, or of the tax

/// From the lesser to the greater.
template <class Cell> std::string range(double a, double b, Cell cell) {
  return fmt::format("{} to {}", cell(std::min(a, b)), cell(std::max(a, b)));
}
std::string seconds(double s) {
  return s >= 1 ? fmt::format("{:.3f} s", s) : fmt::format("{:.1f} ms", 1e3 * s);
}
bool shows(const BandInput& i, double step) {
  return i.swing() >= visible * step || std::abs(i.tax_high - i.tax_low) >= visible;
}

std::string without(const HeadlineBands& b) {
  std::string out =
      fmt::format("{} of the {} figures that the step reads are assumed and state no low and high: what they "
                  "may be off by is in no band",
                  b.assumed, b.figures);
  if (b.do_not_fit > 0) out += fmt::format("; {} of {} samples do not fit in memory", b.do_not_fit, b.n);
  return out + ".";
}

} // namespace

std::string bands_text(const HeadlineBands& b) {
  std::vector<std::vector<std::string>> rows{
      {fmt::format("WHAT WIDENS IT, each by itself ({} samples, seed {})", b.n, b.seed), "low", "value", "high",
       "evidence", "step", "tax"}};
  std::size_t shown = 0, silent = 0;
  for (const BandInput& i : b.inputs) {
    if (shown == most_shown || !shows(i, b.step_s.median)) {
      ++silent;
      continue;
    }
    ++shown;
    rows.push_back({"  " + i.name, i.low, i.value, i.high, i.evidence, range(i.step_low, i.step_high, seconds),
                    range(i.tax_low, i.tax_high, percent)});
  }
  std::string out = format_table(rows);
  if (silent > 0) out += fmt::format("  and {} that move less\n", silent);
  return out + wrap(without(b), 0);
}

std::string widest(const HeadlineBands& b) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, b.inputs.size()); ++i) {
    const BandInput& input = b.inputs[i];
    if (!shows(input, b.step_s.median)) break;
    out += fmt::format("{}{} alone ({} to {}): {}", out.empty() ? "What widens it most: " : "; ", input.name, input.low,
                       input.high, range(input.step_low, input.step_high, seconds));
  }
  return (out.empty() ? "Nothing that is uncertain widens it" : out) + ". " + without(b);
}

std::string bands_csv(const HeadlineBands* b) {
  const std::pair<const char*, Spread HeadlineBands::*> numbers[] = {
      {"step_time_s", &HeadlineBands::step_s},
      {"tokens_per_s_per_accelerator", &HeadlineBands::tokens_per_s_per_accelerator},
      {"mfu_causal", &HeadlineBands::mfu_causal},
      {"effective_flops_per_s", &HeadlineBands::effective_flops},
      {"tax", &HeadlineBands::tax}};
  std::string out = b ? fmt::format(",{}", b->n) : ",samples";
  for (const auto& [name, of] : numbers)
    if (b) {
      const Spread& s = b->*of;
      out += fmt::format(",{},{},{},{},{}", s.low, s.p5, s.median, s.p95, s.high);
    } else {
      out += fmt::format(",{0}_low,{0}_band_p5,{0}_band_median,{0}_band_p95,{0}_high", name);
    }
  return out;
}

} // namespace weft::analysis
