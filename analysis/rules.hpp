#pragma once
// A chip against the export rules: its ruled figures, what each rule says of them, by how much, and the fastest chip
// that a rule still allows.

#include "analysis/amount.hpp"
#include "platforms/accelerator.hpp"
#include "platforms/export_rules.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// The figures that rules look at, of a chip that need not be known well enough to be simulated.
struct RuledChip {
  std::string name, full_name;
  platforms::ChipClass chip_class{};
  std::map<Precision, Figure<FlopsPerSecond>> peak;                            ///< dense
  std::optional<Figure<BytesPerSecond>> memory_bandwidth, scale_up, host_link; ///< the last two a direction
  std::optional<Figure<SquareMillimetres>> die_area;                           ///< of a package's logic dies
  bool bridged = false; ///< its scale-up port is the host's bus: what bridges it is sold with is not in the catalog
};
RuledChip ruled_chip(const platforms::Accelerator& chip);
/// A catalog name or a file.
Result<RuledChip> read_ruled_chip(const std::string& name);

/// TPP counts every precision of the catalog as dense TFLOP/s × bits (tf32 as 32, the width of its operands in memory);
/// integer rates are not in the catalog. Rates in GB/s, areas in mm².
struct RuledFigures {
  Amount tpp;         ///< the largest product
  std::string tpp_of; ///< the precision it is of
  Amount die_area;
  Amount density;      ///< tpp / die_area
  Amount interconnect; ///< both ways: scale-up port, and the host link where it is known
  Amount memory;       ///< of DRAM
  [[nodiscard]] Amount of(platforms::RuleMetric metric) const;
};
RuledFigures ruled_figures(const RuledChip& chip);

struct Ruling {
  const platforms::ExportRule* rule = nullptr;
  std::optional<platforms::Verdict> verdict; ///< nothing: what is known does not decide it
  std::string because;                       ///< "TPP 15,832, 229.8 % over 4,800 (3A090.a.1)"
  bool disputed = false; ///< the other end of a disputed figure or threshold would give another verdict
};
/// `rule` must outlive the result.
Ruling judge(const RuledFigures& figures, const platforms::ExportRule& rule);

/// "controlled", "licence", "notifiable", "not controlled", "undecidable".
std::string verdict_text(const std::optional<platforms::Verdict>& verdict);
/// Whether a chip may be sold: any verdict but controlled and undecidable.
bool allows(const Ruling& ruling);

/// Figures of a rule in words: "TPP 4,799".
std::string metric_text(platforms::RuleMetric metric, double value);

/// A chip with only ruled figures of a reference lowered, so far that a rule lets it go.
struct Escape {
  platforms::Accelerator chip;
  std::optional<double> die_area; ///< mm² that its density needs at least; nothing: any
  Ruling ruling;
  std::string changes; ///< "interconnect 599 GB/s"
};
/// Every best one: no other is allowed with no less TPP, interconnect and memory bandwidth, no harder a verdict and no
/// larger dies. The reference itself, alone, where the rule lets it go.
std::vector<Escape> escapes(const platforms::Accelerator& reference, const platforms::ExportRule& rule);

} // namespace weft::analysis
