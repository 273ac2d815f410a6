#include "analysis/plan_choice.hpp"

#include "analysis/published_row.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

namespace weft::analysis {
namespace {

/// What decides where a run belongs.
struct Place {
  std::string key; ///< all that must be equal, but for the batch
  std::string plan;
  std::int64_t batch = 0;
  PlanSet about; ///< without plans
};

std::string without(std::string text, const std::string& name) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 2))
    text.replace(at, name.size(), "\"\"");
  return text;
}
std::string word(const Value& map, const char* key) {
  const Value* value = map.find(key);
  return value && value->kind == Value::Kind::scalar ? value->scalar : std::string();
}

std::string shape_words(const Value& model) {
  if (!model.is_map()) return model.scalar;
  return fmt::format("{} ({} × {}, {} heads)", word(model, "name"), word(model, "layers"), word(model, "hidden"),
                     word(model, "heads"));
}

/// The plan as the run's scenarios write it, one for every way to fill what the run leaves open.
std::string plans_of(const std::vector<Candidate>& candidates) {
  std::set<std::string> out;
  for (const Candidate& candidate : candidates) {
    const auto from = candidate.scenario.find("\nplan: ") + 1;
    out.insert(candidate.scenario.substr(from, candidate.scenario.find('\n', from) - from));
  }
  std::string all;
  for (const std::string& plan : out)
    all += plan + "\n";
  return all;
}

/// Scenarios are compared, not rows: two rows are the same set exactly where the same would be simulated but for the
/// plan. Nothing for a run that has no scenario.
std::optional<Place> place_of(const PublishedRun& run, const Value& unknown) {
  const auto all = candidates(run, unknown);
  if (!all) return std::nullopt;
  // The scenario of a run carries its id as a name; nothing else in it tells runs apart that are alike.
  auto tree = parse_document(without(all->front().scenario, quoted(run.id)), "run " + run.id);
  if (!tree) return std::nullopt;
  Value *model = tree->find("model"), *training = tree->find("training");
  Place out;
  if (!read_value(*training->find("global_batch"), out.batch) || out.batch < 1) return std::nullopt;
  out.about.group = run.group;
  out.about.model = shape_words(*model);
  // As the run states it: two scalings of fp8 may share their timings here, they did not where they were measured.
  out.about.precision = Row(run).word("normalized", "precision");
  if (!read_value(*training->find("sequence"), out.about.sequence)) return std::nullopt;
  if (!read_value(*tree->find("cluster")->find("accelerators"), out.about.chips)) return std::nullopt;
  out.about.accelerator = word(*tree->find("cluster")->find("node"), "accelerator");
  if (const Value* measured = run.row.find("measured")) out.about.when = word(*measured, "when");
  const auto drop = [](Value& map, const char* key) {
    std::erase_if(map.members, [&](const Member& m) { return m.key == key; });
  };
  drop(*model, "name");
  drop(*training, "global_batch");
  out.key = run.group + "\n" + out.about.when + "\n" + out.about.precision;
  for (const char* part : {"cluster", "model", "training", "stack"})
    out.key += "\n" + canonical_text(*tree->find(part));
  out.plan = plans_of(*all);
  return out;
}

/// Indices of runs by set, then by plan: `by_batch` keeps batches apart as sets, else as plans.
using Members = std::map<std::string, std::map<std::string, std::vector<std::size_t>>>;
Members members_of(const std::vector<std::optional<Place>>& places, const std::vector<std::size_t>& of, bool by_batch) {
  Members out;
  for (const std::size_t i : of) {
    const Place& p = *places[i];
    const std::string batch = fmt::format("\nbatch {}", p.batch);
    out[p.key + (by_batch ? batch : "")][p.plan + (by_batch ? "" : batch)].push_back(i);
  }
  std::erase_if(out, [](const auto& set) { return set.second.size() < plans_of_a_set; });
  return out;
}

std::string label_of(const PlanSet& s) {
  const auto [low, high] = std::minmax_element(s.plans.begin(), s.plans.end(),
                                               [](const auto& a, const auto& b) { return a.batch < b.batch; });
  std::string out = fmt::format("{} · {} {} · sequence {} · {} · batch {}", s.model, s.chips, s.accelerator, s.sequence,
                                s.precision, low->batch);
  if (high->batch != low->batch) out += fmt::format(" to {}", high->batch);
  return s.when.empty() ? out : out + " · " + s.when;
}

