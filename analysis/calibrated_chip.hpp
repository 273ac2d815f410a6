#pragma once
// The chip that is being fitted: its tree, the figures replaced so far, and the file that they make. Used by the files
// of the fit.

#include "analysis/calibrate.hpp"
#include "analysis/nccl_log.hpp"
#include "platforms/accelerator.hpp"

#include <functional>

namespace weft::analysis {

class CalibratedChip {
public:
  /// `tree`: a resolved catalog entry.
  CalibratedChip(Value tree, std::string name);

  /// Replaces or adds a figure. A path goes through keys, and through lists by number: attention.flash-te.0.efficiency.
  void set(FittedFigure figure);
  /// How many measured steps stand behind the figures: the base's were not predicted with these.
  void set_runs(std::size_t count, const std::string& source);
  /// The figure's number or text; empty where there is none.
  [[nodiscard]] std::string value_at(const std::string& path) const;
  /// What was said of a path so far; nullptr = it is the base's.
  [[nodiscard]] const FittedFigure* fitted(const std::string& path) const;

  [[nodiscard]] const Value& tree() const { return tree_; }
  [[nodiscard]] Result<platforms::Accelerator> accelerator() const;
  [[nodiscard]] std::vector<FittedFigure> figures() const; ///< in the order of the tree
  /// `base`: a catalog name, on top of which only fitted figures are written; empty: everything is.
  [[nodiscard]] std::string yaml(const std::string& base) const;

private:
  Value tree_;
  std::vector<FittedFigure> figures_;
};

/// Efficiencies that a factor on kernels moves: path and value of matmuls and attention.
std::vector<std::pair<std::string, double>> kernel_efficiencies(const Value& chip);
/// The chip with them multiplied, none above 1.
Value with_kernels(const Value& chip, double factor);
/// Six digits: more than any measurement has.
std::string printed(double value);
/// "mean 3.1 %, p90 7.0 %, max 9.2 %".
std::string printed(const FitErrors& errors);

/// The link form of the scale-up domain. Adds figures, fits and notes.
Result<void> fit_links(CalibratedChip& chip, const CalibrationRequest& request, Calibration& out);
/// The same from measurements in memory. `source` names them.
Result<void> fit_links(CalibratedChip& chip, const std::vector<MeasuredCollective>& measured, const std::string& source,
                       Calibration& out);
/// Efficiency and launch time of matmuls, by precision.
Result<void> fit_matmuls(CalibratedChip& chip, const CalibrationRequest& request, Calibration& out);
/// One factor on kernels, by measured steps; `base` is the chip before anything was fitted.
Result<void> fit_steps(CalibratedChip& chip, const Value& base, const CalibrationRequest& request, Calibration& out);

} // namespace weft::analysis
