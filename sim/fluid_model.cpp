// The fluid solver as a SimGrid model: SimGrid asks it for its next end, moves the clock and tells it so.
#include "sim/fluid.hpp"
#include "sim/network.hpp"

#include <algorithm>
#include <cmath>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u/Engine.hpp>
#include <simgrid/s4u/NetZone.hpp>

namespace weft::sim {

namespace {

class FluidModel : public simgrid::kernel::resource::Model {
public:
  FluidModel(Fluid fluid, Network::Finished finished)
      : Model("weft fluid"), flows(std::move(fluid)), finished_(std::move(finished)) {}

  /// Seconds until the next end, negative for none. SimGrid asks once all that happens at a date has happened.
  double next_occurring_event(double now) override {
    const double date = flows.next(now);
    return std::isinf(date) ? -1.0 : std::max(0.0, date - now);
  }
  void update_actions_state(double now, double) override {
    for (const std::int64_t token : flows.advance(now))
      finished_(token);
  }

  Fluid flows;

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

private:
  std::shared_ptr<FluidModel> model_;
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
