#pragma once
// Random clusters and plans, legal or not: what properties are held against.

#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <random>
#include <string>
#include <vector>

namespace weft::test {

inline std::string tier(const char* name, std::int64_t accelerators, double oversubscription) {
  return fmt::format("{{name: {}, accelerators: {}, oversubscription: {{value: {}, source: test, evidence: assumed}}}}",
                     name, accelerators, oversubscription);
}

/// A random world of at most 6,144 ranks: order, degrees, blocks, sharding, experts, slow ranks, degraded links.
struct World {
  std::string scenario;
  std::vector<std::string> sets;
};

inline World random_world(std::mt19937& random) {
  auto one_of = [&](auto... values) {
    const std::array all{values...};
    return all[std::uniform_int_distribution<std::size_t>(0, all.size() - 1)(random)];
  };
  World w;
  w.scenario = one_of("llama3-405b-16k", "llama3-405b-16k", "llama3-405b-16k-910b");
  const bool experts = one_of(0, 0, 1) == 1;
  const int tp = one_of(1, 2, 4, 8, 8), pp = one_of(1, 2, 3, 4, 8), cp = one_of(1, 1, 1, 2),
            dp = one_of(4, 6, 8, 12, 16, 20, 24, 32);
  const int ranks = tp * pp * cp * dp;
  const int ep = experts ? one_of(1, 2, 4, 8) : 1;
  const char* order = one_of("[tp, cp, pp, dp]", "[tp, cp, dp, pp]", "[tp, dp, cp, pp]", "[tp, pp, dp, cp]");
  const int rack = one_of(16, 32, 8), pod = rack * one_of(2, 3, 4, 6);
  const std::string tiers = fmt::format("cluster.fabric.tiers=[{}, {}]", tier("rack", rack, one_of(0.5, 1.0, 2.0)),
                                        tier("pod", pod, one_of(1.0, 4.0, 7.0)));
  w.sets = {"cluster=" +
                std::string(w.scenario.ends_with("910b") ? "910b-roce" : one_of("h100-meta-24k-roce", "h100-superpod")),
            experts ? "model=mixtral-8x7b" : "model=llama3-8b",
            fmt::format("model.layers={}", 4 * pp),
            "training.sequence=2048",
            fmt::format("training.global_batch={}", dp * pp * 2),
            fmt::format("cluster.accelerators={}", ranks)};
  w.sets.push_back(tiers);
  const int shard = dp % 4 == 0 && cp == 1 && !experts ? one_of(0, 0, 2, 4) : 0;
  const int zero = shard > 0 ? one_of(1, 2) : one_of(0, 1, 2);
  w.sets.push_back(
      fmt::format("plan={{tp: {}, pp: {}, cp: {}, dp: {}, ep: {}, expert_tp: 1, zero: {}, shard_group: {}, order: {}}}",
                  tp, pp, cp, dp, ep, zero, shard, order));
  std::uniform_int_distribution<int> rank(0, ranks - 1);
  if (one_of(0, 0, 1) == 1) w.sets.push_back(fmt::format("slow_ranks=[{{rank: {}, speed: 0.8}}]", rank(random)));
  if (one_of(0, 0, 1) == 1)
    w.sets.push_back(
        fmt::format("cluster.degraded=[{{link: {} {}, share: 0.5}}]", one_of("NIC tx", "NIC rx"), rank(random)));
  else if (one_of(0, 1) == 1 && w.sets.front() == "cluster=h100-meta-24k-roce")
    w.sets.push_back(
        fmt::format("cluster.degraded=[{{link: {} 0, share: 0.25}}]", one_of("pod uplink", "rack downlink")));
  return w;
}

} // namespace weft::test
