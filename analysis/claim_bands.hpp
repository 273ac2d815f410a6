#pragma once
// Bands of the values that claims are judged by: what is uncertain in the worlds that a value is made of.

#include "analysis/claim_metrics.hpp"
#include "analysis/claims.hpp"

#include <string>
#include <vector>

namespace weft::analysis {

/// A value whose band is asked, and what it was made of. What it points to outlives it.
struct Uncertainty {
  Cell* cell = nullptr;
  const Metric* metric = nullptr;
  Facts facts;
  std::string location, other_location; ///< of power and money
};

/// 5th to 95th percentile over `options.samples` samples; what two cases share moves together. Of worlds that differ in
/// size only the smallest is sampled: what a sample does to its compute and to its communication it does to theirs,
/// unless `options.every_size`. Where catalog figures alone gave the value a band, it becomes wider by what steps add.
Result<void> add_bands(std::vector<Uncertainty>& values, const ClaimOptions& options);

/// `at` as a sample would have it that made `moved` of `from`: the step without communication, what communication adds
/// to it, and every entry of where time went as many times as long.
Headline carried(const Headline& at, const Headline& from, const Headline& moved);

} // namespace weft::analysis
