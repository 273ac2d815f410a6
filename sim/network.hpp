#pragma once
// The door to SimGrid: clock, timers, and flows over weighted links. Two interchangeable solvers share the links out,
// both max-min fair: SimGrid's own and ours (`fluid`), which runs on SimGrid's clock and keeps timers of its own.

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace weft::sim {

enum class Solver : std::uint8_t {
  fluid,  ///< MaxMin: real weights, any cost alike, the same bits folded or not
  simgrid ///< CM02: the oracle; integer weights, and its cost grows with them
};

/// Capacity of a link, and the links of a route with their weights, > 0. SimGrid's solver takes whole weights only.
struct NetworkLink {
  double bytes_per_second = 0;
};
struct NetworkRoute {
  std::vector<std::pair<std::int32_t, double>> links; ///< (link, weight)
};

/// At most one in a process: a second one keeps the first one's clock.
class Network {
public:
  using Finished = std::function<void(std::int64_t token)>;
  virtual ~Network();
  [[nodiscard]] double now() const;
  /// Moves `bytes` through each unit of weight of the route; `finished(token)` is called when they have passed.
  virtual void start(std::int32_t route, double bytes, std::int64_t token) = 0;
  /// The same `latency` seconds later, if any.
  virtual void start_after(double latency, std::int32_t route, double bytes, std::int64_t token) = 0;
  /// Calls back at a date; returns a handle for cancel().
  virtual void* at(double date, std::function<void()> call) = 0;
  virtual void cancel(void* timer) = 0;
  /// Calls back whenever all that happens at a date has happened, before the clock moves on. It may set and cancel
  /// timers, but start no flow.
  virtual void after_each_date(std::function<void()> call) = 0;
  void run();

protected:
  Network();
  struct Clock;
  std::unique_ptr<Clock> clock_;
};

/// Throws std::invalid_argument on weights that the solver cannot take.
std::unique_ptr<Network> make_network(Solver solver, const std::vector<NetworkLink>& links,
                                      const std::vector<NetworkRoute>& routes, Network::Finished finished);
/// What make_network() calls for Solver::fluid.
std::unique_ptr<Network> make_fluid_network(const std::vector<NetworkLink>& links,
                                            const std::vector<NetworkRoute>& routes, Network::Finished finished);

} // namespace weft::sim