PlanSets judged(const Members& members, const std::vector<std::optional<Place>>& places,
                const std::vector<const Prediction*>& predictions) {
  PlanSets out;
  for (const auto& [key, plans] : members) {
    PlanSet set = places[plans.begin()->second.front()]->about;
    for (const auto& [text, runs] : plans) {
      RankedPlan plan;
      plan.batch = places[runs.front()]->batch;
      for (const std::size_t i : runs) {
        plan.ids.push_back(predictions[i]->id);
        plan.measured += *predictions[i]->measured / double(plan.batch) / double(runs.size());
        plan.predicted += predictions[i]->predicted / double(plan.batch) / double(runs.size());
      }
      set.plans.push_back(std::move(plan));
    }
    judge(set);
    set.label = label_of(set);
    out.sets.push_back(std::move(set));
  }
  std::stable_sort(out.sets.begin(), out.sets.end(), [](const PlanSet& a, const PlanSet& b) {
    return std::tie(a.group, a.chips, a.label) < std::tie(b.group, b.chips, b.label);
  });
  std::vector<const PlanSet*> all;
  std::map<std::string, std::vector<const PlanSet*>> groups;
  for (const PlanSet& set : out.sets) {
    all.push_back(&set);
    groups[set.group].push_back(&set);
  }
  out.overall = summary_of(all);
  for (const auto& [group, sets] : groups)
    out.groups[group] = summary_of(sets);
  return out;
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (std::size_t from = 0; from < order.size();) {
    std::size_t to = from;
    while (to < order.size() && values[order[to]] == values[order[from]])
      ++to;
    for (std::size_t i = from; i < to; ++i)
      out[order[i]] = double(from + to + 1) / 2; // ranks count from 1
    from = to;
  }
  return out;
}

} // namespace

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double mean = double(x.size() + 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

void judge(PlanSet& set) {
  std::vector<double> measured, predicted;
  for (std::size_t i = 0; i < set.plans.size(); ++i) {
    const RankedPlan &plan = set.plans[i], &first = set.plans[set.first], &best = set.plans[set.best];
    measured.push_back(plan.measured);
    predicted.push_back(plan.predicted);
    if (plan.predicted < first.predicted || (plan.predicted == first.predicted && plan.measured > first.measured))
      set.first = i;
    if (plan.measured < best.measured) set.best = i;
  }
  set.spearman = spearman(predicted, measured);
  set.regret = measured.empty() ? 0 : measured[set.first] / measured[set.best] - 1;
}

PlanSummary summary_of(const std::vector<const PlanSet*>& sets) {
  PlanSummary s;
  std::vector<double> correlations;
  for (const PlanSet* set : sets) {
    ++s.sets;
    s.plans += set->plans.size();
    s.ranked += set->spearman >= good_rank;
    correlations.push_back(set->spearman);
    s.regret_mean += set->regret / double(sets.size());
    s.regret_max = std::max(s.regret_max, set->regret);
  }
  s.spearman_median = median_of(correlations);
  if (!correlations.empty()) s.spearman_min = *std::min_element(correlations.begin(), correlations.end());
  return s;
}

PlanChoice plan_choice(const std::vector<PublishedRun>& runs, const Value& unknown, int jobs) {
  std::vector<std::optional<Place>> places(runs.size());
  std::vector<std::size_t> measured;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].seconds || runs[i].one_layer) continue;
    places[i] = place_of(runs[i], unknown);
    if (places[i]) measured.push_back(i);
  }
  // Every set of one batch lies in a set of any batch: these are the runs to predict.
  std::vector<std::size_t> wanted;
  std::vector<PublishedRun> asked;
  for (const auto& [key, plans] : members_of(places, measured, false))
    for (const auto& [plan, members] : plans)
      wanted.insert(wanted.end(), members.begin(), members.end());
  std::sort(wanted.begin(), wanted.end());
  for (const std::size_t i : wanted)
    asked.push_back(runs[i]);
  const Validation predicted = validate(asked, unknown, jobs);

  PlanChoice out;
  std::vector<const Prediction*> predictions(runs.size());
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    predictions[wanted[k]] = &predicted.runs[k];
    if (!predicted.runs[k].ok) out.unpredicted.push_back(predicted.runs[k].id);
  }
  std::erase_if(wanted, [&](std::size_t i) { return !predictions[i]->ok; });
  out.same_batch = judged(members_of(places, wanted, true), places, predictions);
  out.any_batch = judged(members_of(places, wanted, false), places, predictions);
  return out;
}

} // namespace weft::analysis
