#pragma once
// United States export rules on accelerators, as tests of a chip's figures (export_rules.yaml).

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/figure.hpp"

#include <string>
#include <vector>

namespace weft::platforms {

/// What a rule looks at. TPP = TFLOP/s × bits of an operand; rates in GB/s, in and out together.
enum class RuleMetric { tpp, density, interconnect, memory, memory_and_interconnect };

/// What follows for a sale to China, hardest first.
enum class Verdict {
  controlled,    ///< a licence that is not given
  licence,       ///< a licence, decided case by case
  notifiable,    ///< allowed after a notice
  not_controlled ///< none of the clauses holds
};

struct RuleTest {
  RuleMetric metric{};
  Figure<double> at_least; ///< TPP, TPP/mm² or GB/s
};

/// Holds when all of its tests do.
struct RuleClause {
  std::string name;
  Verdict verdict{};
  std::vector<RuleTest> tests;
};

/// The first clause that holds gives the verdict.
struct ExportRule {
  std::string name, title, effective, source, note;
  std::string on_top_of;           ///< a rule above it, whose clauses count here too
  std::vector<RuleClause> clauses; ///< those of on_top_of first
};

/// In the order of the file: by date.
Result<std::vector<ExportRule>> export_rules();

} // namespace weft::platforms
