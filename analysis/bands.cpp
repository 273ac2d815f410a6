#include "analysis/bands.hpp"

#include "analysis/sobol.hpp"
#include "analysis/uncertain.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace weft::analysis {
namespace {

/// One case on its way to its band.
class OneBand {
public:
  /// `only_samples`: nothing is said of single inputs.
  OneBand(const Case& c, Uncertain uncertain, bool only_samples)
      : case_(c), uncertain_(std::move(uncertain)), only_samples_(only_samples) {
    out_.name = c.name;
    out_.figures = uncertain_.figures;
    out_.assumed = uncertain_.assumed;
  }
  [[nodiscard]] const std::vector<UncertainInput>& inputs() const { return uncertain_.inputs; }

  /// As it is, then every input at its two ends.
  [[nodiscard]] std::vector<Case> alone() const {
    std::vector<Case> out{case_};
    for (const UncertainInput& input : uncertain_.inputs) {
      if (!simulated_alone(input)) continue;
      for (const double end : {input.low_end(), input.high_end()}) {
        out.push_back(case_);
        input.set(out.back(), end);
      }
    }
    return out;
  }
  void take_alone(const std::vector<Headline>& steps) {
    out_.as_is = steps.front();
    std::size_t at = 1;
    // Variance of ln step that inputs make, to first order. Measured runs of a chip have spread with all that is
    // uncertain about it; the error of chips that nobody measured holds no dispute about this one's figures.
    double explained = 0;
    for (const UncertainInput& input : uncertain_.inputs) {
      BandInput shown = input.shown;
      if (simulated_alone(input)) {
        const Headline &low = steps[at], &high = steps[at + 1];
        at += 2;
        shown.step_low = low.step_s;
        shown.step_high = high.step_s;
        shown.tax_low = low.tax();
        shown.tax_high = high.tax();
        if (input.error || uncertain_.measured) explained += variance(input, low.step_s, high.step_s);
      } else if (input.whole_step) {
        leave(input, explained);
        shown.step_low = out_.as_is.step_s * whole(input, input.low_end());
        shown.step_high = out_.as_is.step_s * whole(input, input.high_end());
        shown.low = fmt_factor(whole(input, input.low_end()));
        shown.high = fmt_factor(whole(input, input.high_end()));
        shown.tax_low = shown.tax_high = out_.as_is.tax();
      }
      out_.inputs.push_back(std::move(shown));
    }
    std::stable_sort(out_.inputs.begin(), out_.inputs.end(),
                     [](const BandInput& a, const BandInput& b) { return a.swing() > b.swing(); });
  }

  using Place = std::map<std::string, std::size_t>; ///< coordinate of an input, by key
  [[nodiscard]] Case sample(const std::vector<double>& point, const Place& place) const {
    Case out = case_;
    for (const UncertainInput& input : uncertain_.inputs)
      if (!input.whole_step) input.set(out, point[place.at(input.key)]);
    return out;
  }
  void take_samples(const std::vector<Headline>& simulated, const std::vector<std::vector<double>>& points,
                    const Place& place) {
    if (only_samples_ && uncertain_.measured) {
      double sum = 0, squares = 0;
      for (const Headline& h : simulated) {
        sum += std::log(h.step_s);
        squares += std::pow(std::log(h.step_s), 2);
      }
      const double n = double(simulated.size());
      for (const UncertainInput& input : uncertain_.inputs)
        if (input.whole_step) leave(input, std::max(0.0, (squares - sum * sum / n) / (n - 1)));
    }
    for (std::size_t i = 0; i < simulated.size(); ++i)
      take_sample(simulated[i], points[i], place);
  }
  void take_sample(const Headline& simulated, const std::vector<double>& point, const Place& place) {
    double factor = 1;
    for (const UncertainInput& input : uncertain_.inputs)
      if (input.whole_step) factor = whole(input, point[place.at(input.key)]);
    const Headline h = times(simulated, factor);
    out_.do_not_fit += !h.fits();
    out_.samples.push_back(h);
    out_.whole.push_back(factor);
  }

