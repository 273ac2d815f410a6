// Matmul timing, fitted (declared in calibrated_chip.hpp): t = t0 + max(F/(e·P), bytes/(streaming · memory bandwidth)),
// what sim/kernel.hpp prices. Given which of them are bound by compute the form is linear in t0 and 1/e.
#include "analysis/calibrated_chip.hpp"
#include "analysis/gemm_table.hpp"
#include "analysis/least_squares.hpp"
#include "platforms/base/precision_names.hpp"
#include "workloads/layer_builder.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <set>

namespace weft::analysis {
namespace {

struct Point {
  double peak = 0, memory = 0; ///< s at the peak and at the memory's streaming rate
  double seconds = 0;
  std::pair<double, double> weights; ///< (n, k)
};
struct MatmulConstants {
  double launch = 0, e = 1;
  [[nodiscard]] double time(const Point& p) const { return launch + std::max(p.peak / e, p.memory); }
};

struct Solved {
  MatmulConstants constants;
  double cost = std::numeric_limits<double>::infinity();
  std::size_t bound = 0; ///< points that compute bounds
};

/// From one guess of e: whose points compute bounds, the best constants for that, and again.
Solved from_guess(const std::vector<Point>& points, double guess) {
  Solved best;
  MatmulConstants k{0, guess};
  for (int round = 0; round < 50; ++round) {
    std::vector<std::vector<double>> rows;
    std::vector<double> targets;
    std::size_t bound = 0;
    for (const Point& p : points) {
      const bool compute = p.peak / k.e > p.memory;
      bound += compute;
      // 1/e = 1 + x: no matmul is faster than the peak.
      rows.push_back({1 / p.seconds, compute ? p.peak / p.seconds : 0});
      targets.push_back(1 - (compute ? p.peak : p.memory) / p.seconds);
    }
    if (bound == 0) break;
    const auto solved = non_negative_least_squares(rows, targets);
    const MatmulConstants next{solved.x[0], 1 / (1 + solved.x[1])};
    double cost = 0;
    for (const Point& p : points)
      cost += std::pow(next.time(p) / p.seconds - 1, 2);
    const bool settled = next.e == k.e && next.launch == k.launch;
    if (cost < best.cost) best = {next, cost, bound};
    if (settled) break;
    k = next;
  }
  return best;
}
/// Which points compute bounds makes the problem one of several valleys; guesses over the whole range find the deepest.
Solved fit(const std::vector<Point>& points) {
  Solved best;
  for (int step = 1; step <= 20; ++step)
    if (const Solved one = from_guess(points, 0.05 * step); one.cost < best.cost) best = one;
  return best;
}

FitErrors errors(const std::vector<Point>& points, const MatmulConstants& k) {
  std::vector<double> ratios;
  for (const Point& p : points)
    ratios.push_back(k.time(p) / p.seconds);
  return errors_of(ratios);
}

/// `rate`: FLOP/s of a rank at the peak; `streaming`: bytes/s.
std::vector<Point> points_of(const std::vector<MeasuredMatmul>& rows, double rate, double streaming) {
  std::vector<Point> out;
  for (const MeasuredMatmul& r : rows) {
    const double bytes = workloads::activation_element * (r.m * r.k + r.k * r.n + r.m * r.n); // as layers count them
    out.push_back({2 * r.m * r.n * r.k / rate, bytes / streaming, r.seconds, {r.n, r.k}});
  }
  return out;
}

/// Trained on two thirds of the (n, k) pairs, tested on the third ones.
Fit report_of(const std::vector<Point>& points, const MatmulConstants& fitted,
              const std::optional<MatmulConstants>& base, const std::string& precision) {
  Fit out;
  out.what = "matmuls in " + precision;
  out.points = points.size();
  out.seen = errors(points, fitted);
  std::set<std::pair<double, double>> pairs;
  for (const Point& p : points)
    pairs.insert(p.weights);
  std::vector<Point> train, test;
  for (const Point& p : points)
    (std::distance(pairs.begin(), pairs.find(p.weights)) % 3 == 2 ? test : train).push_back(p);
  const Solved half = fit(train);
  if (test.empty() || half.bound == 0) {
    out.held_out = "nothing: fewer than three shapes of weights";
    return out;
  }
  out.held_out = "every third (n, k)";
  out.unseen = errors(test, half.constants);
  if (base) out.by_base = errors(test, *base);
  return out;
}

} // namespace

Result<void> fit_matmuls(CalibratedChip& chip, const CalibrationRequest& request, Calibration& out) {
  auto table = read_gemm_table(request.gemm);
  if (!table) return tl::unexpected(table.error());
  const auto accelerator = chip.accelerator();
  if (!accelerator) return tl::unexpected(accelerator.error());
  const double ranks = double(accelerator->ranks_per_accelerator);
  const double streaming =
      accelerator->streaming_efficiency.value * accelerator->memory_bandwidth.value.count() / ranks;
  const double training = request.gemm_in_training ? 1 : training_over_benchmark;
  for (const auto& [precision, rows] : table->rows) {
    const Mark& at = table->first.at(precision);
    const std::string name(enum_name(precision));
    const auto peak = platforms::peak_of(*accelerator, precision);
    if (!peak) return fail(at, peak.error());
    if (rows.size() < 2) return fail(at, fmt::format("two constants need two matmuls in {}; there is one", name));
    const auto points = points_of(rows, peak->value.count() / ranks, streaming);
    const Solved solved = fit(points);
    if (solved.bound == 0)
      return fail(at, fmt::format("no matmul in {} is bound by compute: an efficiency cannot be told", name));
    const MatmulConstants k = solved.constants;
    std::optional<MatmulConstants> base;
    const auto known = accelerator->gemm.find(precision);
    if (known != accelerator->gemm.end())
      base = {known->second.launch.value.count(), known->second.efficiency.value / training};
    const Fit report = report_of(points, k, base, name);
    const std::string note = fmt::format("{} matmuls; held out ({}){}", report.points, report.held_out,
                                         report.unseen ? ": " + printed(*report.unseen) : std::string());
    const std::string path = "gemm." + name;
    const double written = k.e * training;
    chip.set({path + ".efficiency",
              {},
              printed(written),
              request.gemm_in_training ? Evidence::measured : Evidence::derived,
              request.gemm,
              request.gemm_in_training
                  ? note
                  : fmt::format("fitted {} × {} training over benchmark; {}", printed(k.e), training, note)});
    chip.set({path + ".launch", {}, printed(1e6 * k.launch) + " us", Evidence::measured, request.gemm, note});
    if (base && known->second.weight_gradient_efficiency) {
      const double before = known->second.weight_gradient_efficiency->value;
      const double ratio = before / known->second.efficiency.value;
      chip.set({path + ".weight_gradient_efficiency",
                {},
                printed(std::min(1.0, ratio * written)),
                Evidence::derived,
                request.gemm,
                fmt::format("{} of the efficiency, as the base's", printed(ratio))});
    }
    for (const auto& [family, timings] : accelerator->gemm_families)
      if (timings.contains(precision))
        out.notes.push_back(fmt::format("stacks that run the matmuls of {} keep the base's in {}", family, name));
    if (k.e >= 1) out.notes.push_back(fmt::format("matmuls in {}: the fit wants more than the peak; held there", name));
    out.fits.push_back(report);
  }
  if (!request.gemm_in_training)
    out.notes.push_back(
        fmt::format("matmul efficiencies are the table's × {}: benchmark loops are that much faster than "
                    "training; --gemm-in-training says that the times were taken inside a run",
                    training));
  return {};
}

} // namespace weft::analysis
