#include "sim/network.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u.hpp>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace weft::sim {

namespace sg = simgrid::s4u;
using simgrid::kernel::timer::Timer;

namespace {

/// SimGrid asks every model for its next event before the clock moves; this one has none but the timers set then,
/// which SimGrid has not seen yet.
class DateEnd : public simgrid::kernel::resource::Model {
public:
  explicit DateEnd(std::function<void()> call) : Model("weft date end"), call_(std::move(call)) {}
  double next_occurring_event(double now) override {
    call_();
    return Timer::next() < 0 ? -1.0 : std::max(0.0, Timer::next() - now);
  }
  void update_actions_state(double, double) override {}

private:
  std::function<void()> call_;
};

} // namespace

struct Network::Clock {
  std::unique_ptr<sg::Engine> engine;
};

Network::Network() : clock_(std::make_unique<Clock>()) {
  int argc = 2;
  std::string name = "weft", quiet = "--log=root.thres:critical";
  char* arguments[] = {name.data(), quiet.data(), nullptr};
  char** argv = arguments;
  clock_->engine = std::make_unique<sg::Engine>(&argc, argv);
}
Network::~Network() = default;

double Network::now() const {
  return sg::Engine::get_clock();
}
void Network::run() {
  clock_->engine->run();
}

namespace {

// Payloads are whole bytes in SimGrid; finer grains keep rounding below 1e-9 of any message that matters.
constexpr double grains_per_byte = 1024;
// A route lists a link once per unit of weight. Past this, equal parallel activities share the weight: max-min
// treats them alike, and long routes cost more than further activities.
constexpr std::int64_t longest_repeat = 64;

/// Greatest common divisor of the weights on every link. Dividing them and the capacity by it changes no share, and
/// is the only division that does not (one flow's weights alone must stay as they are).
std::vector<std::int64_t> divisors(std::size_t links, const std::vector<NetworkRoute>& routes) {
  std::vector<std::int64_t> out(links, 0);
  for (const NetworkRoute& route : routes)
    for (const auto& [link, weight] : route.links) {
      if (weight < 1 || weight != std::floor(weight) || weight > 0x1p53)
        throw std::invalid_argument("SimGrid's solver takes whole weights only; the fluid solver takes any");
      auto& divisor = out[std::size_t(link)];
      divisor = std::gcd(divisor, std::int64_t(weight));
    }
  return out;
}

class Cm02Network : public Network {
public:
  Cm02Network(const std::vector<NetworkLink>& links, const std::vector<NetworkRoute>& routes, Finished finished);
  void start(std::int32_t route, double bytes, std::int64_t token) override;
  void start_after(double latency, std::int32_t route, double bytes, std::int64_t token) override {
    if (latency > 0)
      at(now() + latency, [this, route, bytes, token] { start(route, bytes, token); });
    else
      start(route, bytes, token);
  }
  void* at(double date, std::function<void()> call) override {
    return Timer::set(date, simgrid::xbt::Task<void()>(std::move(call)));
  }
  void cancel(void* timer) override { static_cast<Timer*>(timer)->remove(); }
  void after_each_date(std::function<void()> call) override {
    clock_->engine->add_model(std::make_shared<DateEnd>(std::move(call)));
  }

private:
  struct Flow {
    std::int64_t token = 0;
    std::shared_ptr<int> left; ///< parallel activities of the same transfer still running
  };
  struct Route {
    sg::Host* from = nullptr;
    sg::Host* to = nullptr;
    std::int32_t copies = 1;
  };
  void end(const sg::Activity& activity);

