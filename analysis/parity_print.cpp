// Parity as text (declared in parity.hpp).
#include "analysis/evidence.hpp"
#include "analysis/parity.hpp"
#include "analysis/percent.hpp"
#include "analysis/power_print.hpp"
#include "analysis/table.hpp"
#include "platforms/base/precision_names.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>
#include <functional>

namespace weft::analysis {
namespace {

using Rows = std::vector<std::vector<std::string>>;
constexpr double gib = 1024.0 * 1024 * 1024;

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
struct PowerRow {
  const char* name;
  Amount Power::*what;
  double size; ///< base units of what is printed
};
constexpr std::array<PowerRow, 7> power_rows_of_parity{{{"MEGAWATTS of the site, mean", &Power::facility, 1e6},
                                                        {"  nodes at their rating", &Power::facility_rated, 1e6},
                                                        {"RACKS of nodes", &Power::racks, 1},
                                                        {"MILLION DOLLARS, nodes and network", &Power::hardware, 1e6},
                                                        {"  an hour, electricity too, $", &Power::dollars_per_hour, 1},
                                                        {"  a million tokens, $", &Power::dollars_per_token, 1e-6},
                                                        {"  joules a token", &Power::energy_per_token, 1}}};

std::vector<const ParitySide*> sides_of(const Parity& parity) {
  std::vector<const ParitySide*> out{&parity.reference};
  for (const ParitySide& side : parity.candidates)
    out.push_back(&side);
  return out;
}

Rows table(const Parity& parity) {
  const std::vector<const ParitySide*> sides = sides_of(parity);
  Rows rows;
  auto add = [&](const std::string& name, const std::function<std::string(const ParitySide&)>& cell, bool all = false) {
    rows.push_back({name});
    for (const ParitySide* side : sides)
      rows.back().push_back(all || side->best.runs() ? cell(*side) : "-");
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
  add(
      "accelerator", [](const ParitySide& s) { return s.chip(); }, true);
  add("ACCELERATORS (ranks)", [](const ParitySide& s) { return s.best.reached ? counted(s.best) : "cannot"; });
  add("for one of the reference's", [&](const ParitySide& s) {
    const auto r = parity.ratio(s);
    return r ? fmt::format("{:.2f}", *r) : "-";
  });
  ratio("  if only peak FLOP/s mattered", &NominalRatio::peak);
  ratio("  if only memory's size mattered", &NominalRatio::memory_capacity);
  ratio("  if only memory's rate mattered", &NominalRatio::memory_bandwidth);
  add("tokens/s", [](const ParitySide& s) { return whole(s.best.tokens_per_s); });
  add("of what is asked for",
      [&](const ParitySide& s) { return percent(s.best.tokens_per_s / parity.target_tokens_per_s); });
  number("tokens/s/accelerator", &ParityPlan::per_accelerator, 1);
  number("effective EFLOP/s", &ParityPlan::effective_flops, 3, 1e18);
  add("MFU (causal)", [](const ParitySide& s) { return percent(s.best.mfu()); });
  for (const PowerRow& row : power_rows_of_parity)
    add(row.name, [&](const ParitySide& s) { return amount_text((*s.power).*row.what, row.size); });
  add("  at", [](const ParitySide& s) { return s.power->location.name; });
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

/// "1.21 times the megawatts": nothing where a side's are not known.
std::string times(const Parity& parity, const ParitySide& side, Amount Power::*what, const char* name) {
  const auto &mine = ((*side.power).*what).value, &theirs = ((*parity.reference.power).*what).value;
  return mine && theirs ? fmt::format("{:.2f} times the {}", mine->value / theirs->value, name) : std::string();
}
/// Of the candidate's power, racks and money what can be compared with the reference's.
std::string cost(const Parity& parity, const ParitySide& side) {
  if (!side.best.reached) return {};
  std::string out;
  for (const std::string& one :
       {times(parity, side, &Power::facility, "megawatts"), times(parity, side, &Power::racks, "racks"),
        times(parity, side, &Power::dollars_per_hour, "dollars an hour")})
    if (!one.empty()) out += (out.empty() ? " That is " : ", ") + one;
  return out.empty() ? out : out + ".";
}
/// What the rows on power and money need and nobody published.
std::string not_known(const ParitySide& side) {
  std::vector<std::string> all;
  if (side.power)
    for (const PowerRow& row : power_rows_of_parity)
      for (const std::string& what : ((*side.power).*row.what).missing)
        if (std::find(all.begin(), all.end(), what) == all.end()) all.push_back(what);
  return all.empty() ? std::string() : fmt::format("{}: not known: {}.", side.chip(), fmt::join(all, "; "));
}

/// How the number between two sizes came about.
std::string between(const ParitySide& side) {
  const ParityPlan& p = side.best;
  if (!p.interpolated()) return {};
  return fmt::format(" {} {} lie between the {} and the {} that its plan can run on: interpolated.", whole(p.count()),
                     side.chip(), whole(double(p.below)), whole(double(p.above)));
}

/// The sentence to quote.
std::string answer(const Parity& parity, const ParitySide& side) {
  const ParitySide& reference = parity.reference;
  const std::string asked = fmt::format("{} {}", whole(reference.best.count()), reference.chip());
  if (!side.best.runs()) return fmt::format("{} cannot equal {}: {}.", side.chip(), asked, side.best.why_not);
  const std::string model = side.best.at.scenario.model.name;
  if (!side.best.reached)
    return fmt::format("No number of {} equals {} on {} with {}: at most {} of it, on {}.", side.chip(), asked, model,
                       parity.scaling == Scaling::fixed_batch ? fmt::format("a batch of {} and the plans given",
                                                                            side.best.at.scenario.training.global_batch)
                                                              : "the plans given",
                       percent(side.best.tokens_per_s / parity.target_tokens_per_s),
                       whole(double(side.best.head.accelerators)));
  return fmt::format("{} {}{} equal {} on {}: {:.2f} for one, where peak FLOP/s alone would say {:.2f}.",
                     side.best.accelerators ? "" : "At most", whole(side.best.count()), " " + side.chip(), asked, model,
                     *parity.ratio(side), nominal_ratio(reference, side).peak);
}

std::string other_plans(const ParitySide& side) {
  if (side.plans.size() < 2) return {};
  std::string out;
  for (const ParityPlan& p : side.plans) {
    if (p.at.name == side.best.at.name) continue;
    out += out.empty() ? " Its other plans: " : "; ";
    if (!p.runs()) {
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

} // namespace

std::string parity_text(const Parity& parity) {
  const ParityPlan& r = parity.reference.best;
  std::string out = fmt::format("{} · sequence {} · {} tokens/s, as {} {} make\n\n", r.at.scenario.model.name,
                                r.at.scenario.training.sequence, whole(parity.target_tokens_per_s), whole(r.count()),
                                parity.reference.chip());
  out += format_table(table(parity)) + "\n";
  for (const ParitySide& side : parity.candidates)
    out += wrap(answer(parity, side) + cost(parity, side) + between(side) + other_plans(side), 0);
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
          fmt::format("{} trains in {}, the reference in {}. ", side.chip(),
                      enum_name(side.best.at.scenario.training.precision), enum_name(r.at.scenario.training.precision));
  if (!precisions.empty()) out += wrap(precisions, 0);
  for (const ParitySide* side : sides_of(parity))
    if (const std::string what = not_known(*side); !what.empty()) out += wrap(what, 0);
  out += wrap(parity.reference.chip() + ": " + evidence_sentence(r.at.scenario, r.at.cluster), 0);
  for (const ParitySide& side : parity.candidates)
    out += wrap(side.chip() + ": " + evidence_sentence(side.best.at.scenario, side.best.at.cluster), 0);
  return out;
}

} // namespace weft::analysis
