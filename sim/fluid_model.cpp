// The fluid solver and timers as a SimGrid model: SimGrid asks it for its next date, moves the clock and tells it so.
#include "sim/fluid.hpp"
#include "sim/network.hpp"
#include "sim/timers.hpp"

#include <algorithm>
#include <cmath>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u/Engine.hpp>
#include <simgrid/s4u/NetZone.hpp>

namespace weft::sim {

namespace {

/// Flows and timers. SimGrid's timers cost an allocation or two and a place in a Fibonacci heap each; dates, and what
/// happens at one, are the same.
class FluidModel : public simgrid::kernel::resource::Model {
public:
  FluidModel(Fluid fluid, Network::Finished finished)
      : Model("weft fluid"), flows(std::move(fluid)), finished_(std::move(finished)) {}

  /// Seconds until the next end or timer, negative for none. SimGrid asks once all that happens at a date has happened.
  double next_occurring_event(double now) override {
    const double end = flows.next(now);
    if (date_ends) date_ends();
    const double date = std::min(end, timers.next());
    return std::isinf(date) ? -1.0 : std::max(0.0, date - now);
  }
  void update_actions_state(double now, double) override {
    for (const std::int64_t token : flows.advance(now))
      finished_(token);
    timers.run_due(now);
  }

  Fluid flows;
  Timers timers;
  std::function<void()> date_ends;

private:
  Network::Finished finished_;
};

class FluidNetwork : public Network {
public:
  explicit FluidNetwork(std::shared_ptr<FluidModel> model) : model_(std::move(model)) {
    simgrid::s4u::create_empty_zone("clock"); // SimGrid does not run without a platform
    simgrid::s4u::Engine::get_instance()->add_model(model_);
  }
  void start(std::int32_t route, double bytes, std::int64_t token) override {
    model_->flows.start(route, bytes, now(), token);
  }
  void start_after(double latency, std::int32_t route, double bytes, std::int64_t token) override {
    if (!(latency > 0)) return start(route, bytes, token);
    if (unused_.empty()) {
      unused_.push_back(std::int32_t(waiting_.size()));
      waiting_.emplace_back();
    }
    const std::int32_t place = unused_.back();
    unused_.pop_back();
    waiting_[std::size_t(place)] = {route, bytes, token};
    at(now() + latency, [this, place] { // no more than fits into a function without an allocation
      const Waiting flow = waiting_[std::size_t(place)];
      unused_.push_back(place);
      start(flow.route, flow.bytes, flow.token);
    });
  }
  void* at(double date, std::function<void()> call) override { return model_->timers.set(date, std::move(call)); }
  void cancel(void* timer) override { model_->timers.remove(static_cast<Timers::Timer*>(timer)); }
  void after_each_date(std::function<void()> call) override { model_->date_ends = std::move(call); }

private:
  struct Waiting { ///< for its latency to pass
    std::int32_t route = 0;
    double bytes = 0;
    std::int64_t token = 0;
  };
  std::shared_ptr<FluidModel> model_;
  std::vector<Waiting> waiting_;
  std::vector<std::int32_t> unused_; ///< places in it
};

} // namespace

std::unique_ptr<Network> make_fluid_network(const std::vector<NetworkLink>& links,
                                            const std::vector<NetworkRoute>& routes, Network::Finished finished) {
  std::vector<double> capacity;
  for (const NetworkLink& link : links)
    capacity.push_back(link.bytes_per_second);
  std::vector<std::vector<std::pair<std::int32_t, double>>> uses;
  for (const NetworkRoute& route : routes)
    uses.push_back(route.links);
  return std::make_unique<FluidNetwork>(
      std::make_shared<FluidModel>(Fluid(std::move(capacity), uses), std::move(finished)));
}

} // namespace weft::sim
