#pragma once
// Every hardware number that a step depends on, as something to turn: what it is, and how a case looks with it scaled.
// Together the rates and the times are all dimensioned constants of the model but FLOP and bytes, so that (in one unit
// of time) Σ elasticities of rates − Σ elasticities of times = −1 wherever the step is smooth in all of them.

#include "analysis/headline.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weft::analysis {

enum class KnobKind {
  rate,  ///< FLOP/s, bytes/s: more is better
  time,  ///< s: less is better. Of the √ term c·√y (y = bytes/rate) it is c² that is a time
  share, ///< achieved over nominal, at most 1
  ratio, ///< a number without unit: less is better
  size   ///< whole things: no derivative
};

struct Knob {
  std::string_view name, about;
  KnobKind kind{};
  bool bought = false; ///< comes with a chip, a node or a fabric; else it is the software's or a property of use
  /// Multiplies it by a factor wherever it stands, in every kind of node. False: there is nothing to scale here, or
  /// the result cannot be (a share above 1, a domain that the tiers do not hold).
  bool (*scale)(Case& c, double factor){};
};

/// All of them, in the order in which they are explained.
const std::vector<Knob>& knobs();

/// nullptr when there is none of that name.
const Knob* find_knob(std::string_view name);

/// The case with one of them multiplied; nothing where that cannot be.
std::optional<Case> scaled(const Case& c, const Knob& knob, double factor);

/// "rate", "time", ...
std::string_view kind_name(KnobKind kind);

} // namespace weft::analysis
