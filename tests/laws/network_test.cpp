// Do flows share links as max-min fairness says, folded or not?
#include "platforms/topology.hpp"
#include "sim/engine.hpp"
#include "sim/lower.hpp"
#include "sim/network.hpp"
#include "sim/stage_builder.hpp"
#include "tests/support.hpp"

#include <functional>
#include <iostream>
#include <random>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

using namespace weft;

namespace {

/// Without the pair that tied embeddings add.
workloads::Scenario untied(workloads::Scenario scenario) {
  scenario.model.tied_embeddings = false;
  return scenario;
}

/// Ranks of two nodes, each card of node 0 sending to its peer of node 1.
struct World {
  analysis::Loaded loaded;
  platforms::Topology topology;
  sim::Placement placement;
  sim::Program program;
  sim::CollectivePricer collectives;
  sim::FoldInput in;

  explicit World(const std::vector<std::string>& sets)
      : loaded(test::load("korthikanti-175b", sets)), topology(loaded.cluster, loaded.cluster.ranks()),
        placement(test::placed(untied(loaded.scenario), loaded.cluster, topology)), collectives(loaded.cluster) {
    in.solver_link.assign(placement.links.size(), true);
    for (const auto& placed : placement.links) {
      const auto link = topology.link(placed.id);
      in.capacity.push_back(collectives.capacity(link));
      in.start.link.push_back(std::uint64_t(in.capacity.back()));
      in.group.push_back(int(link.kind));
    }
    for (const auto& cell : placement.cells)
      in.start.rank.push_back(std::uint64_t(cell.stage));
    for (const auto& c : placement.communicators)
      in.start.communicator.push_back(std::uint64_t(c.role));
  }
  /// Stage 0 sends, stage 1 receives; `bytes` of stage 0's message.
  void one_send(double bytes) {
    program.messages.push_back({workloads::CollectiveOp::send, Bytes(bytes), sim::Dim::pp, false});
    for (int stage = 0; stage < 2; ++stage) {
      sim::StageBuilder builder;
      sim::Op op;
      op.kind = stage == 0 ? sim::OpKind::send : sim::OpKind::receive;
      op.role = stage == 0 ? sim::Role::next_send : sim::Role::next_receive;
      op.message = stage == 0 ? 0 : -1;
      op.tag = 0;
      builder.add(op, {});
      program.stages.push_back(builder.take());
    }
  }
  sim::EngineRun run(bool fold) {
    const auto folded = sim::fold(placement, in, !fold);
    auto runs = sim::run_engines(
        {{program, folded, placement, collectives, std::vector<double>(folded.ranks.size(), 1.0), {}, {{}, 0}}}, 1);
    REQUIRE(runs);
    return runs->front();
  }
};

const std::vector<std::string> exact{"cluster.node.nics.efficiency=1", "cluster.node.nics.bandwidth=400 Gbit/s",
                                     "cluster.fabric.latency.point_to_point=10 us"};

std::vector<std::string> with(std::vector<std::string> sets, const std::vector<std::string>& more) {
  sets.insert(sets.end(), more.begin(), more.end());
  return sets;
}

} // namespace

TEST_CASE("1 GB over 50 GB/s and 10 µs takes 0.020010 s") {
  for (bool fold : {true, false}) {
    World world(with(exact, {"plan.tp=8", "plan.pp=2", "plan.vpp=1", "plan.schedule=1f1b", "cluster.accelerators=16"}));
    world.one_send(1e9);
    CHECK(std::abs(world.run(fold).step_time - 0.020010) < 1e-12);
  }
}

TEST_CASE("eight senders behind one card share it: each gets an eighth") {
  for (bool fold : {true, false}) {
    World world(with(exact, {"cluster.node.nics.per_node=1", "plan.tp=8", "plan.pp=2", "plan.vpp=1",
                             "plan.schedule=1f1b", "cluster.accelerators=16"}));
    world.one_send(1e9);
    CHECK(world.run(fold).step_time == doctest::Approx(8 * 0.02 + 10e-6).epsilon(1e-12));
  }
}

namespace {

/// Runs something that needs the process's one engine in a child; returns the numbers it made.
std::vector<double> in_child(const std::function<std::vector<double>()>& work) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::fflush(nullptr);
  std::cout.flush();
  if (::fork() == 0) {
    const auto out = work();
    const auto size = ssize_t(out.size() * sizeof(double));
    ::_exit(::write(ends[1], out.data(), std::size_t(size)) == size ? 0 : 1);
  }
  ::close(ends[1]);
  std::vector<double> out(64);
  const ssize_t n = ::read(ends[0], out.data(), out.size() * sizeof(double));
  ::close(ends[0]);
  ::wait(nullptr);
  out.resize(n > 0 ? std::size_t(n) / sizeof(double) : 0);
  return out;
}