  std::vector<Route> routes_;
  Finished finished_;
  std::unordered_map<const sg::Activity*, std::pair<sg::CommPtr, Flow>> live_;
  std::vector<sg::CommPtr> ended_; ///< kept until the clock has moved on: dropping one inside its own callback crashes
  double ended_at_ = -1;
};

Cm02Network::Cm02Network(const std::vector<NetworkLink>& links, const std::vector<NetworkRoute>& routes,
                         Finished finished)
    : finished_(std::move(finished)) {
  // Plain max-min fairness: no TCP window, no cross traffic, latency 0 on links (a timer pays it beforehand).
  sg::Engine::set_config("network/model:CM02");
  sg::Engine::set_config("network/TCP-gamma:1e30");
  sg::Engine::set_config("network/crosstraffic:0");
  sg::Engine::set_config("maxmin/precision:1e-9");

  const std::vector<std::int64_t> divisor = divisors(links.size(), routes);
  auto* zone = sg::create_full_zone("fabric");
  std::vector<sg::Link*> made;
  for (std::size_t i = 0; i < links.size(); ++i) {
    const double capacity = links[i].bytes_per_second / double(std::max<std::int64_t>(1, divisor[i]));
    made.push_back(zone->create_link("l" + std::to_string(i), capacity * grains_per_byte)->set_latency(0.0)->seal());
  }
  // A route is a pair of pseudo-hosts: K routes need a grid of 2·√K.
  const auto side = std::size_t(std::ceil(std::sqrt(double(std::max<std::size_t>(1, routes.size())))));
  std::vector<sg::Host*> hosts;
  for (std::size_t i = 0; i < 2 * side; ++i) {
    auto* host = zone->create_host("h" + std::to_string(i), 1.0);
    host->seal();
    hosts.push_back(host);
  }
  for (std::size_t r = 0; r < routes.size(); ++r) {
    Route route{hosts[r % side], hosts[side + r / side], 1};
    std::vector<std::pair<std::size_t, std::int64_t>> uses;
    for (const auto& [link, weight] : routes[r].links)
      uses.emplace_back(link, std::int64_t(weight) / divisor[std::size_t(link)]);
    for (const auto& use : uses) // as few copies as keep every repeat short
      route.copies = std::max(route.copies, std::int32_t((use.second + longest_repeat - 1) / longest_repeat));
    while (std::any_of(uses.begin(), uses.end(), [&](const auto& use) { return use.second % route.copies != 0; }) &&
           route.copies > 1)
      --route.copies;
    std::vector<sg::LinkInRoute> path;
    for (const auto& [link, weight] : uses)
      for (std::int64_t i = 0; i < weight / route.copies; ++i)
        path.emplace_back(made[link]);
    zone->add_route(route.from->get_netpoint(), route.to->get_netpoint(), nullptr, nullptr, path, false);
    routes_.push_back(route);
  }
  zone->seal();
  sg::Activity::on_completion_cb([this](const sg::Activity& activity) { end(activity); });
}

void Cm02Network::end(const sg::Activity& activity) {
  auto it = live_.find(&activity);
  if (it == live_.end()) return;
  const Flow flow = it->second.second;
  if (ended_at_ < now()) ended_.clear();
  ended_at_ = now();
  ended_.push_back(std::move(it->second.first));
  live_.erase(it);
  if (--*flow.left == 0) finished_(flow.token);
}

void Cm02Network::start(std::int32_t route, double bytes, std::int64_t token) {
  const Route& r = routes_[std::size_t(route)];
  auto left = std::make_shared<int>(r.copies);
  const auto grains = std::max<std::uint64_t>(1, std::uint64_t(std::llround(bytes * grains_per_byte)));
  for (std::int32_t i = 0; i < r.copies; ++i) {
    sg::CommPtr comm = sg::Comm::sendto_init(r.from, r.to);
    comm->set_payload_size(grains);
    const sg::Activity* key = comm.get();
    live_.emplace(key, std::make_pair(comm, Flow{token, left}));
    comm->start();
  }
}

} // namespace

std::unique_ptr<Network> make_network(Solver solver, const std::vector<NetworkLink>& links,
                                      const std::vector<NetworkRoute>& routes, Network::Finished finished) {
  if (solver == Solver::fluid) return make_fluid_network(links, routes, std::move(finished));
  return std::make_unique<Cm02Network>(links, routes, std::move(finished));
}

} // namespace weft::sim
