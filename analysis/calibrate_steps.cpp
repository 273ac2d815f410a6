// One factor on the efficiencies of matmuls and attention, by whole measured steps (declared in calibrated_chip.hpp).
// A step has many causes and few runs tell them apart, so n runs move the geometric mean of predicted / measured from g
// only to g^(1/(n+1)): one run half the way, many runs nearly all of it.
#include "analysis/calibrated_chip.hpp"
#include "analysis/outcome.hpp"
#include "platforms/base/workers.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace weft::analysis {
namespace {

constexpr std::size_t most_named = 12; ///< runs that a note names
constexpr double least_factor = 0.02, largest_factor = 50;

/// Steps at the factors that were simulated; between them a line in 1/factor, as time is made of work ÷ rate and the
/// rest.
class Curve {
public:
  void add(double factor, double step) { steps_[1 / factor] = step; }
  [[nodiscard]] double at(double factor) const {
    const double u = 1 / factor;
    if (steps_.size() == 1) return steps_.begin()->second * u / steps_.begin()->first; // all of it kernels, so far
    auto right = steps_.lower_bound(u);
    if (right == steps_.end()) --right;
    if (right == steps_.begin()) ++right;
    const auto left = std::prev(right);
    const double along = (u - left->first) / (right->first - left->first);
    return std::max(1e-9 * left->second, left->second + along * (right->second - left->second));
  }

private:
  std::map<double, double> steps_; ///< by 1/factor
};

class StepFit {
public:
  StepFit(const std::vector<PublishedRun>& runs, const Value& unknown, const Value& chip, int jobs)
      : runs_(runs), unknown_(unknown), chip_(chip), jobs_(jobs), curves_(runs.size()) {}

  /// Predicted steps, each run with the chip that `chip_of` gives it.
  Result<std::vector<double>> simulate(const std::function<Value(std::size_t)>& chip_of) const {
    const auto work = [&](std::size_t i) -> std::string {
      const Value chip = chip_of(i);
      const auto predicted = predict(runs_[i], unknown_, &chip);
      if (!predicted) return nlohmann::json{{"reason", predicted.error().message}}.dump();
      return nlohmann::json{{"step", predicted->median}}.dump();
    };
    const auto bytes = run_workers(runs_.size(), jobs_, work);
    if (!bytes) throw std::runtime_error(bytes.error());
    std::vector<double> out;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const auto& said = (*bytes)[i];
      if (!said) throw std::runtime_error(said.error());
      const auto j = nlohmann::json::parse(*said);
      if (j.contains("reason"))
        return fail(runs_[i].row.mark,
                    fmt::format("run {} cannot be predicted: {}", runs_[i].id, j["reason"].get<std::string>()));
      out.push_back(j["step"]);
    }
    return out;
  }

  /// Simulates all at a factor, keeps the steps, returns predicted / measured.
  Result<std::vector<double>> ratios(double factor) {
    auto steps = simulate([&](std::size_t) { return with_kernels(chip_, factor); });
    if (!steps) return steps;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      curves_[i].add(factor, (*steps)[i]);
      (*steps)[i] /= *runs_[i].seconds;
    }
    return steps;
  }

  /// Where the curves of all runs but one (`without` = none: of all) have that mean of ln(predicted / measured).
  /// Nothing where no factor has.
  [[nodiscard]] std::optional<double> solve(std::size_t without, double target) const {
    auto over = [&](double factor) { return mean_log(without, factor) - target; };
    double low = std::log(least_factor), high = std::log(largest_factor);
    if (over(least_factor) < 0 || over(largest_factor) > 0) return std::nullopt;
    for (int i = 0; i < 200; ++i) {
      const double middle = (low + high) / 2;
      (over(std::exp(middle)) > 0 ? low : high) = middle;
    }
    return std::exp((low + high) / 2);
  }
  [[nodiscard]] double mean_log(std::size_t without, double factor) const {
    double sum = 0, n = 0;
    for (std::size_t i = 0; i < runs_.size(); ++i)
      if (i != without) {
        sum += std::log(curves_[i].at(factor) / *runs_[i].seconds);
        ++n;
      }
    return sum / n;
  }

private:
  const std::vector<PublishedRun>& runs_;
  const Value& unknown_;
  const Value& chip_;
  int jobs_;
  std::vector<Curve> curves_;
};

double mean_log(const std::vector<double>& ratios) {
  double sum = 0;
  for (const double r : ratios)
    sum += std::log(r);
  return sum / double(ratios.size());
}

tl::unexpected<Error> unreachable(const std::string& path) {
  return fail(
      {}, fmt::format("{}: no efficiency of kernels brings the simulated steps to the measured ones", path),
      "something else than matmuls and attention limits such steps, or the peak does; `weft run --explain` on what "
      "`weft validate --scenario` prints shows where their time goes");
}

