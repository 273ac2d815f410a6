#include "sim/network.hpp"

#include <algorithm>
#include <cmath>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>
#include <string>
#include <unordered_map>

namespace weft::sim {

namespace sg = simgrid::s4u;
using simgrid::kernel::timer::Timer;

namespace {
// Payloads are whole bytes in SimGrid; finer grains keep rounding below 1e-9 of any message that matters.
constexpr double grains_per_byte = 1024;
// A route lists a link once per unit of weight. Past this, equal parallel activities share the weight: max-min
// treats them alike, and long routes cost more than further activities.
constexpr std::int32_t longest_repeat = 64;
} // namespace

struct Network::State {
  struct Flow {
    std::int64_t token = 0;
    std::shared_ptr<int> left; ///< parallel activities of the same transfer still running
  };
  struct Route {
    sg::Host* from = nullptr;
    sg::Host* to = nullptr;
    std::int32_t copies = 1;
  };
  std::unique_ptr<sg::Engine> engine;
  std::vector<Route> routes;
  std::function<void(std::int64_t)> finished;
  std::unordered_map<const sg::Activity*, std::pair<sg::CommPtr, Flow>> live;
  std::vector<sg::CommPtr> ended; ///< kept until the clock has moved on: dropping one inside its own callback crashes
  double ended_at = -1;
};

Network::Network(const std::vector<NetworkLink>& links, const std::vector<NetworkRoute>& routes,
                 std::function<void(std::int64_t)> finished)
    : state_(std::make_unique<State>()) {
  state_->finished = std::move(finished);
  int argc = 2;
  std::string name = "weft", quiet = "--log=root.thres:critical";
  char* arguments[] = {name.data(), quiet.data(), nullptr};
  char** argv = arguments;
  state_->engine = std::make_unique<sg::Engine>(&argc, argv);
  // Plain max-min fairness: no TCP window, no cross traffic, latency 0 on links (a timer pays it beforehand).
  sg::Engine::set_config("network/model:CM02");
  sg::Engine::set_config("network/TCP-gamma:1e30");
  sg::Engine::set_config("network/crosstraffic:0");
  sg::Engine::set_config("maxmin/precision:1e-9");

  auto* zone = sg::create_full_zone("fabric");
  std::vector<sg::Link*> made;
  for (std::size_t i = 0; i < links.size(); ++i)
    made.push_back(zone->create_link("l" + std::to_string(i), links[i].bytes_per_second * grains_per_byte)
                       ->set_latency(0.0)
                       ->seal());
  // A route is a pair of pseudo-hosts: K routes need a grid of 2·√K.
  const auto side = std::size_t(std::ceil(std::sqrt(double(std::max<std::size_t>(1, routes.size())))));
  std::vector<sg::Host*> hosts;
  for (std::size_t i = 0; i < 2 * side; ++i) {
    auto* host = zone->create_host("h" + std::to_string(i), 1.0);
    host->seal();
    hosts.push_back(host);
  }
  for (std::size_t r = 0; r < routes.size(); ++r) {
    State::Route route{hosts[r % side], hosts[side + r / side], 1};
    for (const auto& [link, weight] : routes[r].links) // as few copies as keep every repeat short
      route.copies = std::max(route.copies, (weight + longest_repeat - 1) / longest_repeat);
    while (std::any_of(routes[r].links.begin(), routes[r].links.end(),
                       [&](const auto& l) { return l.second % route.copies != 0; }) &&
           route.copies > 1)
      --route.copies;
    std::vector<sg::LinkInRoute> path;
    for (const auto& [link, weight] : routes[r].links)
      for (std::int32_t i = 0; i < weight / route.copies; ++i)
        path.emplace_back(made[std::size_t(link)]);
    zone->add_route(route.from->get_netpoint(), route.to->get_netpoint(), nullptr, nullptr, path, false);
    state_->routes.push_back(route);
  }
  zone->seal();
  State* s = state_.get();
  sg::Activity::on_completion_cb([s](const sg::Activity& activity) {
    auto it = s->live.find(&activity);
    if (it == s->live.end()) return;
    const State::Flow flow = it->second.second;
    if (s->ended_at < sg::Engine::get_clock()) s->ended.clear();
    s->ended_at = sg::Engine::get_clock();
    s->ended.push_back(std::move(it->second.first));
    s->live.erase(it);
    if (--*flow.left == 0) s->finished(flow.token);
  });
}

Network::~Network() = default;

double Network::now() const {
  return sg::Engine::get_clock();
}

void Network::start(std::int32_t route, double bytes, std::int64_t token) {
  const State::Route& r = state_->routes[std::size_t(route)];
  auto left = std::make_shared<int>(r.copies);
  const auto grains = std::max<std::uint64_t>(1, std::uint64_t(std::llround(bytes * grains_per_byte)));
  for (std::int32_t i = 0; i < r.copies; ++i) {
    sg::CommPtr comm = sg::Comm::sendto_init(r.from, r.to);
    comm->set_payload_size(grains);
    const sg::Activity* key = comm.get();
    state_->live.emplace(key, std::make_pair(comm, State::Flow{token, left}));
    comm->start();
  }
}

void* Network::at(double date, std::function<void()> call) {
  return Timer::set(date, simgrid::xbt::Task<void()>(std::move(call)));
}
void Network::cancel(void* timer) {
  static_cast<Timer*>(timer)->remove();
}

void Network::run() {
  state_->engine->run();
}

} // namespace weft::sim
