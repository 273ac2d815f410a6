#pragma once
// Least squares with a few unknowns that must not be negative.

#include <vector>

namespace weft::analysis {

/// x ≥ 0 that makes Σ (row·x − target)² least. At most eight unknowns: every set of them that may be above zero is
/// tried, which finds the one optimum of the convex problem. Rows have as many entries as there are unknowns.
/// Unknowns that the rows cannot tell apart share arbitrarily; `solved.rank` < unknowns says so.
struct NonNegative {
  std::vector<double> x;
  double cost = 0;      ///< Σ of squares that is left
  std::size_t rank = 0; ///< of the rows
};
NonNegative non_negative_least_squares(const std::vector<std::vector<double>>& rows,
                                       const std::vector<double>& targets);

} // namespace weft::analysis
