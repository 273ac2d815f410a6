#pragma once
// Does the simulator rank plans as they were measured? Runs that differ in nothing but the plan form a set; a set's
// ranks are compared, and what the plan costs that is predicted to be the best.

#include "analysis/validate.hpp"

#include <cstdint>

namespace weft::analysis {

/// A plan of a set. Runs of the same plan are one: their mean, so that no plan counts twice.
struct RankedPlan {
  std::vector<std::string> ids;
  std::int64_t batch = 0;             ///< sequences a step
  double measured = 0, predicted = 0; ///< s of a step per sequence of its batch
};

struct PlanSet {
  std::string group;
  std::string label; ///< model, chips, sequence, precision, batch and, where rows state it, when it was measured
  std::string model, accelerator, precision, when;
  std::int64_t chips = 0, sequence = 0;
  std::vector<RankedPlan> plans;
  double spearman = 0;
  std::size_t first = 0, best = 0; ///< indices of plans: predicted to be the fastest, measured as the fastest
  double regret = 0;               ///< measured(first) / measured(best) − 1
};

struct PlanSummary {
  std::size_t sets = 0, plans = 0;
  std::size_t ranked = 0; ///< sets whose Spearman is at least `good_rank`
  double spearman_median = 0, spearman_min = 0, regret_mean = 0, regret_max = 0;
};

/// One definition of a set, and what comes out.
struct PlanSets {
  std::vector<PlanSet> sets;
  std::map<std::string, PlanSummary> groups;
  PlanSummary overall;
};

/// A set has one group, model shape, number and kind of chips, network, sequence, precision, stack and, where rows say
/// it in `measured.when`, one time of measurement.
struct PlanChoice {
  PlanSets same_batch; ///< and one batch: seconds of the step
  PlanSets any_batch;  ///< whatever the batch: seconds per sequence; a plan at two batches is two plans
  std::vector<std::string> unpredicted; ///< runs that would have been in a set
};

inline constexpr std::size_t plans_of_a_set = 4;
inline constexpr double good_rank = 0.9;

/// Correlation of ranks, −1 to 1; equal values share the mean of their ranks (C. Spearman, 1904, by Pearson's formula
/// on the ranks, which stays exact with ties). 0 where one side has no order at all.
double spearman(const std::vector<double>& a, const std::vector<double>& b);
/// Fills spearman, first, best and regret from the plans. Of plans that are predicted alike the slowest counts as the
/// one that is chosen.
void judge(PlanSet& set);
PlanSummary summary_of(const std::vector<const PlanSet*>& sets);

/// Predicts the measured runs that are in a set of at least four plans. Throws as `validate` does.
PlanChoice plan_choice(const std::vector<PublishedRun>& runs, const Value& unknown_fields, int jobs);

std::string plan_choice_text(const PlanChoice& choice);
std::string plan_choice_json(const PlanChoice& choice);
std::string plan_choice_csv(const PlanChoice& choice);

} // namespace weft::analysis
