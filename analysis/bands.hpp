#pragma once
// Low and high of catalog figures and calibration errors, propagated to every headline number: what a result is worth.

#include "analysis/band.hpp"
#include "analysis/calibration_errors.hpp"
#include "analysis/headline.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weft::analysis {

inline constexpr std::int64_t least_samples = 8, most_samples = 65536;

/// The bands of one case, and every sample: sample i of all cases asked together has the same figures where they share
/// them, so that ratios of two cases can be taken sample by sample.
struct Bands : HeadlineBands {
  std::string name;
  Headline as_is; ///< with every input at its value
  std::vector<Headline> samples;
  std::vector<double> whole; ///< of each sample: the error of whole steps in it, as a factor on the step
};

/// n Sobol points over all uncertain inputs of the cases, moved by the seed (options.seed); n + 2 × inputs + 1 steps of
/// each case. `n` from least_samples on. The error is the first case's that is illegal.
Result<std::vector<Bands>> bands(const std::vector<Case>& cases, std::int64_t n, const sim::Options& options, int jobs);
/// The same with other sizes of the error factors than the project's own.
Result<std::vector<Bands>> bands(const std::vector<Case>& cases, std::int64_t n, const sim::Options& options, int jobs,
                                 const CalibrationErrors& errors);

/// The step as a factor on it would have been measured. What is made of the step without communication grows alike, so
/// the tax stays.
Headline times(Headline step, double factor);

/// Samples alone, for the many cases whose ratios are asked: no input by itself, so n + 1 steps of a case (two more for
/// each factor on a chip that nobody measured). What the factors explain of whole steps' error is then the variance
/// that samples show, not the first order's.
Result<std::vector<Bands>> samples(const std::vector<Case>& cases, std::int64_t n, const sim::Options& options,
                                   int jobs);

/// Least, 5th percentile, median, 95th, most; between the two values next to it in proportion. Not of nothing.
Spread spread_of(std::vector<double> values);

/// The inputs that widen the step most, and what has no band.
std::string bands_text(const HeadlineBands& bands);
/// The same in a sentence.
std::string widest(const HeadlineBands& bands);
/// Columns that a run's line gets, each after a comma; of nullptr their names.
std::string bands_csv(const HeadlineBands* bands);

} // namespace weft::analysis
