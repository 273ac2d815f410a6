#include "analysis/parity.hpp"

#include "analysis/parity_search.hpp"
#include "analysis/same_work.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weft::analysis {
namespace {

/// What the other trains too, precision apart.
Result<void> check_same(const Case& reference, const Case& other) {
  auto refuse = [&](const Mark& at, const char* what, const std::vector<std::string>& fields) {
    return fail(
        at, fmt::format("{} and {} differ in their {}: {}", reference.name, other.name, what, fmt::join(fields, ", ")),
        "parity asks for the same model, trained with the same batch");
  };
  if (const auto d = differences(reference.scenario.model, other.scenario.model); !d.empty())
    return refuse({}, "models", d);
  workloads::Training training = other.scenario.training;
  training.precision = reference.scenario.training.precision;
  if (const auto d = differences(reference.scenario.training, training); !d.empty())
    return refuse(other.scenario.training.mark, "training", d);
  return {};
}

Result<void> check_all(const std::vector<Case>& reference, const std::vector<Case>& candidates,
                       const ParityOptions& options) {
  if (reference.empty() || candidates.empty())
    return fail({}, "parity needs a reference and a candidate", "--reference SCENARIO --candidate SCENARIO");
  for (const Case& one : reference) {
    if (one.cluster.name != reference.front().cluster.name)
      return fail(one.scenario.cluster.mark,
                  fmt::format("the reference is one cluster, and {} is on {}, {} on {}", reference.front().name,
                              reference.front().cluster.name, one.name, one.cluster.name));
    if (!options.accelerators && !options.tokens_per_s &&
        one.cluster.accelerators != reference.front().cluster.accelerators)
      return fail(one.scenario.cluster.mark,
                  fmt::format("how large is the reference? {} has {} accelerators, {} has {}", reference.front().name,
                              reference.front().cluster.accelerators, one.name, one.cluster.accelerators),
                  "--accelerators says it");
  }
  if (!options.location.empty())
    if (auto place = platforms::read_location(options.location, {}); !place) return tl::unexpected(place.error());
  for (const auto* side : {&reference, &candidates})
    for (const Case& one : *side) {
      if (auto ok = check_same(reference.front(), one); !ok) return ok;
      if (auto ok = check_resizable(one); !ok) return ok;
      const auto& s = one.scenario;
      if (auto ok = check_legal(s.model, s.training, s.plan, one.cluster.ranks()); !ok) return ok;
    }
  return {};
}

/// Fewer accelerators first, then more tokens/s; what does not reach the target last, what does not run at all after
/// it.
bool better(const ParityPlan& a, const ParityPlan& b) {
  const auto rank = [](const ParityPlan& p) { return !p.runs() ? 2 : p.reached ? 0 : 1; };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  if (rank(a) == 0 && a.count() != b.count()) return a.count() < b.count();
  return a.tokens_per_s > b.tokens_per_s;
}

ParitySide side_of(std::vector<ParityPlan> plans) {
  ParitySide out;
  out.cluster = plans.front().at.cluster.name;
  out.best = *std::min_element(plans.begin(), plans.end(), better);
  out.plans = std::move(plans);
  return out;
}

Result<ParitySide> reference_side(const std::vector<Case>& cases, const ParityOptions& options) {
  std::vector<ParityPlan> plans;
  std::string reasons, hint;
  for (const Case& one : cases) {
    PlanSizes sizes(one, options);
    auto plan = options.tokens_per_s ? sizes.reach(*options.tokens_per_s)
                                     : sizes.at(options.accelerators.value_or(one.cluster.accelerators));
    if (!plan) return tl::unexpected(plan.error());
    if (!plan->runs()) reasons += (reasons.empty() ? "" : "; ") + plan->why_not;
    if (plan->why_not.find("memory") != std::string::npos) hint = "--set plan.recompute=auto recomputes what it has to";
    plans.push_back(std::move(*plan));
  }
  const char* grow =
      options.scaling == Scaling::fixed_batch ? "--scale-batch lets the batch grow with the cluster" : "";
  ParitySide out = side_of(std::move(plans));
  if (!out.best.runs())
    return fail({}, fmt::format("the reference does not run at that size: {}", reasons), hint.empty() ? grow : hint);
  if (!out.best.reached)
    return fail({},
                fmt::format("the reference makes at most {:.0f} tokens/s with this batch, on {} accelerators",
                            out.best.tokens_per_s, out.best.head.accelerators),
                grow);
  return out;
}

/// The steps without communication, of the sizes that are reported.
Result<void> add_taxes(Parity& parity, const ParityOptions& options) {
  std::vector<ParityPlan*> plans{&parity.reference.best};
  for (ParitySide& side : parity.candidates)
    if (side.best.runs()) plans.push_back(&side.best);
  std::vector<Case> cases;
  for (const ParityPlan* plan : plans)
    cases.push_back(plan->at);
  sim::Options with_tax = options.sim;
  with_tax.ideal_run = true;
  const auto heads = simulate_each(cases, with_tax, options.jobs);
  if (!heads) return tl::unexpected(heads.error());
  for (std::size_t i = 0; i < plans.size(); ++i)
    plans[i]->head = (*heads)[i];
  return {};
}

/// Watts and dollars of the number that is the answer, by what ranks do at the size that was simulated.
Result<void> add_power(Parity& parity, const ParityOptions& options) {
  std::vector<ParitySide*> sides{&parity.reference};
  for (ParitySide& side : parity.candidates)
    if (side.best.runs()) sides.push_back(&side);
  for (ParitySide* side : sides) {
    const ParityPlan& plan = side->best;
    platforms::Cluster cluster = plan.at.cluster;
    cluster.accelerators = std::llround(plan.count());
    Headline head = plan.head;
    head.tokens_per_s = plan.tokens_per_s;
    head.effective_flops = plan.effective_flops();
    auto power = power_at(cluster, head, options.location);
    if (!power) return tl::unexpected(power.error());
    side->power = std::move(*power);
  }
  return {};
}

} // namespace