  Bands finish(std::int64_t seed) {
    out_.n = std::int64_t(out_.samples.size());
    out_.seed = seed;
    auto spread = [&](auto number) {
      std::vector<double> values;
      for (const Headline& h : out_.samples)
        values.push_back(number(h));
      return spread_of(std::move(values));
    };
    out_.step_s = spread([](const Headline& h) { return h.step_s; });
    out_.tokens_per_s_per_accelerator = spread([](const Headline& h) { return h.tokens_per_s_per_accelerator; });
    out_.mfu_causal = spread([](const Headline& h) { return h.mfu_causal; });
    out_.effective_flops = spread([](const Headline& h) { return h.effective_flops; });
    out_.tax = spread([](const Headline& h) { return h.tax(); });
    return std::move(out_);
  }

private:
  [[nodiscard]] bool simulated_alone(const UncertainInput& input) const {
    return !input.whole_step && (!only_samples_ || (input.error && !uncertain_.measured));
  }
  /// What is left of the whole step's error when inputs make so much of its variance.
  void leave(const UncertainInput& whole_step, double explained) {
    const double measured = std::pow(whole_step.error->log_deviation(), 2);
    left_ = measured > 0 ? std::sqrt(std::max(0.0, 1 - explained / measured)) : 0;
  }
  [[nodiscard]] double variance(const UncertainInput& input, double low, double high) const {
    if (input.error) {
      const double across = input.error->log_at(input.high_end()) - input.error->log_at(input.low_end());
      return std::pow(std::log(high / low) / across * input.error->log_deviation(), 2);
    }
    const double down = std::log(low / out_.as_is.step_s), up = std::log(high / out_.as_is.step_s);
    return (down * down + up * up) / 6 - std::pow((down + up) / 4, 2); // half of it uniform on either side
  }
  [[nodiscard]] double whole(const UncertainInput& input, double probability) const {
    return std::exp(left_ * input.error->log_at(probability));
  }
  static std::string fmt_factor(double factor) { return fmt::format("x {:.3f}", factor); }

  const Case& case_;
  Uncertain uncertain_;
  bool only_samples_ = false;
  double left_ = 1; ///< of the whole step's error, after what the other factors make of it
  Bands out_;
};

constexpr std::size_t at_once = 256; ///< cases that are kept in memory

} // namespace

Headline times(Headline h, double factor) {
  h.step_s *= factor;
  h.ideal_step_s *= factor;
  for (double& seconds : h.where)
    seconds *= factor;
  for (double* rate : {&h.tokens_per_s, &h.tokens_per_s_per_accelerator, &h.mfu_causal, &h.mfu_full, &h.mfu_bf16_peak,
                       &h.hfu, &h.effective_flops})
    *rate /= factor;
  return h;
}

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  auto at = [&](double share) {
    const double place = share * double(values.size() - 1);
    const auto below = std::size_t(std::floor(place));
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (place - double(below)) * (values[above] - values[below]);
  };
  return {values.front(), at(0.05), at(0.5), at(0.95), values.back()};
}

namespace {

Result<std::vector<Bands>> sampled(const std::vector<Case>& cases, std::int64_t n, const sim::Options& options,
                                   int jobs, const CalibrationErrors& errors, bool only_samples) {
  std::vector<OneBand> all;
  OneBand::Place place;
  for (const Case& c : cases) {
    all.emplace_back(c, uncertain_inputs(c, errors), only_samples);
    for (const UncertainInput& input : all.back().inputs())
      place.try_emplace(input.key, place.size());
    const auto steps = simulate_each(all.back().alone(), options, jobs);
    if (!steps) return tl::unexpected(steps.error());
    all.back().take_alone(*steps);
  }
  const auto points = sobol_points(std::size_t(n), place.size(), std::uint64_t(options.seed));
  std::vector<Bands> out;
  for (OneBand& one : all) {
    std::vector<Headline> steps;
    for (std::size_t first = 0; first < points.size(); first += at_once) {
      std::vector<Case> some;
      for (std::size_t i = first; i < std::min(points.size(), first + at_once); ++i)
        some.push_back(one.sample(points[i], place));
      const auto simulated = simulate_each(some, options, jobs);
      if (!simulated) return tl::unexpected(simulated.error());
      steps.insert(steps.end(), simulated->begin(), simulated->end());
    }
    one.take_samples(steps, points, place);
    out.push_back(one.finish(options.seed));
  }
  return out;
}

} // namespace

Result<std::vector<Bands>> bands(const std::vector<Case>& cases, std::int64_t n, const sim::Options& options,
                                 int jobs) {
  const auto errors = calibration_errors();
  if (!errors) return tl::unexpected(errors.error());
  return bands(cases, n, options, jobs, *errors);
}

Result<std::vector<Bands>> bands(const std::vector<Case>& cases, std::int64_t n, const sim::Options& options, int jobs,
                                 const CalibrationErrors& errors) {
  return sampled(cases, n, options, jobs, errors, false);
}

Result<std::vector<Bands>> samples(const std::vector<Case>& cases, std::int64_t n, const sim::Options& options,
                                   int jobs) {
  const auto errors = calibration_errors();
  if (!errors) return tl::unexpected(errors.error());
  return sampled(cases, n, options, jobs, *errors, true);
}

} // namespace weft::analysis
