#include "analysis/validate.hpp"

#include "analysis/outcome.hpp"
#include "analysis/published_row.hpp"
#include "analysis/validate_subsets.hpp"
#include "platforms/base/workers.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace weft::analysis {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

nlohmann::json packed(const PublishedRun& run, const Value& unknown) {
  const auto predicted = predict(run, unknown);
  if (!predicted) return {{"reason", predicted.error().message}};
  const Outcome& middle = predicted->middle;
  return {{"predicted", predicted->median}, {"low", predicted->low},     {"high", predicted->high},
          {"tried", predicted->tried},      {"choices", middle.choices}, {"at_peak", middle.at_peak},
          {"where", middle.where},          {"fits", middle.fits},       {"check", predicted->check}};
}

Prediction unpack(const PublishedRun& run, const tl::expected<std::string, std::string>& bytes) {
  Prediction p;
  p.id = run.id;
  p.group = run.group;
  p.grade = run.grade;
  p.measured = run.seconds;
  const Value* accelerator = run.row.find("system")->find("catalogue")->find("accelerator");
  p.accelerator = accelerator ? accelerator->scalar : "";
  p.experts = has_experts(run);
  p.leaves_domain = leaves_domain(run);
  if (!bytes) {
    p.reason = "internal error: " + bytes.error();
    return p;
  }
  const auto j = nlohmann::json::parse(*bytes);
  if (j.contains("reason")) {
    p.reason = j["reason"];
    return p;
  }
  p.ok = true;
  p.predicted = j["predicted"];
  p.low = j["low"];
  p.high = j["high"];
  p.tried = j["tried"];
  p.choices = j["choices"];
  p.at_peak = j["at_peak"];
  p.where = j["where"].get<sim::Breakdown>();
  p.fits = j["fits"];
  p.check = j["check"];
  p.checked = p.check.empty();
  if (p.measured) p.error = p.predicted / *p.measured - 1;
  return p;
}

/// The one HFU per chip with the least median error on the same runs; every run's own HFU is tried.
void add_baseline(Validation& v) {
  std::map<std::string, std::vector<Prediction*>> chips;
  for (Prediction& p : v.runs)
    if (p.error && p.at_peak > 0) chips[p.accelerator].push_back(&p);
  for (auto& [chip, runs] : chips) {
    double best = infinite;
    for (const Prediction* own : runs) {
      const double hfu = own->at_peak / *own->measured;
      std::vector<double> errors;
      for (const Prediction* p : runs)
        errors.push_back(std::abs(p->at_peak / hfu / *p->measured - 1));
      if (const double m = median_of(errors); m < best) {
        best = m;
        v.baseline_hfu[chip] = hfu;
      }
    }
    for (Prediction* p : runs)
      p->baseline_error = p->at_peak / v.baseline_hfu[chip] / *p->measured - 1;
  }
}

} // namespace

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  if (n % 2 == 1 || values[n / 2] == infinite) return values[n / 2];
  return (values[n / 2 - 1] + values[n / 2]) / 2;
}
double p90_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::size_t(std::ceil(0.9 * double(values.size()))) - 1];
}

Statistics statistics_of(const std::vector<const Prediction*>& runs) {
  Statistics s;
  std::vector<double> errors, signs, baseline;
  for (const Prediction* p : runs) {
    if (p->ok && !p->error) {
      ++s.unmeasured;
      continue;
    }
    ++s.count;
    s.skipped += !p->ok;
    errors.push_back(p->error ? std::abs(*p->error) : infinite);
    if (p->error) signs.push_back(*p->error);
    if (p->baseline_error) baseline.push_back(std::abs(*p->baseline_error));
  }
  s.median = median_of(errors);
  s.p90 = p90_of(errors);
  s.bias = median_of(signs);
  s.baseline_median = median_of(baseline);
  s.baseline_p90 = p90_of(baseline);
  return s;
}

Validation validate(const std::vector<PublishedRun>& runs, const Value& unknown, int jobs) {
  const auto work = [&](std::size_t i) -> std::string { return packed(runs[i], unknown).dump(); };
  const auto bytes = run_workers(runs.size(), jobs, work);
  if (!bytes) throw std::runtime_error(bytes.error());
  Validation v;
  for (std::size_t i = 0; i < runs.size(); ++i)
    v.runs.push_back(unpack(runs[i], (*bytes)[i]));
  add_baseline(v);
  std::vector<const Prediction*> all;
  std::map<std::string, std::vector<const Prediction*>> groups, grades;
  for (const Prediction& p : v.runs) {
    all.push_back(&p);
    groups[p.group].push_back(&p);
    grades[p.grade].push_back(&p);
  }
  v.overall = statistics_of(all);
  for (const auto& [group, members] : groups)
    v.groups[group] = statistics_of(members);
  for (const auto& [grade, members] : grades)
    v.grades[grade] = statistics_of(members);
  add_subsets(v);
  return v;
}

} // namespace weft::analysis
