#include "analysis/claim_metrics.hpp"

#include <algorithm>
#include <cmath>

namespace weft::analysis {
namespace {

std::optional<double> tax(const Facts& f) {
  return f.self.headline.tax();
}
std::optional<double> communicating(const Facts& f) {
  return f.self.headline.communicating();
}
std::optional<double> not_useful(const Facts& f) {
  return 1 - f.self.headline.mfu_causal;
}
/// A faster network can cost tokens where plans change with it, so this may be negative.
std::optional<double> excess(const Facts& f) {
  return 1 - f.self.headline.tokens_per_s / f.changed.headline.tokens_per_s;
}
double output_of(const Ran& r) {
  return r.headline.tokens_per_s_per_accelerator;
}
std::optional<double> output_lost(const Facts& f) {
  return 1 - output_of(f.self) / output_of(f.other);
}
std::optional<double> chips_per_chip(const Facts& f) {
  return output_of(f.other) / output_of(f.self);
}
/// Of the gap in output per accelerator, in orders of magnitude: half the gap closed is the square root of the ratio.
std::optional<double> gap_closed(const Facts& f) {
  const double before = std::log(output_of(f.other) / output_of(f.self));
  const double after = std::log(output_of(f.other) / output_of(f.changed));
  if (!(before > 0)) return std::nullopt; // no gap
  return 1 - after / before;
}
double peak_of_cluster(const Ran& r) {
  const auto peak = platforms::peak_of(r.cluster->accelerator, Precision::bf16);
  return peak ? peak->value.count() : 0;
}
std::optional<double> nominal_chips_per_chip(const Facts& f) {
  const double self = peak_of_cluster(f.self), other = peak_of_cluster(f.other);
  return self > 0 && other > 0 ? std::optional(other / self) : std::nullopt;
}
std::optional<double> memory_ratio(const Facts& f) {
  return f.self.cluster->accelerator.memory_capacity.value / f.other.cluster->accelerator.memory_capacity.value;
}
std::optional<double> recomputation(const Facts& f) {
  return f.self.headline.where[std::size_t(sim::Entry::recompute)] / f.self.headline.step_s;
}

/// Accelerators at which a ladder's output reaches a target, between two sizes along the line of their logarithms.
std::optional<double> size_reaching(const std::vector<Ran>& ladder, double target) {
  const Ran* below = nullptr;
  for (const Ran& r : ladder) {
    if (r.headline.tokens_per_s < target) {
      below = &r;
      continue;
    }
    const double size = double(r.headline.accelerators);
    if (!below) return size * target / r.headline.tokens_per_s; // smaller than the smallest: at its output a chip
    const double share = std::log(target / below->headline.tokens_per_s) /
                         std::log(r.headline.tokens_per_s / below->headline.tokens_per_s);
    const double from = double(below->headline.accelerators);
    return from * std::pow(size / from, share);
  }
  return std::nullopt;
}
std::optional<double> accelerators_to_match(const Facts& f) {
  const auto size = size_reaching(f.ladder, f.other.headline.tokens_per_s);
  return size ? std::optional(*size / double(f.other.headline.accelerators)) : std::nullopt;
}
std::optional<double> most_output(const Facts& f) {
  double most = 0;
  for (const Ran& r : f.ladder)
    most = std::max(most, r.headline.tokens_per_s / f.other.headline.tokens_per_s);
  return f.ladder.empty() ? std::nullopt : std::optional(most);
}

constexpr bool yes = true, no = false;
constexpr Metric table[] = {
    {"tax", Unit::share, no, no, no, "interconnect tax: share of the step that a perfect interconnect would save", tax},
    {"excess", Unit::share, yes, yes, no,
     "output that a network like the compared hardware's would add, as a share of what it would then be: 1 − output / "
     "output with its fabrics, best plan on each side",
     excess},
    {"communicating", Unit::share, no, no, no,
     "share of the step in which a collective or message of the rank is in progress, hidden or not", communicating},
    {"not useful", Unit::share, no, no, no, "1 − MFU (causal)", not_useful},
    {"output lost", Unit::share, yes, no, no, "1 − tokens/s/accelerator over those of the compared hardware",
     output_lost},
    {"chips per chip", Unit::ratio, yes, no, no,
     "tokens/s/accelerator of the compared hardware over this one's, each at the asked size", chips_per_chip},
    {"nominal chips per chip", Unit::ratio, yes, no, no, "bf16 peak of the compared accelerator over this one's",
     nominal_chips_per_chip},
    {"gap closed", Unit::share, yes, yes, no,
     "share of ln(tokens/s/accelerator of the compared hardware over this one's) that the change closes", gap_closed},
    {"memory", Unit::ratio, yes, no, no, "memory of an accelerator over that of the compared one", memory_ratio},
    {"recomputation", Unit::share, no, no, no, "share of the step spent on work done again for want of memory",
     recomputation},
    {"accelerators to match", Unit::ratio, yes, no, yes,
     "accelerators that reach the compared hardware's tokens/s at its batch, over its own: simulated at growing sizes, "
     "best plan at each, between two sizes along the line of logarithms",
     accelerators_to_match},
    {"most output", Unit::ratio, yes, no, yes,
     "most tokens/s at any of the growing sizes, with the compared hardware's batch, over its tokens/s", most_output},
};

} // namespace

std::span<const Metric> metrics() {
  return table;
}
const Metric* metric(std::string_view name) {
  const auto* it = std::find_if(std::begin(table), std::end(table), [&](const Metric& m) { return m.name == name; });
  return it == std::end(table) ? nullptr : it;
}

} // namespace weft::analysis
