#pragma once
// How far off the project's prices of kernels, collectives and whole steps are where somebody measured: sizes of the
// error factors of a band (analysis/calibration_errors.yaml).

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/figure.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// Of |error|: half of the cases are below `median`, nine in ten below `p90`. Without a median, as of a normal error
/// in the logarithm.
struct ErrorSize {
  std::optional<Figure<double>> median;
  Figure<double> p90;
  /// ln(measured / predicted) at a probability: 0 at 1/2, ± ln(1 + median) at the quartiles, ± ln(1 + p90) at 5 and
  /// 95 %, in between and beyond along straight lines of the normal score.
  [[nodiscard]] double log_at(double probability) const;
  /// Standard deviation of that.
  [[nodiscard]] double log_deviation() const;
};

struct StepError {
  std::string accelerator; ///< empty: of a chip that no run measured
  bool experts = false;    ///< mixtures of experts; else dense models
  ErrorSize size;
};
struct LinkError {
  std::string accelerator; ///< empty: of a chip whose collectives nobody measured
  ErrorSize size;
};

struct CalibrationErrors {
  ErrorSize matmul, attention, memory_bound;
  std::vector<LinkError> scale_up;
  ErrorSize fabric;
  std::vector<StepError> steps;

  [[nodiscard]] const ErrorSize& scale_up_of(const std::string& accelerator) const;
  [[nodiscard]] const ErrorSize& step_of(const std::string& accelerator, bool experts) const;
};

/// The project's own.
Result<CalibrationErrors> calibration_errors();

} // namespace weft::analysis
