// CPU per flow of the two solvers. Usage: bench_flows narrow|wide|weighted simgrid|fluid
//   narrow:   200,000 flows over 34 links, 16 live
//   weighted: the same with weights of 61 and 37, as classes of many ranks have
//   wide:     400,000 flows over 10,000 links, 1,000 live in pods of 20
#include "sim/network.hpp"

#include <cstdio>
#include <cstring>
#include <ctime>
#include <random>

using namespace weft::sim;

namespace {

struct Bench {
  std::vector<NetworkLink> links;
  std::vector<NetworkRoute> routes;
  int streams = 0, routes_of_stream = 0, flows_of_stream = 0;
};

Bench narrow(double a, double b) {
  Bench out{std::vector<NetworkLink>(34, {50e9}), {}, 16, 1, 12500};
  for (std::int32_t s = 0; s < 16; ++s) // cards to themselves but for their neighbour's, eight to an uplink
    out.routes.push_back({{{s, a}, {16 + s, b}, {16 + (s + 1) % 16, a}, {32 + s / 8, b}}});
  return out;
}
Bench wide() {
  Bench out{std::vector<NetworkLink>(10000, {50e9}), {}, 1000, 4, 400};
  std::mt19937 random(1);
  for (std::int32_t s = 0; s < 1000; ++s)
    for (int r = 0; r < 4; ++r) { // five cards of its own pod, the pod's uplink and downlink
      const std::int32_t pod = s / 20;
      NetworkRoute route{{{pod * 200, 1}, {pod * 200 + 1, 1}}};
      for (int l = 0; l < 5; ++l)
        route.links.emplace_back(pod * 200 + 2 + std::int32_t(random() % 198), 1);
      out.routes.push_back(route);
    }
  return out;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const Bench b = !std::strcmp(argv[1], "wide")     ? wide()
                  : !std::strcmp(argv[1], "narrow") ? narrow(1, 1)
                                                    : narrow(61, 37);
  std::vector<int> left(std::size_t(b.streams), b.flows_of_stream);
  std::mt19937 random(7);
  std::unique_ptr<Network> network;
  std::int64_t started = 0;
  auto next = [&](std::int64_t stream) {
    if (left[std::size_t(stream)]-- == 0) return;
    ++started;
    const auto route =
        std::int32_t(stream * b.routes_of_stream + std::int64_t(random() % unsigned(b.routes_of_stream)));
    network->start(route, 1e8 + double(random() % 1000000000), stream);
  };
  network = make_network(!std::strcmp(argv[2], "fluid") ? Solver::fluid : Solver::simgrid, b.links, b.routes, next);
  network->at(0, [&] {
    for (int s = 0; s < b.streams; ++s)
      next(s);
  });
  const std::clock_t begin = std::clock();
  network->run();
  const double seconds = double(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%-8s %-7s %lld flows, %.3f s CPU, %.2f us a flow; clock ends at %.9f s\n", argv[1], argv[2],
              static_cast<long long>(started), seconds, seconds / double(started) * 1e6, network->now());
}