/// End of every flow started at 0 over one 50 GB/s link, given weights and bytes.
std::vector<double> ends_of(const std::vector<std::pair<int, double>>& flows,
                            sim::Solver solver = sim::Solver::simgrid) {
  return in_child([&] {
    std::vector<sim::NetworkRoute> routes;
    for (const auto& flow : flows)
      routes.push_back({{{0, double(flow.first)}}});
    std::vector<double> ends(flows.size(), -1);
    std::unique_ptr<sim::Network> network;
    network = sim::make_network(solver, {{50e9}}, routes,
                                [&](std::int64_t token) { ends[std::size_t(token)] = network->now(); });
    network->at(0, [&] {
      for (std::size_t i = 0; i < flows.size(); ++i)
        network->start(int(i), flows[i].second, std::int64_t(i));
    });
    network->run();
    return ends;
  });
}

} // namespace

TEST_CASE("eight flows beside one on a link: the class of eight takes eight ninths, as eight flows do") {
  for (sim::Solver solver : {sim::Solver::simgrid, sim::Solver::fluid}) {
    const auto folded = ends_of({{8, 1e9}, {1, 5e9}}, solver);
    std::vector<std::pair<int, double>> each(8, {1, 1e9});
    each.push_back({1, 5e9});
    const auto unfolded = ends_of(each, solver);
    REQUIRE(folded.size() == 2);
    REQUIRE(unfolded.size() == 9);
    CHECK(folded[0] == doctest::Approx(9 * 1e9 / 50e9).epsilon(1e-9));
    CHECK(folded[0] == doctest::Approx(unfolded[0]).epsilon(1e-9));
    CHECK(folded[1] == doctest::Approx(0.18 + 4e9 / 50e9).epsilon(1e-9));
    CHECK(folded[1] == doctest::Approx(unfolded[8]).epsilon(1e-9));
    if (solver == sim::Solver::fluid) {
      CHECK(folded[0] == unfolded[0]);
      CHECK(folded[1] == unfolded[8]);
    }
  }
}

TEST_CASE("weights past the repeat limit are split without a change of shares") {
  const auto split = ends_of({{512, 1e9}, {1, 520e9}});
  REQUIRE(split.size() == 2);
  CHECK(split[0] == doctest::Approx(513 * 1e9 / 50e9).epsilon(1e-9));
  CHECK(split[1] == doctest::Approx(513 * 1e9 / 50e9 + 519e9 / 50e9).epsilon(1e-9));
}

namespace {

struct FlowSet {
  std::vector<sim::NetworkLink> links;
  std::vector<sim::NetworkRoute> routes;
  std::vector<double> begin, bytes; ///< by route, each started once
};
std::vector<double> ends_of(const FlowSet& set, sim::Solver solver) {
  return in_child([&] {
    std::vector<double> ends(set.routes.size(), -1);
    std::unique_ptr<sim::Network> network;
    network = sim::make_network(solver, set.links, set.routes,
                                [&](std::int64_t token) { ends[std::size_t(token)] = network->now(); });
    for (std::size_t i = 0; i < set.routes.size(); ++i)
      network->at(set.begin[i], [&, i] { network->start(int(i), set.bytes[i], std::int64_t(i)); });
    network->run();
    return ends;
  });
}

} // namespace

TEST_CASE("the fluid solver agrees with SimGrid's on random flows with whole weights") {
  std::mt19937 random(11);
  auto up_to = [&](int n) { return int(random() % unsigned(n)); };
  for (int round = 0; round < 60; ++round) {
    FlowSet set;
    const int links = 2 + up_to(12), flows = 2 + up_to(38), largest = round % 3 == 0 ? 1 : round % 3 == 1 ? 9 : 150;
    for (int l = 0; l < links; ++l)
      set.links.push_back({1e9 * (1 + up_to(50))});
    for (int f = 0; f < flows; ++f) {
      sim::NetworkRoute route;
      for (int l = 0; l < links; ++l)
        if (up_to(3) == 0 || (l == links - 1 && route.links.empty())) route.links.emplace_back(l, 1 + up_to(largest));
      set.routes.push_back(route);
      set.begin.push_back(up_to(4) * 5.0);
      set.bytes.push_back(1e11 + up_to(1000) * 1e9);
    }
    const auto simgrid = ends_of(set, sim::Solver::simgrid), fluid = ends_of(set, sim::Solver::fluid);
    REQUIRE(simgrid.size() == std::size_t(flows));
    REQUIRE(fluid.size() == std::size_t(flows));
    for (std::size_t f = 0; f < fluid.size(); ++f) {
      CHECK(fluid[f] > set.begin[f]);
      CHECK(test::relative(fluid[f], simgrid[f]) < 1e-9);
    }
  }
}

