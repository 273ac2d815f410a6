#pragma once
// Chips against rules as a person and a program read them.

#include "analysis/rules_fastest.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// A chip and what every rule says of it.
struct Judged {
  RuledChip chip;
  RuledFigures figures;
  std::vector<Ruling> rulings;
};
Judged judged(const RuledChip& chip, const std::vector<platforms::ExportRule>& rules);

/// The same chips in one scenario's cluster, beside its own.
struct InScenario {
  std::string scenario, cluster;
  Contender reference;
  std::vector<Contender> chips;
};

/// Few chips one by one, with reasons; more than three as a table.
std::string rules_text(const std::vector<Judged>& chips, const std::optional<InScenario>& steps);
std::string rules_json(const std::vector<Judged>& chips, const std::optional<InScenario>& steps);
std::string rules_csv(const std::vector<Judged>& chips);

std::string fastest_text(const Fastest& fastest);
std::string fastest_json(const Fastest& fastest);
std::string fastest_csv(const Fastest& fastest);

} // namespace weft::analysis
