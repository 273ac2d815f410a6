#include "analysis/sensitivity.hpp"

#include "analysis/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace weft::analysis {
namespace {

using workloads::Recompute;

/// Central differences over e^±step are off by step²/6 of a third derivative and by twice the engine's 1e-11 over the
/// step: 1e-6 here.
constexpr double log_step = 1e-5;
/// Slopes of a smooth step differ by log_step times its curvature, which is below 1 in logarithms.
constexpr double tie_from = 1e-3;
/// Congested programs have small jumps close together (which of a thousand flows ends first), of about 1e-6 of the
/// step. Over a wide step they come to 1e-4; a real kink is still one: it bends by more than a percent's curvature.
constexpr double wide_step = 1e-2, wide_tie_from = 1e-2;

/// Cases to simulate, each with where its answer goes.
class Asked {
public:
  void add(std::optional<Case> c, std::function<void(const Headline&)> take) {
    if (!c) return;
    cases_.push_back(std::move(*c));
    take_.push_back(std::move(take));
  }
  /// What the scenario itself allows may still be illegal with a change (a peak's precision, a domain): passed over.
  void run(const sim::Options& options, int jobs) {
    const auto all = simulate_all(cases_, options, jobs);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i]) take_[i](*all[i]);
  }

private:
  std::vector<Case> cases_;
  std::vector<std::function<void(const Headline&)>> take_;
};

Change change(const Headline& head, double base) {
  return {head.step_s, head.step_s / base, head.tax(), head.fits(), head.recompute};
}

/// Memory acts through what has to be recomputed: on both sides the least that fits.
void ask_memory(const Case& c, const Knob& knob, double base, KnobEffect& effect, Asked& asked) {
  Case least = c;
  least.scenario.plan.recompute = Recompute::automatic;
  asked.add(least, [&, base](const Headline& head) { effect.least = change(head, base); });
  auto at = [&](double factor, std::optional<Change>& to) {
    asked.add(scaled(least, knob, factor), [&](const Headline& head) { to = change(head, 1); });
  };
  at(0.9, effect.minus10);
  at(1.1, effect.plus10);
  at(0.5, effect.halved);
  at(2, effect.doubled);
}

void ask_changes(const Case& c, const Knob& knob, double base, KnobEffect& effect, Asked& asked) {
  auto at = [&](double factor, std::optional<Change>& to) {
    asked.add(scaled(c, knob, factor), [&, base](const Headline& head) { to = change(head, base); });
  };
  if (knob.kind != KnobKind::size) {
    at(0.9, effect.minus10);
    at(1.1, effect.plus10);
  }
  at(0.5, effect.halved);
  at(2, effect.doubled);
  if (knob.name == "core theft") at(0, effect.none);
}

void ask_slopes(const Case& c, double step, double base, KnobEffect& effect, Asked& asked) {
  if (effect.knob->kind == KnobKind::size) return;
  effect.below = effect.above = std::nan("");
  asked.add(scaled(c, *effect.knob, std::exp(-step)),
            [&, base, step](const Headline& head) { effect.below = std::log(base / head.step_s) / step; });
  asked.add(scaled(c, *effect.knob, std::exp(step)),
            [&, base, step](const Headline& head) { effect.above = std::log(head.step_s / base) / step; });
}

/// One-sided slopes of every knob; over a wide step where those over a narrow one differ.
void find_slopes(const Case& c, double base, sim::Options options, int jobs, std::vector<KnobEffect>& effects) {
  options.ideal_run = false;
  Asked narrow, wide;
  for (KnobEffect& effect : effects)
    ask_slopes(c, log_step, base, effect, narrow);
  narrow.run(options, jobs);
  for (KnobEffect& effect : effects) {
    effect.over = log_step;
    if (!(std::abs(effect.above - effect.below) > tie_from)) continue;
    effect.over = wide_step;
    ask_slopes(c, wide_step, base, effect, wide);
  }
  wide.run(options, jobs);
  for (KnobEffect& effect : effects)
    if (effect.knob->kind != KnobKind::size && !std::isnan(effect.below) && !std::isnan(effect.above))
      effect.elasticity = (effect.below + effect.above) / 2;
}

std::vector<KnobEffect> every_knob() {
  std::vector<KnobEffect> out;
  for (const Knob& knob : knobs())
    out.emplace_back().knob = &knob;
  return out;
}

double gain(const KnobEffect& effect) {
  return effect.better() ? effect.better()->ratio : 1;
}

} // namespace

bool KnobEffect::tie() const {
  return elasticity && std::abs(above - below) > (over > log_step ? wide_tie_from : tie_from);
}

const std::optional<Change>& KnobEffect::better() const {
  return knob->kind == KnobKind::time || knob->kind == KnobKind::ratio ? halved : doubled;
}

Result<std::vector<KnobEffect>> elasticities(const Case& c, const sim::Options& options, int jobs) {
  const auto base = simulate_each({c}, options, 1);
  if (!base) return tl::unexpected(base.error());
  auto out = every_knob();
  find_slopes(c, base->front().step_s, options, jobs, out);
  return out;
}

Result<Sensitivity> sensitivity(const Case& c, const sim::Options& options, int jobs) {
  const auto base = simulate_each({c}, options, 1);
  if (!base) return tl::unexpected(base.error());
  Sensitivity out;
  out.scenario = c.name;
  out.evidence = evidence_sentence(c.scenario, c.cluster);
  out.base = base->front();
  const double step = out.base.step_s;
  out.knobs = every_knob();
  const auto plans = neighbours(c);
  out.plans.resize(plans.size());
  Asked changes;
  for (KnobEffect& effect : out.knobs) {
    if (effect.knob->name == "HBM capacity")
      ask_memory(c, *effect.knob, step, effect, changes);
    else
      ask_changes(c, *effect.knob, step, effect, changes);
  }
  for (std::size_t i = 0; i < plans.size(); ++i) {
    Case neighbour = c;
    neighbour.scenario.plan = plans[i].second;
    out.plans[i].change = plans[i].first;
    changes.add(std::move(neighbour), [&out, i, step](const Headline& head) { out.plans[i].to = change(head, step); });
  }
  changes.run(options, jobs);
  find_slopes(c, step, options, jobs, out.knobs);
  for (KnobEffect& effect : out.knobs)
    for (auto* to : {&effect.minus10, &effect.plus10, &effect.halved, &effect.doubled})
      if (effect.least && *to) (*to)->ratio = (*to)->step_s / effect.least->step_s;
  for (const KnobEffect& effect : out.knobs) {
    if (effect.knob->kind == KnobKind::rate) out.rates += effect.elasticity.value_or(0);
    if (effect.knob->kind == KnobKind::time) out.times += effect.elasticity.value_or(0);
  }
  std::erase_if(out.knobs, [](const KnobEffect& e) { return !e.elasticity && !e.halved && !e.doubled; });
  std::stable_sort(out.knobs.begin(), out.knobs.end(),
                   [](const KnobEffect& a, const KnobEffect& b) { return gain(a) < gain(b); });
  std::erase_if(out.plans, [&](const PlanChange& p) {
    const bool as_is = p.change.starts_with("plan.recompute=") && p.to.recompute == out.base.recompute;
    return p.to.step_s == 0 || as_is; // refused; what `auto` had taken already
  });
  std::stable_sort(out.plans.begin(), out.plans.end(),
                   [](const PlanChange& a, const PlanChange& b) { return a.to.step_s < b.to.step_s; });
  return out;
}

} // namespace weft::analysis
