// Parity as text, JSON and CSV (declared in parity.hpp).
#include "analysis/evidence.hpp"
#include "analysis/parity.hpp"
#include "analysis/percent.hpp"
#include "analysis/table.hpp"
#include "platforms/base/precision_names.hpp"
#include "workloads/plan_names.hpp"

#include <functional>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;
constexpr double gib = 1024.0 * 1024 * 1024;

std::string chip(const ParitySide& side) {
  return side.best.at.cluster.accelerator.name;
}
/// 10,000: three digits at a time.
std::string whole(double number) {
  const std::string digits = fmt::format("{:.0f}", number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}
/// "14,057 (28,114)": ranks where they are more than packages.
std::string counted(const ParityPlan& p) {
  const std::int64_t ranks = p.at.cluster.accelerator.ranks_per_accelerator;
  return whole(p.count()) + (ranks > 1 ? " (" + whole(p.count() * double(ranks)) + ")" : std::string());
}
double per_accelerator(const ParityPlan& p) {
  return p.tokens_per_s / p.count();
}
double effective_flops(const ParityPlan& p) {
  return p.head.effective_flops * p.tokens_per_s / p.head.tokens_per_s;
}
double mfu(const ParityPlan& p) {
  return p.head.mfu_causal * per_accelerator(p) / p.head.tokens_per_s_per_accelerator;
}
bool interpolated(const ParityPlan& p) {
  return p.below != p.above;
}
bool runs(const ParityPlan& p) {
  return p.why_not.empty();
}

Rows table(const Parity& parity) {
  std::vector<const ParitySide*> sides{&parity.reference};
  for (const ParitySide& side : parity.candidates)
    sides.push_back(&side);
  Rows rows;
  auto add = [&](const std::string& name, const std::function<std::string(const ParitySide&)>& cell, bool all = false) {
    rows.push_back({name});
    for (const ParitySide* side : sides)
      rows.back().push_back(all || runs(side->best) ? cell(*side) : "-");
  };
  auto number = [&](const std::string& name, const std::function<double(const ParityPlan&)>& value, int digits,
                    double unit = 1) {
    add(name, [=](const ParitySide& s) { return fmt::format("{:.{}f}", value(s.best) / unit, digits); });
  };
  auto ratio = [&](const std::string& name, double NominalRatio::*of) {
    add(name,
        [&parity, of](const ParitySide& s) { return fmt::format("{:.2f}", nominal_ratio(parity.reference, s).*of); });
  };
  add(
      "", [](const ParitySide& s) { return s.cluster; }, true);
  add("accelerator", chip, true);
  add("ACCELERATORS (ranks)", [](const ParitySide& s) { return s.best.reached ? counted(s.best) : "cannot"; });
  add("for one of the reference's", [&](const ParitySide& s) {
    const auto r = parity.ratio(s);
    return r ? fmt::format("{:.2f}", *r) : "-";
  });
  ratio("  if only peak FLOP/s mattered", &NominalRatio::peak);
  ratio("  if only memory's size mattered", &NominalRatio::memory_capacity);
  ratio("  if only memory's rate mattered", &NominalRatio::memory_bandwidth);
  number(
      "tokens/s", [](const ParityPlan& p) { return p.tokens_per_s; }, 0);
  add("of what is asked for",
      [&](const ParitySide& s) { return percent(s.best.tokens_per_s / parity.target_tokens_per_s); });
  number("tokens/s/accelerator", per_accelerator, 1);
  number("effective EFLOP/s", effective_flops, 3, 1e18);
  add("MFU (causal)", [](const ParitySide& s) { return percent(mfu(s.best)); });
  add("plan", [](const ParitySide& s) { return plan_words(s.best.at); });
  add("  of scenario", [](const ParitySide& s) { return s.best.at.name; });
  add("  it runs on", [](const ParitySide& s) { return whole(double(s.best.head.accelerators)); });
  add("    tokens/s there", [](const ParitySide& s) { return whole(s.best.head.tokens_per_s); });
  number(
      "    global batch", [](const ParityPlan& p) { return double(p.at.scenario.training.global_batch); }, 0);
  add("    microbatches of a replica", [](const ParitySide& s) {
    return fmt::format("{}", workloads::microbatches(s.best.at.scenario.plan, s.best.at.scenario.training));
  });
  add("    interconnect tax", [](const ParitySide& s) { return percent(s.best.head.tax()); });
  add("    recomputation", [](const ParitySide& s) { return std::string(enum_name(s.best.head.recompute)); });
  add("    memory per rank", [](const ParitySide& s) {
    return fmt::format("{:.0f} of {:.0f} GiB", s.best.head.memory_bytes / gib, s.best.head.memory_capacity_bytes / gib);
  });
  return rows;
}

/// How the number between two sizes came about.
std::string between(const ParitySide& side) {
  const ParityPlan& p = side.best;
  if (!interpolated(p)) return {};
  return fmt::format(" {} {} lie between the {} and the {} that its plan can run on: interpolated.", whole(p.count()),
                     chip(side), whole(double(p.below)), whole(double(p.above)));
}

/// The sentence to quote.
std::string answer(const Parity& parity, const ParitySide& side) {
  const ParitySide& reference = parity.reference;
  const std::string asked = fmt::format("{} {}", whole(reference.best.count()), chip(reference));
  if (!runs(side.best)) return fmt::format("{} cannot equal {}: {}.", chip(side), asked, side.best.why_not);
  const std::string model = side.best.at.scenario.model.name;
  if (!side.best.reached)
    return fmt::format("No number of {} equals {} on {} with {}: at most {} of it, on {}.", chip(side), asked, model,
                       parity.scaling == Scaling::fixed_batch ? fmt::format("a batch of {} and the plans given",
                                                                            side.best.at.scenario.training.global_batch)
                                                              : "the plans given",
                       percent(side.best.tokens_per_s / parity.target_tokens_per_s),
                       whole(double(side.best.head.accelerators)));
  return fmt::format("{} {}{} equal {} on {}: {:.2f} for one, where peak FLOP/s alone would say {:.2f}.",
                     side.best.accelerators ? "" : "At most", whole(side.best.count()), " " + chip(side), asked, model,
                     *parity.ratio(side), nominal_ratio(reference, side).peak);
}

std::string other_plans(const ParitySide& side) {
  if (side.plans.size() < 2) return {};
  std::string out;
  for (const ParityPlan& p : side.plans) {
    if (p.at.name == side.best.at.name) continue;
    out += out.empty() ? " Its other plans: " : "; ";
    if (!runs(p)) {
      out += p.why_not;
      continue;
    }
    const bool equal = p.reached && p.tokens_per_s == side.best.tokens_per_s;
    out += fmt::format("{} ({}) {}", p.at.name, plan_words(p.at),
                       equal ? whole(p.count())
                             : fmt::format("makes {}{} tokens/s", p.reached ? "" : "at most ", whole(p.tokens_per_s)));
  }
  return out.empty() ? out : out + ".";
}

Json size_json(const ParityPlan& p) {
  const workloads::Plan& plan = p.at.scenario.plan;
  return {{"scenario", p.at.name},
          {"tp", plan.tp},
          {"cp", plan.cp},
          {"ep", plan.ep},
          {"pp", plan.pp},
          {"vpp", plan.vpp},
          {"dp", plan.dp},
          {"zero", plan.zero},
          {"microbatch", plan.microbatch},
          {"schedule", enum_name(plan.schedule)},
          {"recompute", enum_name(p.head.recompute)},
          {"global_batch", p.at.scenario.training.global_batch},
          {"accelerators", p.head.accelerators},
          {"step_time_s", p.head.step_s},
          {"tokens_per_s", p.head.tokens_per_s},
          {"tax", p.head.tax()}};
}

Json side_json(const Parity& parity, const ParitySide& side) {
  const ParityPlan& p = side.best;
  Json plans = Json::array();
  for (const ParityPlan& one : side.plans)
    plans.push_back({{"scenario", one.at.name},
                     {"reached", one.reached},
                     {"accelerators", one.reached ? Json(one.count()) : Json(nullptr)},
                     {"tokens_per_s", one.tokens_per_s},
                     {"why_not", one.why_not.empty() ? Json(nullptr) : Json(one.why_not)}});
  Json out{
      {"cluster", side.cluster},
      {"accelerator", chip(side)},
      {"reached", p.reached},
      {"accelerators", p.reached ? Json(p.count()) : Json(nullptr)},
      {"ranks", p.reached ? Json(p.count() * double(p.at.cluster.accelerator.ranks_per_accelerator)) : Json(nullptr)},
      {"interpolated", interpolated(p)}};
  if (!runs(p)) {
    out["why_not"] = p.why_not;
    out["plans"] = std::move(plans);
    return out;
  }
  const auto r = parity.ratio(side);
  const NominalRatio nominal = nominal_ratio(parity.reference, side);
  out.update({{"between", {p.below, p.above}},
              {"ratio", r ? Json(*r) : Json(nullptr)},
              {"nominal_ratio",
               {{"peak", nominal.peak},
                {"memory_capacity", nominal.memory_capacity},
                {"memory_bandwidth", nominal.memory_bandwidth}}},
              {"tokens_per_s", p.tokens_per_s},
              {"share_of_target", p.tokens_per_s / parity.target_tokens_per_s},
              {"tokens_per_s_per_accelerator", per_accelerator(p)},
              {"effective_flops_per_s", effective_flops(p)},
              {"mfu", mfu(p)},
              {"tax", p.head.tax()},
              {"plan", size_json(p)},
              {"largest_accelerators", p.largest > 0 ? Json(p.largest) : Json(nullptr)},
              {"plans", std::move(plans)},
              {"evidence_summary", evidence_sentence(p.at.scenario, p.at.cluster)}});
  return out;
}

} // namespace

