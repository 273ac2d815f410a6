#pragma once
// Flows in time: how much of each is left, and which ends next, at the rates of MaxMin. Knows no clock; whoever has
// one asks next() where to go and says advance() when it is there.

#include "sim/max_min.hpp"

#include <cstdint>
#include <vector>

namespace weft::sim {

class Fluid {
public:
  /// Ends this close to the clock, as a share of it, come together: far above its rounding (1.1e-16), as flows that
  /// end at one date may have come there by different sums, and far below what anybody looks at.
  static constexpr double tolerance = 1e-11;

  Fluid(std::vector<double> capacity, const std::vector<std::vector<std::pair<std::int32_t, double>>>& routes)
      : rates_(std::move(capacity), routes) {}

  /// From `now` on, `bytes` over a route; `token` names it when it ends.
  void start(std::int32_t route, double bytes, double now, std::int64_t token);
  /// Date of the next end, infinite when no flow moves. `now` is not before any earlier date given. Starts and ends
  /// since the last call are solved for here, together.
  double next(double now);
  /// Takes off what has ended by `now`, in order of ends, then of starts. Valid until the next call.
  const std::vector<std::int64_t>& advance(double now);

private:
  struct Progress {
    std::int64_t token = 0, order = 0;
    double left = 0;            ///< bytes, at `since`
    double since = 0, rate = 0; ///< the date from which the rate holds
    double end = 0;             ///< at this rate
    std::int32_t place = -1;    ///< in the heap
  };
  [[nodiscard]] bool before(std::int32_t a, std::int32_t b) const;
  void put(std::size_t place, std::int32_t flow);
  void rise(std::size_t place);
  void sink(std::size_t place);

  MaxMin rates_;
  std::vector<Progress> flows_;    ///< by id of MaxMin
  std::vector<std::int32_t> heap_; ///< of ends
  std::vector<std::int64_t> ended_;
  std::int64_t started_ = 0;
};

} // namespace weft::sim
