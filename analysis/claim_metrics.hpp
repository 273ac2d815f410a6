#pragma once
// What a claim's reading measures of a world: one explicit table, each metric a function of steps that were simulated.

#include "analysis/parity.hpp"
#include "analysis/power.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weft::analysis {

/// One step and the cluster it ran on.
struct Ran {
  Headline headline;
  const Case* plan = nullptr;
  double replanned = 1;       ///< of the headline's step without communication: what the plan that is best there takes
  std::size_t fitting = 0;    ///< plans of its world that fit
  double fleet = 0;           ///< accelerators that the reading counts instead of the world's; 0 = none
  std::optional<Power> power; ///< at the reading's location
  std::string kin;            ///< equal for worlds that differ in size only
};

/// What a metric is of. `other`, `changed` and `parity` are there where the metric says that it needs them.
struct Facts {
  Ran self;                       ///< the world
  Ran other;                      ///< what it is compared with
  Ran changed;                    ///< the world with the reading's parts or overrides
  const Parity* parity = nullptr; ///< `other` as the reference, this world's hardware as the one candidate
};

/// A metric's value; low and high where its inputs have them.
struct Measure {
  double value = 0;
  std::optional<double> low, high;
};

enum class Unit { share, ratio, count };

struct Metric {
  std::string_view name;
  Unit unit{};
  bool against = false;   ///< needs `other`
  bool changed = false;   ///< needs `changed`
  bool parity = false;    ///< needs `parity`
  bool power = false;     ///< needs the power of what it is of
  std::string_view about; ///< what it is, with its formula
  /// Nothing where it has no value; `why` then says what is missing.
  std::optional<Measure> (*of)(const Facts& facts, std::string& why) = nullptr;
  bool reach = false;   ///< of `parity`: a share that shrinks where more accelerators are needed
  bool catalog = false; ///< of catalog figures only: no step changes it
  bool counts = false;  ///< is of how many plans fit: none is a number too
};

std::span<const Metric> metrics();
const Metric* metric(std::string_view name); ///< nullptr: there is none

} // namespace weft::analysis
