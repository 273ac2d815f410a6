#include "analysis/validate.hpp"

#include "analysis/ledger.hpp"
#include "analysis/published_row.hpp"
#include "analysis/validate_subsets.hpp"
#include "platforms/base/workers.hpp"
#include "platforms/catalog.hpp"
#include "sim/simulate.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace weft::analysis {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

Result<sim::StepResult> simulate(const std::string& text, const std::string& id) {
  auto tree = parse_document(text, "run " + id);
  if (!tree) return tl::unexpected(tree.error());
  auto scenario = workloads::read_scenario(*tree, platforms::resolve_entry);
  if (!scenario) return tl::unexpected(scenario.error());
  auto cluster = platforms::read_cluster(scenario->cluster);
  if (!cluster) return tl::unexpected(cluster.error());
  sim::Options options;
  options.ideal_run = false;
  options.max_activities = std::numeric_limits<std::int64_t>::max(); // all that was measured is predicted
  options.jobs = 1;
  return sim::simulate(*scenario, *cluster, options);
}

/// What the self-check finds wrong, or nothing.
std::string self_check(const sim::StepResult& r, const Where& where) {
  const double sum = std::accumulate(where.seconds.begin(), where.seconds.end(), 0.0);
  if (std::abs(sum / r.run.step_time - 1) > 1e-6) return fmt::format("ledger sums to {} of {} s", sum, r.run.step_time);
  if (std::abs(r.flops.causal / r.flops.six_n - 1) > 0.01)
    return fmt::format("model FLOP {} against 6·N·T {}", r.flops.causal.count(), r.flops.six_n.count());
  for (const auto& b : r.bytes) // weights of deduplicated exchanges are rounded to whole flows
    if (std::abs(b.simulated - b.closed_form) > 0.02 * std::max(1.0, b.closed_form))
      return fmt::format("{} bytes {} against {}", sim::dim_names[std::size_t(b.dim)], b.simulated, b.closed_form);
  return {};
}

struct Outcome {
  double step = 0;
  std::string choices;
  double at_peak = 0;
  sim::Breakdown where{};
  bool fits = true;
  std::string check;
};

Result<Outcome> outcome(const std::string& text, const std::string& choices, const std::string& id) {
  auto result = simulate(text, id);
  if (!result) return tl::unexpected(result.error());
  const Where where = where_time_went(*result, result->run, result->costs, 0);
  return Outcome{result->run.step_time,
                 choices,
                 result->hardware_flops / (result->rank_peak * double(result->cluster.ranks())),
                 where.seconds,
                 result->fits(),
                 self_check(*result, where)};
}

/// One layer is what one more layer adds, its optimizer left out: no benchmark of a layer runs one.
Outcome one_layer(const Outcome& with, const Outcome& without) {
  Outcome out = with;
  out.at_peak -= without.at_peak;
  out.step = 0;
  for (std::size_t e = 0; e < sim::entry_count; ++e) {
    out.where[e] = sim::Entry(e) == sim::Entry::optimizer ? 0 : with.where[e] - without.where[e];
    out.step += out.where[e];
  }
  return out;
}

nlohmann::json predict(const PublishedRun& run, const Value& unknown) {
  auto all = candidates(run, unknown);
  if (!all) return {{"reason", all.error().message}};
  std::vector<Outcome> outcomes;
  std::string reason = "no legal combination";
  for (const Candidate& candidate : *all) {
    auto result = outcome(candidate.scenario, candidate.choices, run.id);
    if (result && run.one_layer) {
      const auto deeper = outcome(candidate.deeper, candidate.choices, run.id);
      result = deeper ? Result<Outcome>(one_layer(*deeper, *result)) : deeper;
    }
    if (result)
      outcomes.push_back(std::move(*result));
    else if (&candidate == &all->front())
      reason = result.error().message;
  }
  // Which plan ran is unknown: only those that fit could have, where any does. (A stated plan did run, whatever our
  // count of its memory says.)
  const Row row(run);
  const bool plan_open = !row.find("parallel", "tp") || !row.find("parallel", "pp");
  if (plan_open && std::any_of(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.fits; }))
    std::erase_if(outcomes, [](const Outcome& o) { return !o.fits; });
  if (outcomes.empty()) return {{"reason", reason}};
  std::stable_sort(outcomes.begin(), outcomes.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  const std::size_t n = outcomes.size();
  const Outcome& middle = outcomes[(n - 1) / 2];
  const double median = n % 2 == 1 ? middle.step : (middle.step + outcomes[n / 2].step) / 2;
  std::string check;
  for (const Outcome& o : outcomes)
    if (check.empty()) check = o.check;
  return {{"predicted", median},
          {"low", outcomes.front().step},
          {"high", outcomes.back().step},
          {"tried", n},
          {"choices", middle.choices},
          {"at_peak", middle.at_peak},
          {"where", middle.where},
          {"fits", middle.fits},
          {"check", check}};
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
  const auto work = [&](std::size_t i) -> std::string { return predict(runs[i], unknown).dump(); };
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
