// What must hold on every fabric: scaling, bounds, exchange of equals, and where more bandwidth cannot hurt.
#include "tests/random_worlds.hpp"
#include "tests/support.hpp"

using namespace weft;

namespace {

/// All rates times k, all fixed times divided by it. The √ term is c·√y with c² a time.
analysis::Loaded scaled(analysis::Loaded in, double k) {
  auto rate = [k](auto& figure) { figure.value = figure.value * k; };
  auto time = [k](auto& figure) { figure.value = figure.value / k; };
  auto& a = in.cluster.accelerator;
  for (auto& [precision, peak] : a.peak)
    rate(peak);
  rate(a.memory_bandwidth);
  rate(a.scale_up.bandwidth);
  if (a.scale_up.link_bandwidth) rate(*a.scale_up.link_bandwidth);
  if (a.host_link) rate(*a.host_link);
  auto& port = a.scale_up.timing;
  time(port.phase);
  time(port.hop);
  time(port.point_to_point);
  port.sqrt_us.value /= std::sqrt(k);
  for (auto& [precision, gemm] : a.gemm)
    time(gemm.launch);
  for (auto& [family, rows] : a.attention)
    for (auto& row : rows)
      time(row.launch);
  rate(in.cluster.node.nics.bandwidth);
  auto& latency = in.cluster.fabric.latency;
  time(latency.base);
  time(latency.hop);
  time(latency.point_to_point);
  auto& stack = in.scenario.stack;
  if (stack.dp_ring_rate) rate(*stack.dp_ring_rate);
  for (auto& [graph, host] : stack.host) {
    time(host.dense);
    time(host.experts);
    time(host.size_waits);
    time(host.expert_loop);
  }
  time(stack.step_overhead);
  return in;
}

} // namespace

TEST_CASE("all rates times k and all fixed times divided by k: the step is k times shorter") {
  for (const char* name : {"korthikanti-22b", "korthikanti-175b", "llama3-405b-16k"}) {
    // What NCCL believes when it chooses is fixed in microseconds; the algorithm must not change.
    const auto loaded = test::load(name, {"stack.collectives.all_reduce=ring"});
    const double step = test::simulate(loaded).run.step_time;
    for (double k : {0.25, 3.0}) {
      CAPTURE(std::string(name));
      CHECK(test::relative(test::simulate(scaled(loaded, k)).run.step_time, step / k) < 1e-9);
    }
  }
  const auto mesh = test::load("llama3-405b-16k-910b", {"model=llama3-8b", "plan={tp: 4, pp: 2, dp: 4, zero: 1}",
                                                        "training.global_batch=16", "cluster.accelerators=32"});
  CHECK(test::relative(test::simulate(scaled(mesh, 7)).run.step_time, test::simulate(mesh).run.step_time / 7) < 1e-9);
}

TEST_CASE("no step beats its compute's critical path or the bandwidth of any kind of link") {
  std::mt19937 random(3);
  int held = 0;
  while (held < 40) {
    const test::World world = test::random_world(random);
    const auto loaded = test::legal(world.scenario, world.sets);
    if (!loaded || loaded->cluster.ranks() > 512) continue;
    CAPTURE(fmt::format("{} {}", world.scenario, fmt::join(world.sets, " | ")));
    const auto r = test::simulate(*loaded);
    CHECK(r.run.step_time >= r.ideal.step_time * (1 - 1e-12));
    for (const auto& link : r.links)
      CHECK(r.run.step_time >= link.bytes / link.capacity * (1 - 1e-9));
    ++held;
  }
}

TEST_CASE("which of equal nodes is slow, or has a slow card, changes nothing") {
  // Two pods of 64 accelerators, replicas of 16: ranks 3 to 115 at the same place of every replica.
  const std::string tiers =
      fmt::format("cluster.fabric.tiers=[{}, {}]", test::tier("rack", 16, 1), test::tier("pod", 64, 4));
  const std::vector<std::string> sets{"model=llama3-8b",
                                      tiers,
                                      "plan={tp: 8, pp: 2, dp: 8, zero: 1, order: [tp, pp, dp]}",
                                      "training.global_batch=64",
                                      "training.sequence=2048",
                                      "cluster.accelerators=128"};
  auto at = [&](const std::string& change) {
    auto all = sets;
    all.push_back(change);
    return test::simulate("llama3-405b-16k", all).run.step_time;
  };
  const double even = test::simulate("llama3-405b-16k", sets).run.step_time;
  const double slow = at("slow_ranks=[{rank: 3, speed: 0.7}]"),
               card = at("cluster.degraded=[{link: NIC tx 3, share: 0.1}]");
  CHECK(slow > 1.01 * even);
  CHECK(card > 1.001 * even);
  for (int replica : {1, 2, 3, 4, 7}) {
    CHECK(test::relative(at(fmt::format("slow_ranks=[{{rank: {}, speed: 0.7}}]", 3 + 16 * replica)), slow) < 1e-12);
    CHECK(test::relative(at(fmt::format("cluster.degraded=[{{link: NIC tx {}, share: 0.1}}]", 3 + 16 * replica)),
                         card) < 1e-12);
  }
}

