#pragma once
// What is known of a headline number whose inputs are not known exactly.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// Of one number over the samples: the least, percentiles, the most.
struct Spread {
  double low = 0, p5 = 0, median = 0, p95 = 0, high = 0;
};

/// One uncertain input and what it does by itself: figures at their low and high, error factors at their 5th and 95th
/// percentile, everything else as it is.
struct BandInput {
  std::string name;
  std::string low, value, high; ///< printed
  std::string evidence, source;
  double step_low = 0, step_high = 0; ///< s, with the input at its low and at its high
  double tax_low = 0, tax_high = 0;
  [[nodiscard]] double swing() const { return step_high > step_low ? step_high - step_low : step_low - step_high; }
};

struct HeadlineBands {
  std::int64_t n = 0, seed = 0;
  Spread step_s, tokens_per_s_per_accelerator, mfu_causal, effective_flops, tax;
  std::vector<BandInput> inputs; ///< what widens the step most first
  std::size_t figures = 0;       ///< that the run uses
  std::size_t assumed = 0;       ///< of them, those that somebody assumed and that state no low and high: no band
  std::size_t do_not_fit = 0;    ///< samples that exceed the memory
};

} // namespace weft::analysis
