// Ranks of plans as text, JSON and CSV (declared in plan_choice.hpp).
#include "analysis/percent.hpp"
#include "analysis/plan_choice.hpp"
#include "analysis/table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

bool several_batches(const PlanSet& set) {
  return std::any_of(set.plans.begin(), set.plans.end(),
                     [&](const RankedPlan& plan) { return plan.batch != set.plans.front().batch; });
}
std::string all_ids(const RankedPlan& plan) {
  std::string out;
  for (const std::string& id : plan.ids)
    out += (out.empty() ? "" : " = ") + id;
  return out;
}
/// "id, 3.567 s (predicted 3.251 s)"; where batches differ seconds of a sequence.
std::string plan_words(const PlanSet& set, const RankedPlan& plan) {
  const bool several = several_batches(set);
  const double batch = several ? 1 : double(plan.batch);
  return fmt::format("{}, {:.4g} s{} (predicted {:.4g} s)", all_ids(plan), plan.measured * batch,
                     several ? " a sequence" : "", plan.predicted * batch);
}

void sets_table(const std::vector<const PlanSet*>& sets, std::string& out) {
  std::vector<std::vector<std::string>> rows{{"set", "plans", "Spearman", "regret"}};
  std::string group;
  for (const PlanSet* set : sets) {
    if (set->group != group) rows.push_back({set->group});
    group = set->group;
    rows.push_back({"  " + set->label, fmt::format("{}", set->plans.size()), fmt::format("{:.3f}", set->spearman),
                    percent(set->regret)});
    const RankedPlan &first = set->plans[set->first], &best = set->plans[set->best];
    if (set->first == set->best)
      rows.push_back({"    ranked first and measured best: " + plan_words(*set, best)});
    else {
      rows.push_back({"    ranked first:  " + plan_words(*set, first)});
      rows.push_back({"    measured best: " + plan_words(*set, best)});
    }
  }
  out += format_table(rows);
}

void summary_table(const PlanSets& sets, std::string& out) {
  std::vector<std::vector<std::string>> rows{{"group", "sets", "plans", "median Spearman", "minimum",
                                              fmt::format("sets ≥ {}", good_rank), "mean regret", "maximum"}};
  auto add = [&](const std::string& name, const PlanSummary& s) {
    rows.push_back({name, fmt::format("{}", s.sets), fmt::format("{}", s.plans),
                    fmt::format("{:.3f}", s.spearman_median), fmt::format("{:.3f}", s.spearman_min),
                    fmt::format("{}", s.ranked), percent(s.regret_mean), percent(s.regret_max)});
  };
  for (const auto& [group, summary] : sets.groups)
    add(group, summary);
  add("ALL", sets.overall);
  out += format_table(rows);
}

Json summary_json(const PlanSummary& s) {
  return {{"sets", s.sets},
          {"plans", s.plans},
          {"spearman_median", s.spearman_median},
          {"spearman_min", s.spearman_min},
          {"sets_at_least_0.9", s.ranked},
          {"regret_mean", s.regret_mean},
          {"regret_max", s.regret_max}};
}
Json sets_json(const PlanSets& of) {
  Json sets = Json::array(), groups = Json::object();
  for (const PlanSet& set : of.sets) {
    Json plans = Json::array();
    for (const RankedPlan& plan : set.plans)
      plans.push_back({{"ids", plan.ids},
                       {"batch", plan.batch},
                       {"measured_s", plan.measured * double(plan.batch)},
                       {"predicted_s", plan.predicted * double(plan.batch)}});
    sets.push_back({{"group", set.group},
                    {"set", set.label},
                    {"model", set.model},
                    {"chips", set.chips},
                    {"accelerator", set.accelerator},
                    {"sequence", set.sequence},
                    {"precision", set.precision},
                    {"when", set.when},
                    {"n", set.plans.size()},
                    {"spearman", set.spearman},
                    {"ranked_first", set.plans[set.first].ids},
                    {"measured_best", set.plans[set.best].ids},
                    {"regret", set.regret},
                    {"plans", std::move(plans)}});
  }
  for (const auto& [group, summary] : of.groups)
    groups[group] = summary_json(summary);
  return {{"sets", std::move(sets)},
          {"summary", {{"overall", summary_json(of.overall)}, {"groups", std::move(groups)}}}};
}

} // namespace

std::string plan_choice_text(const PlanChoice& choice) {
  if (choice.any_batch.sets.empty())
    return fmt::format("no {} measured runs differ in nothing but the plan\n", plans_of_a_set);
  std::string out;
  std::vector<const PlanSet*> same, mixed;
  for (const PlanSet& set : choice.same_batch.sets)
    same.push_back(&set);
  for (const PlanSet& set : choice.any_batch.sets)
    if (several_batches(set)) mixed.push_back(&set);
  out += "PLANS OF ONE BATCH (seconds of the step)\n";
  if (!same.empty()) {
    sets_table(same, out);
    out += "\n";
    summary_table(choice.same_batch, out);
  } else {
    out += "  none\n";
  }
  if (!mixed.empty()) {
    out += "\nPLANS OF ANY BATCH (seconds per sequence; only sets that one batch does not make)\n";
    sets_table(mixed, out);
    out += "\nAll sets of this kind, those of a single batch included:\n";
    summary_table(choice.any_batch, out);
  }
  if (!choice.unpredicted.empty()) {
    std::string ids;
    for (const std::string& id : choice.unpredicted)
      ids += (ids.empty() ? "" : ", ") + id;
    out += "\nNOT PREDICTED, left out\n" + wrap(ids, 2);
  }
  return out;
}

std::string plan_choice_json(const PlanChoice& choice) {
  return Json{{"same_batch", sets_json(choice.same_batch)},
              {"any_batch", sets_json(choice.any_batch)},
              {"not_predicted", choice.unpredicted},
              {"version", WEFT_VERSION}}
             .dump(2) +
         "\n";
}

std::string plan_choice_csv(const PlanChoice& choice) {
  std::string out = "sets,group,set,plans,spearman,ranked_first,measured_best,regret\n";
  for (const auto& [name, of] :
       {std::pair{"same_batch", &choice.same_batch}, std::pair{"any_batch", &choice.any_batch}})
    for (const PlanSet& set : of->sets)
      out += fmt::format("{},{},{},{},{},{},{},{}\n", name, csv_field(set.group), csv_field(set.label),
                         set.plans.size(), set.spearman, csv_field(all_ids(set.plans[set.first])),
                         csv_field(all_ids(set.plans[set.best])), set.regret);
  return out;
}

} // namespace weft::analysis