TEST_CASE("SimGrid's solver refuses weights that are not whole, the fluid solver takes them") {
  const FlowSet set{{{10}}, {{{{0, 0.5}}}, {{{0, 1.5}}}}, {0, 0}, {10, 20}};
  const auto ends = ends_of(set, sim::Solver::fluid); // 5 a unit: 10 in 2 s, then 10 more at 10/1.5
  REQUIRE(ends.size() == 2);
  CHECK(ends[0] == doctest::Approx(2).epsilon(1e-14));
  CHECK(ends[1] == doctest::Approx(3.5).epsilon(1e-14));
  const auto refused = in_child([&] {
    try {
      sim::make_network(sim::Solver::simgrid, set.links, set.routes, [](std::int64_t) {});
    } catch (const std::invalid_argument&) {
      return std::vector<double>{1};
    }
    return std::vector<double>{0};
  });
  CHECK(refused == std::vector<double>{1});
}

TEST_CASE("a timer set when a date is over comes in time, before one set earlier for later") {
  for (sim::Solver solver : {sim::Solver::simgrid, sim::Solver::fluid}) {
    const auto dates = in_child([&] {
      std::vector<double> out;
      std::unique_ptr<sim::Network> network;
      auto note = [&] { out.push_back(network->now()); };
      network = sim::make_network(solver, {{1}}, {{{{0, 1}}}}, [&](std::int64_t) { note(); });
      int events = 0;
      bool armed = false;
      network->after_each_date([&] {
        if (events == 2 && !armed) network->at(network->now() + 1, note);
        armed = events == 2;
      });
      for (int i = 0; i < 2; ++i)
        network->at(1, [&] { ++events; });
      network->at(7, note);
      network->at(0, [&] { network->start(0, 5, 0); });
      network->run();
      return out;
    });
    CHECK(dates == std::vector<double>{2, 5, 7});
  }
}

TEST_CASE("a ring's bytes and time equal their closed forms") {
  // dp over four nodes, one ring per card: f·S over each card, latency linear in nodes.
  const auto loaded = test::load("korthikanti-175b", {"plan.tp=8", "plan.pp=1", "plan.vpp=1", "plan.dp=4",
                                                      "plan.schedule=1f1b", "cluster.accelerators=32"});
  const platforms::Topology topology(loaded.cluster, 32);
  const auto placement = test::placed(untied(loaded.scenario), loaded.cluster, topology);
  const sim::CollectivePricer pricer(loaded.cluster);
  std::vector<double> capacity;
  for (const auto& link : placement.links)
    capacity.push_back(pricer.capacity(topology.link(link.id)));
  for (const auto& c : placement.communicators) {
    if (c.role != sim::Role::dp) continue;
    const double card = 25e9 * 0.915, bytes = 1e9;
    const double latency = 8.4e-6 + 3 * 14e-6; // every rank in a domain of its own
    CHECK(pricer.isolated(workloads::CollectiveOp::all_gather, Bytes(bytes), placement, c, capacity) ==
          doctest::Approx(latency + 0.75 * bytes / card).epsilon(1e-12));
    CHECK(pricer.isolated(workloads::CollectiveOp::all_reduce, Bytes(bytes), placement, c, capacity) ==
          doctest::Approx(2 * latency + 1.5 * bytes / card).epsilon(1e-12));
  }
}

TEST_CASE("a ring over several ranks of a node spreads what crosses over the node's cards") {
  const auto loaded = test::load("korthikanti-175b", {"plan.tp=1", "plan.pp=1", "plan.vpp=1", "plan.dp=32",
                                                      "plan.schedule=1f1b", "cluster.accelerators=32"});
  const platforms::Topology topology(loaded.cluster, 32);
  const auto placement = test::placed(untied(loaded.scenario), loaded.cluster, topology);
  for (const auto& c : placement.communicators) {
    if (c.role != sim::Role::dp) continue;
    REQUIRE(c.patterns.size() == 1);
    CHECK(c.patterns.front().split == 8);
    for (const auto& use : placement.uses_of(c.patterns.front())) {
      const auto kind = topology.link(placement.links[use.link].id).kind;
      const bool card = kind == platforms::LinkKind::nic_tx || kind == platforms::LinkKind::nic_rx;
      const bool port = kind == platforms::LinkKind::scale_up_tx || kind == platforms::LinkKind::scale_up_rx;
      if (card) CHECK(use.weight == 1);
      if (port) CHECK(use.weight == 7);
    }
  }
}