std::string parity_text(const Parity& parity) {
  const ParityPlan& r = parity.reference.best;
  std::string out = fmt::format("{} · sequence {} · {} tokens/s, as {} {} make\n\n", r.at.scenario.model.name,
                                r.at.scenario.training.sequence, whole(parity.target_tokens_per_s), whole(r.count()),
                                chip(parity.reference));
  out += format_table(table(parity)) + "\n";
  for (const ParitySide& side : parity.candidates)
    out += wrap(answer(parity, side) + between(side) + other_plans(side), 0);
  if (const std::string how = between(parity.reference) + other_plans(parity.reference); !how.empty())
    out += wrap("The reference:" + how, 0);
  out +=
      wrap(parity.scaling == Scaling::fixed_batch
               ? "Every size trains with the same global batch, dealt to more or fewer replicas."
               : "The global batch grows with the number of replicas; what that does to convergence is not modelled, "
                 "so these are equal tokens, not equal training.",
           0);
  std::string precisions;
  for (const ParitySide& side : parity.candidates)
    if (side.best.at.scenario.training.precision != r.at.scenario.training.precision)
      precisions +=
          fmt::format("{} trains in {}, the reference in {}. ", chip(side),
                      enum_name(side.best.at.scenario.training.precision), enum_name(r.at.scenario.training.precision));
  if (!precisions.empty()) out += wrap(precisions, 0);
  out += wrap(chip(parity.reference) + ": " + evidence_sentence(r.at.scenario, r.at.cluster), 0);
  for (const ParitySide& side : parity.candidates)
    out += wrap(chip(side) + ": " + evidence_sentence(side.best.at.scenario, side.best.at.cluster), 0);
  return out;
}

