#pragma once
// What is not known exactly about a case: figures that state a low or a high, and error factors of the prices.

#include "analysis/band.hpp"
#include "analysis/calibration_errors.hpp"
#include "analysis/headline.hpp"

#include <functional>
#include <string>
#include <vector>

namespace weft::analysis {

/// One dimension of a band. A probability in [0, 1] says where in its distribution the input lies.
struct UncertainInput {
  std::string key; ///< two cases have the same input when these are equal: they move together
  BandInput shown; ///< its name, bounds and source; effects are filled in by whoever simulates
  /// A figure: half the probability between low and value, half between value and high, uniform in each; a bound that
  /// is not stated lies at the value. A factor: as ErrorSize::log_at. Not of a whole step's.
  std::function<void(Case&, double probability)> set;
  /// Of an error factor; nullptr of a figure.
  const ErrorSize* error = nullptr;
  bool whole_step = false; ///< the factor multiplies the simulated step
  [[nodiscard]] double low_end() const { return error ? 0.05 : 0; }
  [[nodiscard]] double high_end() const { return error ? 0.95 : 1; }
};

struct Uncertain {
  std::vector<UncertainInput> inputs;   ///< figures, then factors; the whole step's last
  std::size_t figures = 0, assumed = 0; ///< as in HeadlineBands
  bool measured = true;                 ///< training runs of all its chips were: the whole step's error holds theirs
};

/// `errors` has to outlive the result. Every uncertainty once: a factor on kernels stands where no training run of the
/// chip was measured, else the whole step's holds it; no factor stands where the figure itself has bounds.
Uncertain uncertain_inputs(const Case& c, const CalibrationErrors& errors);

} // namespace weft::analysis