Result<Parity> parity(const std::vector<Case>& reference, const std::vector<Case>& candidates,
                      const ParityOptions& options) {
  if (auto ok = check_all(reference, candidates, options); !ok) return tl::unexpected(ok.error());
  Parity out;
  out.scaling = options.scaling;
  auto of_reference = reference_side(reference, options);
  if (!of_reference) return tl::unexpected(of_reference.error());
  out.reference = std::move(*of_reference);
  out.target_tokens_per_s = options.tokens_per_s.value_or(out.reference.best.tokens_per_s);

  std::vector<std::vector<ParityPlan>> plans; // by cluster, in the order in which they are named
  for (const Case& one : candidates) {
    PlanSizes sizes(one, options);
    auto plan = sizes.reach(out.target_tokens_per_s);
    if (!plan) return tl::unexpected(plan.error());
    const auto known = std::find_if(plans.begin(), plans.end(), [&](const auto& group) {
      return group.front().at.cluster.name == one.cluster.name;
    });
    if (known == plans.end())
      plans.push_back({std::move(*plan)});
    else
      known->push_back(std::move(*plan));
  }
  for (auto& group : plans)
    out.candidates.push_back(side_of(std::move(group)));
  if (auto ok = add_taxes(out, options); !ok) return tl::unexpected(ok.error());
  if (auto ok = add_power(out, options); !ok) return tl::unexpected(ok.error());
  return out;
}

std::optional<double> Parity::ratio(const ParitySide& candidate) const {
  if (!candidate.best.reached) return std::nullopt;
  return candidate.best.count() / reference.best.count();
}

NominalRatio nominal_ratio(const ParitySide& reference, const ParitySide& candidate) {
  const auto &r = reference.best.at, &c = candidate.best.at;
  auto peak = [](const Case& of) {
    const auto figure = platforms::peak_of(of.cluster.accelerator, of.scenario.training.precision);
    return figure ? figure->value.count() : 0; // it was simulated at that precision: there is one
  };
  return {peak(r) / peak(c), r.cluster.accelerator.memory_capacity.value / c.cluster.accelerator.memory_capacity.value,
          r.cluster.accelerator.memory_bandwidth.value / c.cluster.accelerator.memory_bandwidth.value};
}

std::string plan_words(const Case& one) {
  const workloads::Plan& p = one.scenario.plan;
  std::string out = fmt::format("tp {}", p.tp);
  if (p.cp > 1) out += fmt::format(" cp {}", p.cp);
  if (p.ep > 1) out += fmt::format(" ep {}", p.ep);
  out += fmt::format(" pp {}", p.pp);
  if (p.vpp > 1) out += fmt::format(" vpp {}", p.vpp);
  return out + fmt::format(" zero {}", p.zero);
}

} // namespace weft::analysis
