// Parity as JSON and CSV (declared in parity.hpp).
#include "analysis/evidence.hpp"
#include "analysis/parity.hpp"
#include "analysis/power_print.hpp"
#include "analysis/table.hpp"
#include "workloads/plan_names.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

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
      {"accelerator", side.chip()},
      {"reached", p.reached},
      {"accelerators", p.reached ? Json(p.count()) : Json(nullptr)},
      {"ranks", p.reached ? Json(p.count() * double(p.at.cluster.accelerator.ranks_per_accelerator)) : Json(nullptr)},
      {"interpolated", p.interpolated()}};
  if (!p.runs()) {
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
              {"tokens_per_s_per_accelerator", p.per_accelerator()},
              {"effective_flops_per_s", p.effective_flops()},
              {"mfu", p.mfu()},
              {"tax", p.head.tax()},
              {"plan", size_json(p)},
              {"largest_accelerators", p.largest > 0 ? Json(p.largest) : Json(nullptr)},
              {"plans", std::move(plans)},
              {"power", Json::parse(power_json(*side.power))},
              {"evidence_summary", evidence_sentence(p.at.scenario, p.at.cluster)}});
  return out;
}

} // namespace

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
                    "tokens_per_s_per_accelerator,mfu,tax,facility_mw,racks,usd_per_h,scenario,runs_on\n";
  auto line = [&](const char* name, const ParitySide& side) {
    const ParityPlan& p = side.best;
    const auto r = parity.ratio(side);
    out += fmt::format("{},{},{},{}", name, csv_field(side.cluster), csv_field(side.chip()), p.reached);
    out += p.reached ? fmt::format(",{},{}", p.count(), *r) : std::string(",,");
    if (!p.runs()) {
      out += ",,,,,,,,,,\n";
      return;
    }
    const auto known = [](const Amount& a, double unit) { // empty: not known
      return a.value ? fmt::format("{}", a.value->value / unit) : std::string();
    };
    out += fmt::format(",{},{},{},{},{},{},{},{},{},{}\n", nominal_ratio(parity.reference, side).peak, p.tokens_per_s,
                       p.per_accelerator(), p.mfu(), p.head.tax(), known(side.power->facility, 1e6),
                       known(side.power->racks, 1), known(side.power->dollars_per_hour, 1), csv_field(p.at.name),
                       p.head.accelerators);
  };
  line("reference", parity.reference);
  for (const ParitySide& side : parity.candidates)
    line("candidate", side);
  return out;
}

} // namespace weft::analysis