TEST_CASE("which of equal links or ranks is slow changes no bit: meshes, tori, PCIe, rails, planes, racks, sites") {
  struct Equals {
    const char* what;
    const char* scenario;
    std::vector<std::string> cluster;
    const char* plan; ///< of 64 ranks
    const char* link; ///< with a number; "" = a slow rank
    std::vector<int> numbers;
  };
  const std::string racks = fmt::format("cluster.fabric.tiers=[{}]", test::tier("rack", 16, 4));
  const std::string tp = "{tp: 8, dp: 8, zero: 1}", dp = "{dp: 64, zero: 1}";
  const std::string sites = "cluster.sites={accelerators: 16, bandwidth: {value: 200 Gbit/s, source: test, evidence: "
                            "assumed}, kilometres: {value: 10, source: test, evidence: assumed}, efficiency: {value: "
                            "0.9, source: test, evidence: assumed}}";
  const std::vector<std::string> pcie{"cluster=a100-pcie-fire-flyer2", "cluster.fabric.tiers=[]"};
  const std::vector<Equals> all{
      {"mesh", "llama3-405b-16k-910b", {}, tp.c_str(), "", {0, 3, 8, 62}},
      {"mesh", "llama3-405b-16k-910b", {}, tp.c_str(), "mesh link", {1, 8, 62, 64 + 19, 7 * 64 + 5}},
      {"torus",
       "llama3-405b-16k-910b",
       {"cluster.node.scale_up=torus", "cluster.torus=[4, 4]"},
       dp.c_str(),
       "",
       {0, 5, 63}},
      {"bridges", "llama3-405b-16k", pcie, tp.c_str(), "bridge", {0, 2, 14, 62}},
      {"PCIe ports", "llama3-405b-16k", pcie, tp.c_str(), "scale-up port tx", {1, 3, 13, 61}},
      {"rails", "llama3-405b-16k", {"cluster.fabric.kind=rail-optimised", racks}, tp.c_str(), "NIC tx", {0, 3, 9, 63}},
      {"rails alone", "llama3-405b-16k", {"cluster.fabric.kind=rail-only", racks}, tp.c_str(), "NIC rx", {0, 3, 9, 63}},
      {"planes", "llama3-405b-16k", {"cluster=h800-deepseek-planes"}, tp.c_str(), "NIC rx", {0, 3, 9, 63}},
      {"racks", "llama3-405b-16k", {racks}, tp.c_str(), "rack uplink", {0, 1, 3}},
      {"racks", "llama3-405b-16k", {racks}, dp.c_str(), "rack downlink", {0, 1, 3}},
      // From site to the next, four sites: a · 4 + b.
      {"sites", "llama3-405b-16k", {"cluster.fabric.tiers=[]", sites}, tp.c_str(), "site link", {1, 6, 11, 12}}};
  for (const Equals& e : all) {
    CAPTURE(std::string(e.what));
    CAPTURE(std::string(e.link));
    std::vector<std::string> sets = e.cluster;
    sets.insert(sets.end(), {"model=llama3-8b", "model.layers=8", "training.sequence=2048", "training.global_batch=64",
                             "cluster.accelerators=64", fmt::format("plan={}", e.plan)});
    const double even = test::simulate(e.scenario, sets).run.step_time;
    double first = 0;
    for (const int number : e.numbers) {
      CAPTURE(number);
      auto one = sets;
      one.push_back(*e.link ? fmt::format("cluster.degraded=[{{link: {} {}, share: 0.1}}]", e.link, number)
                            : fmt::format("slow_ranks=[{{rank: {}, speed: 0.7}}]", number));
      const double step = test::simulate(e.scenario, one).run.step_time;
      CHECK(step > 1.001 * even);
      if (first == 0) first = step;
      CHECK(step == first);
    }
  }
}

TEST_CASE("a chain of messages is never slower with more bandwidth, nor faster with less of a link") {
  // One microbatch through a pipeline without replicas: nothing ever shares a link.
  auto at = [](const std::string& change) {
    return test::simulate("llama3-405b-16k",
                          {"model=llama3-8b", "plan={tp: 1, pp: 8, dp: 1, zero: 0, order: [pp]}",
                           "training.global_batch=1", "cluster.node.accelerators=1", "cluster.node.nics.per_node=1",
                           fmt::format("cluster.fabric.tiers=[{}]", test::tier("rack", 2, 1)), "cluster.accelerators=8",
                           change})
        .run.step_time;
  };
  double last = 1e9;
  for (int gbit : {10, 50, 100, 200, 400, 800}) {
    const double step = at(fmt::format("cluster.node.nics.bandwidth={} Gbit/s", gbit));
    CHECK(step < last);
    last = step;
  }
  const double whole = last = at("cluster.degraded=[]");
  for (const char* share : {"0.9", "0.5", "0.4", "0.1"}) { // one card of two feeds it: half is enough
    const double step = at(fmt::format("cluster.degraded=[{{link: rack uplink 1, share: {}}}]", share));
    CHECK(step >= last * (1 - 1e-12));
    last = step;
  }
  CHECK(last > 1.001 * whole);
}
