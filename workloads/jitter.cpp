#include "workloads/jitter.hpp"

#include "platforms/base/draw.hpp"
#include "platforms/base/fields.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace weft {

using workloads::Distribution;
using workloads::Jitter;
using workloads::Variation;

template <> struct EnumNames<Distribution> {
  static constexpr std::array<std::pair<std::string_view, Distribution>, 4> values{
      {{"normal", Distribution::normal},
       {"lognormal", Distribution::lognormal},
       {"uniform", Distribution::uniform},
       {"exponential", Distribution::exponential}}};
};

Result<void> read_value(const Value& value, Variation& out) {
  static const Fields<Variation> table{
      required("distribution", &Variation::distribution, "normal, lognormal, uniform or exponential"),
      required("spread", &Variation::spread, "standard deviation over the mean: 0.02 = 2 %",
               [](const double& v) { return v >= 0 && v <= 0.2 ? std::string{} : "must be between 0 and 0.2"; })};
  return read_fields(value, table, out, "jitter");
}
Result<void> read_value(const Value& value, Jitter& out) {
  static const Fields<Jitter> table{
      optional("rank", &Jitter::rank, "speed that a rank keeps, drawn from the jitter's own seed"),
      optional("step", &Jitter::step, "speed of a rank in one step, drawn from the run's seed"),
      optional("seed", &Jitter::seed, "which machines: another one deals other speeds to the ranks",
               at_least<std::int64_t>(0))};
  return read_fields(value, table, out, "jitter");
}

namespace workloads {
namespace {

constexpr double farthest = 4; // spreads from the mean

/// Standard normal (Box and Muller).
double normal(DrawFor what, std::uint64_t seed, std::uint64_t rank) {
  const double radius = std::sqrt(-2 * std::log(uniform_draw(what, {seed, rank, 0})));
  const double z = radius * std::cos(2 * std::numbers::pi * uniform_draw(what, {seed, rank, 1}));
  return std::clamp(z, -farthest, farthest);
}

double factor(const Variation& v, DrawFor what, std::uint64_t seed, std::uint64_t rank) {
  switch (v.distribution) {
  case Distribution::normal: return 1 + v.spread * normal(what, seed, rank);
  case Distribution::lognormal: {
    const double variance = std::log1p(v.spread * v.spread); // of the logarithm; mean 1
    return std::exp(std::sqrt(variance) * normal(what, seed, rank) - variance / 2);
  }
  case Distribution::uniform: return 1 + std::numbers::sqrt3 * v.spread * (2 * uniform_draw(what, {seed, rank}) - 1);
  case Distribution::exponential:
    return 1 / (1 + v.spread * std::min(2 * farthest, -std::log(uniform_draw(what, {seed, rank}))));
  }
  return 1;
}

} // namespace

double speed_of(const Jitter& jitter, std::int64_t rank, std::int64_t run_seed) {
  double speed = 1;
  const auto r = std::uint64_t(rank);
  if (jitter.rank) speed *= factor(*jitter.rank, DrawFor::rank_speed, std::uint64_t(jitter.seed), r);
  if (jitter.step) speed *= factor(*jitter.step, DrawFor::step_jitter, std::uint64_t(run_seed), r);
  return std::round(speed * 0x1p32) * 0x1p-32; // the last places of log and cos differ between machines
}

std::string describe(const Jitter& jitter) {
  std::string out;
  auto add = [&](const char* what, const std::optional<Variation>& v) {
    if (v && v->spread > 0)
      out += fmt::format("{}{} {}, spread {} %", out.empty() ? "" : "; ", what, enum_name(v->distribution),
                         std::round(v->spread * 1e4) / 1e2);
  };
  add("rank speed", jitter.rank);
  add("step jitter", jitter.step);
  return out;
}

} // namespace workloads
} // namespace weft
