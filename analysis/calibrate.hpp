#pragma once
// A user's own chip: a catalog accelerator with the figures that his measurements say, and how far those predict
// measurements that they were not fitted to (analysis/docs/calibrate.md).

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/figure.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// Efficiency of matmuls inside training over that of the same matmuls in a benchmark loop: vTrain's kernel profile of
/// A100, 0.745 of peak, over 0.837 of cuBLAS tables (aiconfigurator). The catalog's chips carry the same factor.
inline constexpr double training_over_benchmark = 0.89;
/// Smaller collectives are left out: other protocols run there, whose latencies the link form does not have.
inline constexpr double least_collective_bytes = 1048576;

struct CalibrationRequest {
  std::string accelerator;             ///< catalog name or file
  std::string name;                    ///< of the new chip; empty: the base's with -calibrated
  std::vector<std::string> nccl_tests; ///< logs
  bool one_domain = false;             ///< the hosts of a log share one scale-up domain
  std::string gemm;                    ///< CSV; empty: none
  bool gemm_in_training = false;       ///< its times were taken inside a training run
  std::string steps;                   ///< published runs' layout; empty: none
  int jobs = 2;                        ///< simulation processes at a time
};

/// Of |predicted / measured − 1|.
struct FitErrors {
  std::size_t points = 0;
  double mean = 0, p90 = 0, max = 0;
};
FitErrors errors_of(const std::vector<double>& predicted_over_measured);

/// One form, fitted.
struct Fit {
  std::string what;                 ///< "scale-up links", "matmuls in bf16"
  std::size_t points = 0;           ///< all of them, which the figures are fitted to
  std::string held_out;             ///< how the points were split; why not, where they were not
  std::optional<FitErrors> unseen;  ///< of the points held out, by a fit to the others
  std::optional<FitErrors> by_base; ///< of the same points, by the base's figures
  FitErrors seen;                   ///< of all, by the fit to all
};

struct FittedFigure {
  std::string path;   ///< "scale_up.timing.phase"
  std::string before; ///< the base's value; empty: it has none
  std::string value;
  Evidence evidence = Evidence::derived;
  std::string source, note;
};

struct CalibratedStep {
  std::string id;
  double measured = 0;            ///< s
  double by_base = 0, before = 0; ///< error of the base, and with the links and matmuls fitted so far
  std::optional<double> held_out; ///< by the factor that the other runs give
  double after = 0;               ///< by the factor of all
};

struct Calibration {
  std::string name, base;
  std::vector<FittedFigure> figures; ///< in the order of the file
  std::vector<Fit> fits;
  std::vector<CalibratedStep> steps;
  double factor = 1; ///< on kernels' efficiencies, by the steps
  std::vector<std::string> notes;
  Value chip;       ///< all of it
  std::string yaml; ///< the file: on top of a catalog name only what was fitted, on top of a file everything
};

/// The error stands at its place in a log, a table or a run. Throws std::runtime_error when no process can be started.
Result<Calibration> calibrate(const CalibrationRequest& request);

std::string calibration_text(const Calibration& calibration, const std::string& file);
std::string calibration_json(const Calibration& calibration, const std::string& file);

} // namespace weft::analysis