std::string parity_json(const Parity& parity) {
  Json candidates = Json::array();
  for (const ParitySide& side : parity.candidates)
    candidates.push_back(side_json(parity, side));
  return Json{{"target_tokens_per_s", parity.target_tokens_per_s},
              {"model", parity.reference.best.at.scenario.model.name},
              {"scaling", parity.scaling == Scaling::fixed_batch ? "fixed batch" : "batch per replica"},
              {"reference", side_json(parity, parity.reference)},
              {"candidates", std::move(candidates)},
              {"version", WEFT_VERSION}}
             .dump(2) +
         "\n";
}

std::string parity_csv(const Parity& parity) {
  std::string out = "side,cluster,accelerator,reached,accelerators,ratio,nominal_ratio_peak,tokens_per_s,"
                    "tokens_per_s_per_accelerator,mfu,tax,scenario,runs_on\n";
  auto line = [&](const char* name, const ParitySide& side) {
    const ParityPlan& p = side.best;
    const auto r = parity.ratio(side);
    out += fmt::format("{},{},{},{}", name, csv_field(side.cluster), csv_field(chip(side)), p.reached);
    out += p.reached ? fmt::format(",{},{}", p.count(), *r) : std::string(",,");
    out += runs(p) ? fmt::format(",{},{},{},{},{},{},{}\n", nominal_ratio(parity.reference, side).peak, p.tokens_per_s,
                                 per_accelerator(p), mfu(p), p.head.tax(), csv_field(p.at.name), p.head.accelerators)
                   : std::string(",,,,,,,\n");
  };
  line("reference", parity.reference);
  for (const ParitySide& side : parity.candidates)
    line("candidate", side);
  return out;
}

} // namespace weft::analysis
