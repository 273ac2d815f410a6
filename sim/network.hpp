#pragma once
// The door to SimGrid: clock, timers, and flows over weighted links through its max-min solver.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace weft::sim {

/// Capacity of a link, and the links of a route with integer weights.
struct NetworkLink {
  double bytes_per_second = 0;
};
struct NetworkRoute {
  std::vector<std::pair<std::int32_t, std::int32_t>> links; ///< (link, weight)
};

class Network {
public:
  /// `finished(token)` is called when a flow that start() began has moved its bytes.
  Network(const std::vector<NetworkLink>& links, const std::vector<NetworkRoute>& routes,
          std::function<void(std::int64_t)> finished);
  ~Network();
  [[nodiscard]] double now() const;
  /// Moves `bytes` through each unit of weight of the route.
  void start(std::int32_t route, double bytes, std::int64_t token);
  /// Calls back at a date; returns a handle for cancel().
  void* at(double date, std::function<void()> call);
  void cancel(void* timer);
  void run();

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace weft::sim
