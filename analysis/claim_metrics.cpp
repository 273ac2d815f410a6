#include "analysis/claim_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weft::analysis {
namespace {

using Found = std::optional<Measure>;

Found plain(double value) {
  return Measure{value, {}, {}};
}
Found tax(const Facts& f, std::string&) {
  return plain(1 - f.self.replanned * f.self.headline.ideal_step_s / f.self.headline.step_s);
}
Found communicating(const Facts& f, std::string&) {
  return plain(f.self.headline.communicating());
}
Found not_useful(const Facts& f, std::string&) {
  return plain(1 - f.self.headline.mfu_causal);
}
Found excess(const Facts& f, std::string&) {
  return plain(1 - f.self.headline.tokens_per_s / f.changed.headline.tokens_per_s);
}

double output_of(const Ran& r) {
  return r.headline.tokens_per_s_per_accelerator;
}
Found output_lost(const Facts& f, std::string&) {
  return plain(1 - output_of(f.self) / output_of(f.other));
}
Found chips_per_chip(const Facts& f, std::string&) {
  return plain(output_of(f.other) / output_of(f.self));
}
Found gap_closed(const Facts& f, std::string& why) {
  const double before = std::log(output_of(f.other) / output_of(f.self));
  const double after = std::log(output_of(f.other) / output_of(f.changed));
  if (before > 0) return plain(1 - after / before);
  why = "there is no gap";
  return std::nullopt;
}

/// A ratio of catalog figures. Its band takes the two sides' for independent: both at their worse end at once is less
/// likely than either.
Found over(const Amount& a, const Amount& b, std::string& why) {
  const Amount ratio = a / b;
  if (ratio.value) {
    const Range &x = *a.value, &y = *b.value;
    const double value = ratio.value->value;
    const double down = std::hypot(std::log(x.value / x.low), std::log(y.high / y.value));
    const double up = std::hypot(std::log(x.high / x.value), std::log(y.value / y.low));
    if (down == 0 && up == 0) return plain(value);
    return Measure{value, value * std::exp(-down), value * std::exp(up)};
  }
  why = fmt::format("not known: {}", fmt::join(ratio.missing, ", "));
  return std::nullopt;
}
const platforms::Accelerator& chip(const Ran& r) {
  return r.plan->cluster.accelerator;
}
template <class T> Amount peak_of_chip(const Ran& r, const T& precision) {
  const auto peak = platforms::peak_of(chip(r), precision);
  return peak ? amount(*peak) : unknown(peak.error());
}
Found nominal_chips_per_chip(const Facts& f, std::string& why) {
  return over(peak_of_chip(f.other, Precision::bf16), peak_of_chip(f.self, Precision::bf16), why);
}
Found nominal_fleet(const Facts& f, std::string& why) {
  return over(exactly(f.self.fleet) * peak_of_chip(f.self, Precision::bf16),
              exactly(f.other.fleet) * peak_of_chip(f.other, Precision::bf16), why);
}
Found fleet(const Facts& f, std::string&) {
  return plain(f.self.fleet * output_of(f.self) / (f.other.fleet * output_of(f.other)));
}
Found memory(const Facts& f, std::string& why) {
  return over(amount(chip(f.self).memory_capacity), amount(chip(f.other).memory_capacity), why);
}
Found memory_per_flop(const Facts& f, std::string& why) {
  return over(amount(chip(f.self).memory_capacity) / peak_of_chip(f.self, Precision::bf16),
              amount(chip(f.other).memory_capacity) / peak_of_chip(f.other, Precision::bf16), why);
}
Found recomputation(const Facts& f, std::string&) {
  return plain(f.self.headline.where[std::size_t(sim::Entry::recompute)] / f.self.headline.step_s);
}
Found plans_left(const Facts& f, std::string& why) {
  if (f.other.fitting > 0) return plain(double(f.self.fitting) / double(f.other.fitting));
  why = "no plan fits at what it is compared with";
  return std::nullopt;
}

Found energy(const Facts& f, std::string& why) {
  return over(f.self.power->energy_per_token, f.other.power->energy_per_token, why);
}
Amount electricity_of_token(const Ran& r) {
  return r.power->electricity_per_hour / exactly(3600 * r.headline.tokens_per_s);
}
Found electricity(const Facts& f, std::string& why) {
  return over(electricity_of_token(f.self), electricity_of_token(f.other), why);
}
Found carbon(const Facts& f, std::string& why) {
  return over(f.self.power->carbon_per_token, f.other.power->carbon_per_token, why);
}
Found dollars(const Facts& f, std::string& why) {
  return over(f.self.power->dollars_per_token, f.other.power->dollars_per_token, why);
}
Found electricity_share(const Facts& f, std::string& why) {
  return over(f.self.power->electricity_per_hour, f.self.power->dollars_per_hour, why);
}
/// Ends of the band are those of the prices: the energy ratio is common to both.
Found offset(const Facts& f, std::string& why) {
  const Found joules = energy(f, why), money = electricity(f, why);
  if (!joules || !money) return std::nullopt;
  if (joules->value > 1) return plain((joules->value - money->value) / (joules->value - 1));
  why = "it needs no more energy";
  return std::nullopt;
}

/// The one candidate, where it makes the reference's output.
const ParitySide* reached(const Facts& f, std::string& why) {
  const ParitySide& side = f.parity->candidates.front();
  if (side.best.runs() && side.best.reached) return &side;
  why = side.best.runs()
            ? fmt::format("at most {:.2f} of it at any size", side.best.tokens_per_s / f.parity->target_tokens_per_s)
            : side.best.why_not;
  return nullptr;
}
Found accelerators_to_match(const Facts& f, std::string& why) {
  const ParitySide* side = reached(f, why);
  return side ? plain(side->best.count() / f.parity->reference.best.count()) : std::nullopt;
}
Found output_reached(const Facts& f, std::string& why) {
  const ParityPlan& best = f.parity->candidates.front().best;
  why = best.why_not;
  return best.runs() ? plain(std::min(1.0, best.tokens_per_s / f.parity->target_tokens_per_s)) : std::nullopt;
}
Found of_power(const Facts& f, std::string& why, Amount Power::*what) {
  const ParitySide* side = reached(f, why);
  if (!side) return std::nullopt;
  return over((*side->power).*what, (*f.parity->reference.power).*what, why);
}
Found power_to_match(const Facts& f, std::string& why) {
  return of_power(f, why, &Power::facility);
}
Found racks_to_match(const Facts& f, std::string& why) {
  return of_power(f, why, &Power::racks);
}
Found hardware_to_match(const Facts& f, std::string& why) {
  return of_power(f, why, &Power::hardware);
}

Metric simple(std::string_view name, Unit unit, std::string_view about, Found (*of)(const Facts&, std::string&)) {
  return {name, unit, false, false, false, false, about, of, false, false, false};
}
Metric compared(Metric m) {
  m.against = true;
  return m;
}
Metric changes(Metric m) {
  m.against = m.changed = true;
  return m;
}
Metric powered(Metric m) {
  m.power = true;
  return m;
}
Metric counting(Metric m) {
  m.counts = m.catalog = true;
  return m;
}
Metric catalog(Metric m) {
  m.catalog = true;
  return m;
}
Metric reaching(Metric m) {
  m.reach = true;
  return m;
}
Metric matched(Metric m) {
  m.against = m.parity = true;
  return m;
}

const std::vector<Metric>& table() {
  static const std::vector<Metric> all{
      simple("tax", Unit::share,
             "interconnect tax, replanned: 1 − step without communication over step, the best plan on each side", tax),
      changes(simple("excess", Unit::share,
                     "1 − output / output with the compared hardware's network, best plan on each side", excess)),
      simple("communicating", Unit::share,
             "share of the step in which a collective or message of the rank is in progress, hidden or not",
             communicating),
      simple("not useful", Unit::share, "1 − MFU (causal)", not_useful),
      compared(simple("output lost", Unit::share, "1 − tokens/s/accelerator over those of the compared hardware",
                      output_lost)),
      compared(simple("chips per chip", Unit::ratio, "tokens/s/accelerator of the compared hardware over this one's",
                      chips_per_chip)),
      catalog(compared(simple("nominal chips per chip", Unit::ratio,
                              "bf16 peak of the compared accelerator over this one's", nominal_chips_per_chip))),
      compared(simple("fleet", Unit::ratio, "tokens/s of one fleet over the other's, at what an accelerator makes here",
                      fleet)),
      catalog(compared(simple("nominal fleet", Unit::ratio, "bf16 peak of one fleet over the other's", nominal_fleet))),
      changes(
          simple("gap closed", Unit::share,
                 "share of ln(tokens/s/accelerator of the compared hardware over this one's) that the change closes",
                 gap_closed)),
      catalog(
          compared(simple("memory", Unit::ratio, "memory of an accelerator over that of the compared one", memory))),
      catalog(compared(simple("memory per FLOP/s", Unit::ratio,
                              "memory over bf16 peak of an accelerator, over the same of the compared one",
                              memory_per_flop))),
      simple("recomputation", Unit::share, "share of the step spent on work done again", recomputation),
      counting(
          compared(simple("plans left", Unit::ratio,
                          "plans that are legal and fit in memory, over those of the compared world", plans_left))),
      powered(compared(simple("energy", Unit::ratio, "energy of a token over that of the compared hardware", energy))),
      powered(compared(simple("electricity", Unit::ratio,
                              "dollars of electricity for a token over those of the compared hardware", electricity))),
      powered(compared(simple("carbon", Unit::ratio, "CO2 of a token over that of the compared hardware", carbon))),
      powered(compared(simple("dollars", Unit::ratio,
                              "hardware and electricity for a token over those of the compared hardware", dollars))),
      powered(simple("electricity share", Unit::share, "electricity over hardware and electricity", electricity_share)),
      powered(compared(simple("offset", Unit::share,
                              "share of the extra energy of a token that the electricity price makes up for: (energy "
                              "ratio − electricity ratio) / (energy ratio − 1)",
                              offset))),
      matched(simple("accelerators to match", Unit::ratio,
                     "accelerators that reach the compared hardware's tokens/s with its batch, over its own",
                     accelerators_to_match)),
      matched(simple("power to match", Unit::ratio, "the same in watts of the site", power_to_match)),
      matched(simple("racks to match", Unit::ratio, "the same in racks", racks_to_match)),
      matched(simple("hardware to match", Unit::ratio, "the same in dollars of nodes and network", hardware_to_match)),
      reaching(matched(
          simple("output reached", Unit::ratio,
                 "most tokens/s at any size with the compared hardware's batch, over its tokens/s; 1 when reached",
                 output_reached))),
  };
  return all;
}

} // namespace

std::span<const Metric> metrics() {
  return table();
}
const Metric* metric(std::string_view name) {
  const auto& all = table();
  const auto it = std::find_if(all.begin(), all.end(), [&](const Metric& m) { return m.name == name; });
  return it == all.end() ? nullptr : &*it;
}

} // namespace weft::analysis