Result<std::vector<PublishedRun>> runs_of(const std::string& path, const std::string& base) {
  auto runs = read_published({path});
  if (!runs) return runs;
  if (runs->empty()) return fail({}, fmt::format("{} has no runs", path));
  for (const PublishedRun& run : *runs) {
    const Value* named = run.row.find("system")->find("catalogue")->find("accelerator");
    if (!named || named->scalar != base)
      return fail(named ? named->mark : run.row.mark,
                  fmt::format("run {} is of accelerator {}, not of {}", run.id, named ? named->scalar : "?", base));
    if (!run.seconds)
      return fail(run.row.mark, fmt::format("run {} says no measured step (normalized.seconds)", run.id));
  }
  return runs;
}

void set_figures(CalibratedChip& chip, double factor, const std::vector<PublishedRun>& runs, const std::string& path) {
  std::string ids;
  for (std::size_t i = 0; i < std::min(runs.size(), most_named); ++i)
    ids += (i == 0 ? "" : ", ") + runs[i].id;
  if (runs.size() > most_named) ids += fmt::format(" and {} more", runs.size() - most_named);
  for (const auto& [where, value] : kernel_efficiencies(chip.tree())) {
    const FittedFigure* already = chip.fitted(where);
    const double moved = std::min(1.0, value * factor);
    std::string note =
        fmt::format("{} × {} by measured step{} {}", printed(value), printed(factor), runs.size() == 1 ? "" : "s", ids);
    if (already) note += "; before that " + already->note;
    chip.set({where, {}, printed(moved), Evidence::derived, already ? already->source + "; " + path : path, note});
  }
}

} // namespace

Result<void> fit_steps(CalibratedChip& chip, const Value& base, const CalibrationRequest& request, Calibration& out) {
  auto runs = runs_of(request.steps, out.base);
  if (!runs) return tl::unexpected(runs.error());
  auto unknown = unknown_fields();
  if (!unknown) return tl::unexpected(unknown.error());
  const std::size_t n = runs->size(), none = n;
  const Value before_chip = chip.tree();
  StepFit fit(*runs, *unknown, before_chip, request.jobs);
  const auto by_base = fit.simulate([&](std::size_t) { return base; });
  if (!by_base) return tl::unexpected(by_base.error());
  const auto before = fit.ratios(1);
  if (!before) return tl::unexpected(before.error());
  const double target = mean_log(*before) / double(n + 1);
  std::vector<double> after = *before;
  double factor = 1;
  for (int round = 0; round < 12 && std::abs(mean_log(after) - target) > 1e-7; ++round) {
    const auto next = fit.solve(none, target);
    if (!next) return unreachable(request.steps);
    factor = *next;
    auto simulated = fit.ratios(factor);
    if (!simulated) return tl::unexpected(simulated.error());
    after = std::move(*simulated);
  }
  if (std::abs(mean_log(after) - target) > 1e-3) return unreachable(request.steps);
  std::vector<double> held_out;
  std::vector<bool> alone; ///< the other runs give a factor
  if (n > 1) {
    std::vector<double> factors(n, factor);
    alone.assign(n, false);
    for (int round = 0; round < 3; ++round) {
      for (std::size_t i = 0; i < n; ++i) {
        const double others = (mean_log(*before) * double(n) - std::log((*before)[i])) / double(n - 1);
        const auto without = fit.solve(i, others / double(n));
        factors[i] = without.value_or(factor);
        alone[i] = without.has_value();
      }
      // The curves are lines between factors that were simulated: both ends of where they are asked become such.
      const auto [least, most] = std::minmax_element(factors.begin(), factors.end());
      for (const double end : {*least, *most})
        if (auto simulated = fit.ratios(end); !simulated) return tl::unexpected(simulated.error());
    }
    const auto steps = fit.simulate([&](std::size_t i) { return with_kernels(before_chip, factors[i]); });
    if (!steps) return tl::unexpected(steps.error());
    held_out = *steps;
  }
  Fit report;
  report.what = "steps";
  report.points = n;
  report.seen = errors_of(after);
  report.held_out = n > 1 ? "each run in turn" : "nothing: there is one run";
  std::vector<double> unseen, base_ratios;
  for (std::size_t i = 0; i < n; ++i) {
    const double measured = *(*runs)[i].seconds;
    CalibratedStep step{(*runs)[i].id, measured, (*by_base)[i] / measured - 1, (*before)[i] - 1, {}, after[i] - 1};
    if (n > 1 && alone[i]) {
      base_ratios.push_back((*by_base)[i] / measured);
      unseen.push_back(held_out[i] / measured);
      step.held_out = unseen.back() - 1;
    } else if (n > 1) {
      out.notes.push_back(fmt::format("run {} is not held out: no factor reaches the others", (*runs)[i].id));
    }
    out.steps.push_back(std::move(step));
  }
  if (!unseen.empty()) {
    report.unseen = errors_of(unseen);
    report.by_base = errors_of(base_ratios);
  }
  out.factor = factor;
  set_figures(chip, factor, *runs, request.steps);
  out.fits.push_back(std::move(report));
  for (const auto& [path, value] : kernel_efficiencies(before_chip))
    if (value * factor > 1) out.notes.push_back(fmt::format("{} would pass 1 and is held there", path));
  return {};
}

} // namespace weft::analysis
