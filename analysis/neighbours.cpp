// Legal plans one choice away (declared in sensitivity.hpp).
#include "analysis/sensitivity.hpp"
#include "platforms/base/fields.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weft::analysis {
namespace {

using workloads::Dimension;
using workloads::Plan;
using workloads::Recompute;
using workloads::Schedule;

class Neighbours {
public:
  explicit Neighbours(const Case& c) : case_(c), plan_(c.scenario.plan) {}

  std::vector<std::pair<std::string, Plan>> all() {
    degree("tp", &Plan::tp);
    degree("pp", &Plan::pp);
    degree("cp", &Plan::cp);
    for (const std::int64_t ep : {plan_.ep / 2, plan_.ep * 2})
      if (case_.scenario.model.experts && (plan_.ep % 2 == 0 || ep > plan_.ep))
        one(fmt::format("plan.ep={}", ep), [&](Plan& p) { p.ep = ep; });
    chunks();
    for (const std::int64_t size : {plan_.microbatch / 2, plan_.microbatch * 2})
      if (plan_.microbatch % 2 == 0 || size > plan_.microbatch)
        one(fmt::format("plan.microbatch={}", size), [&](Plan& p) { p.microbatch = size; });
    for (std::int64_t zero = 0; zero <= 3; ++zero)
      one(fmt::format("plan.zero={}", zero), [&](Plan& p) { p.zero = zero; });
    for (const Recompute r : {Recompute::none, Recompute::selective, Recompute::full})
      one(fmt::format("plan.recompute={}", enum_name(r)), [&](Plan& p) { p.recompute = r; });
    schedules();
    if (plan_.tp > 1) one(fmt::format("plan.sp={}", !plan_.sp), [](Plan& p) { p.sp = !p.sp; });
    if (case_.scenario.model.experts && plan_.ep > 1)
      one(fmt::format("plan.ep_overlap={}", !plan_.ep_overlap), [](Plan& p) { p.ep_overlap = !p.ep_overlap; });
    for (const auto& [name, algorithm] : EnumNames<workloads::ContextAlgorithm>::values)
      if (plan_.cp > 1)
        one(fmt::format("plan.cp_algorithm={}", name), [a = algorithm](Plan& p) { p.cp_algorithm = a; });
    order();
    return std::move(out_);
  }

private:
  /// Kept when it is another plan and a legal one.
  template <class F> void one(std::string change, F alter) {
    Plan p = plan_;
    alter(p);
    if (p.tp != plan_.tp && p.expert_tp > 1) { // experts are cut as the rest is, or not at all
      p.expert_tp = p.tp;
      change += fmt::format(" plan.expert_tp={}", p.tp);
    }
    if (same(p)) return;
    const auto& s = case_.scenario;
    if (!check_legal(s.model, s.training, p, case_.cluster.ranks())) return;
    out_.emplace_back(std::move(change), std::move(p));
  }
  [[nodiscard]] bool same(const Plan& p) const {
    auto key = [](const Plan& q) {
      return std::tuple(q.tp, q.pp, q.cp, q.ep, q.dp, q.vpp, q.microbatch, q.zero, q.recompute, q.schedule, q.sp,
                        q.ep_overlap, q.cp_algorithm, q.order);
    };
    return key(p) == key(plan_);
  }
  /// Halved and doubled, dp the other way.
  void degree(const char* name, std::int64_t Plan::*member) {
    const std::int64_t now = plan_.*member;
    if (now % 2 == 0)
      one(fmt::format("plan.{}={} plan.dp={}", name, now / 2, plan_.dp * 2), [&](Plan& p) {
        p.*member = now / 2;
        p.dp *= 2;
      });
    if (plan_.dp % 2 == 0)
      one(fmt::format("plan.{}={} plan.dp={}", name, now * 2, plan_.dp / 2), [&](Plan& p) {
        p.*member = now * 2;
        p.dp /= 2;
      });
  }
  void chunks() {
    if (plan_.schedule != Schedule::interleaved) return;
    if (plan_.vpp % 2 == 0 && plan_.vpp > 2)
      one(fmt::format("plan.vpp={}", plan_.vpp / 2), [](Plan& p) { p.vpp /= 2; });
    one(fmt::format("plan.vpp={}", plan_.vpp * 2), [](Plan& p) { p.vpp *= 2; });
  }
  /// Each with the chunks it runs. The asynchronous one trains on stale weights: another computation.
  void schedules() {
    for (const auto& [name, schedule] : EnumNames<Schedule>::values) {
      if (plan_.pp == 1 || schedule == plan_.schedule || schedule == Schedule::async) continue;
      std::int64_t vpp = 1;
      if (schedule == Schedule::interleaved || schedule == Schedule::zb_v || schedule == Schedule::v_half ||
          schedule == Schedule::v_min || schedule == Schedule::dualpipe)
        vpp = 2;
      std::string change = fmt::format("plan.schedule={}", name);
      if (vpp != plan_.vpp) change += fmt::format(" plan.vpp={}", vpp);
      one(std::move(change), [&, s = schedule](Plan& p) {
        p.schedule = s;
        p.vpp = vpp;
      });
    }
  }
  void order() {
    if (plan_.dp == 1 || plan_.pp == 1) return;
    std::vector<Dimension> other = plan_.order;
    std::iter_swap(std::find(other.begin(), other.end(), Dimension::dp),
                   std::find(other.begin(), other.end(), Dimension::pp));
    std::vector<std::string_view> names;
    for (const Dimension d : other)
      names.push_back(enum_name(d));
    one(fmt::format("plan.order=[{}]", fmt::join(names, ",")), [&](Plan& p) { p.order = other; });
  }

  const Case& case_;
  const Plan& plan_;
  std::vector<std::pair<std::string, Plan>> out_;
};

} // namespace

std::vector<std::pair<std::string, Plan>> neighbours(const Case& c) {
  return Neighbours(c).all();
}

} // namespace weft::analysis
