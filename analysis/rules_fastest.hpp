#pragma once
// How fast a rule lets anybody train: every chip that is sold, and every design just under its thresholds, put into one
// scenario's cluster and simulated.

#include "analysis/headline.hpp"
#include "analysis/rules.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// A chip in the scenario's cluster: its nodes, cards and fabric as they are, the accelerator and its port swapped.
struct Contender {
  RuledChip chip;
  RuledFigures figures;
  std::optional<Headline> headline; ///< nothing: it cannot be simulated there
  std::string reason;               ///< why not
};
struct RuledDesign {
  Escape escape;
  std::optional<Headline> headline;
  std::string reason;
};
struct RuleOutcome {
  const platforms::ExportRule* rule = nullptr;
  std::optional<std::size_t> fastest; ///< of the contenders that the rule allows and that fit into memory
  std::vector<RuledDesign> designs;   ///< softest verdict first, then fastest first
};
struct Fastest {
  std::string scenario, cluster;
  Contender reference;               ///< the scenario's own chip
  std::vector<Contender> contenders; ///< by step time; those without one last, by name
  std::vector<RuleOutcome> rules;
};

/// Chips of the catalog that rules bind (us and export-compliant); `rules` must outlive the result.
Result<Fastest> fastest_allowed(const Loaded& loaded, const std::vector<platforms::ExportRule>& rules,
                                const sim::Options& options, int jobs);

/// The scenario with the chip it has.
Result<Contender> own_contender(const Loaded& loaded, const sim::Options& options);

/// Chips by name or file in the scenario's cluster, in the order asked.
Result<std::vector<Contender>> contenders_in(const Loaded& loaded, const std::vector<std::string>& chips,
                                             const sim::Options& options, int jobs);

} // namespace weft::analysis
