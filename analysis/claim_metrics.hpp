#pragma once
// What a claim's reading measures of a world: one explicit table, each metric a function of steps that were simulated.

#include "analysis/headline.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace weft::analysis {

/// One step and the cluster it ran on.
struct Ran {
  Headline headline;
  const platforms::Cluster* cluster = nullptr;
  const workloads::Scenario* scenario = nullptr;
};

/// What a metric is of. `other`, `changed` and `ladder` are there where the metric says that it needs them.
struct Facts {
  Ran self;                ///< the world
  Ran other;               ///< what it is compared with
  Ran changed;             ///< the world with the reading's parts or overrides
  std::vector<Ran> ladder; ///< the world at growing sizes with the batch of `other`; those that have a plan
};

enum class Unit { share, ratio, count };

struct Metric {
  std::string_view name;
  Unit unit{};
  bool against = false;                                      ///< needs `other`
  bool changed = false;                                      ///< needs `changed`
  bool ladder = false;                                       ///< needs `ladder`
  std::string_view about;                                    ///< what it is, with its formula
  std::optional<double> (*of)(const Facts& facts) = nullptr; ///< nothing where it has no value
};

std::span<const Metric> metrics();
const Metric* metric(std::string_view name); ///< nullptr: there is none

} // namespace weft::analysis
