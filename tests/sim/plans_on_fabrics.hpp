#pragma once
// Twenty plans and five small fabrics to run them on.

#include "tests/random_worlds.hpp"

#include <array>
#include <fmt/format.h>
#include <string>
#include <vector>

namespace weft::test {

struct Fabric {
  std::string scenario;
  std::vector<std::string> sets;
  int dies = 1;
};
/// Small worlds of five fabrics; an 8-layer model, so that a run takes milliseconds.
inline std::vector<Fabric> fabrics() {
  const std::vector<std::string> small{"model=llama3-8b",     "model.layers=16", "training.sequence=2048",
                                       "plan.recompute=none", "plan.vpp=1",      "plan.schedule=1f1b"};
  auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> out = small;
    out.insert(out.end(), more.begin(), more.end());
    return out;
  };
  return {
      {"llama3-405b-16k", with({"cluster=h100-superpod"}), 1},
      {"llama3-405b-16k", with({"cluster.fabric.tiers=[" + tier("rack", 16, 2) + ", " + tier("pod", 64, 7) + "]"}), 1},
      {"llama3-405b-16k-910b", with({"cluster.fabric.tiers=[" + tier("leaf", 32, 3) + "]"}), 1},
      {"llama3-405b-16k-910c", with({"cluster.domain=32"}), 2},
      {"llama3-405b-16k", with({"cluster=h800-deepseek", "cluster.node.nics.per_node=1"}), 1}};
}

struct Degrees {
  int tp, pp, dp, zero, vpp;
  const char* order;
};
inline constexpr std::array plans{Degrees{8, 2, 2, 2, 1, "[tp, pp, dp]"},  Degrees{8, 4, 4, 1, 1, "[tp, dp, pp]"},
                                  Degrees{8, 1, 8, 2, 1, "[tp, dp, pp]"},  Degrees{4, 4, 4, 0, 2, "[tp, pp, dp]"},
                                  Degrees{4, 2, 8, 1, 4, "[tp, dp, pp]"},  Degrees{2, 4, 8, 2, 1, "[tp, dp, pp]"},
                                  Degrees{2, 8, 4, 2, 2, "[tp, pp, dp]"},  Degrees{1, 4, 16, 1, 1, "[dp, pp]"},
                                  Degrees{1, 16, 4, 0, 1, "[pp, dp]"},     Degrees{1, 1, 64, 2, 1, "[dp]"},
                                  Degrees{8, 8, 1, 0, 1, "[tp, pp]"},      Degrees{8, 8, 1, 0, 2, "[pp, tp]"},
                                  Degrees{8, 16, 4, 2, 1, "[tp, pp, dp]"}, Degrees{8, 4, 16, 2, 2, "[tp, dp, pp]"},
                                  Degrees{16, 2, 2, 1, 1, "[tp, pp, dp]"}, Degrees{8, 7, 4, 2, 1, "[tp, pp, dp]"},
                                  Degrees{8, 4, 7, 2, 1, "[tp, pp, dp]"},  Degrees{8, 4, 7, 1, 1, "[tp, dp, pp]"},
                                  Degrees{4, 3, 5, 0, 1, "[tp, pp, dp]"},  Degrees{8, 2, 32, 2, 8, "[tp, dp, pp]"}};

inline std::vector<std::string> sets_of(const Fabric& fabric, const Degrees& d) {
  auto sets = fabric.sets;
  for (const std::string& set :
       {fmt::format("plan.tp={}", d.tp), fmt::format("plan.pp={}", d.pp), fmt::format("plan.dp={}", d.dp),
        fmt::format("plan.zero={}", d.zero), fmt::format("plan.vpp={}", d.vpp), fmt::format("plan.order={}", d.order),
        fmt::format("plan.schedule={}", d.vpp > 1 ? "interleaved-1f1b" : "1f1b"),
        fmt::format("training.global_batch={}", d.dp * d.pp * 2),
        fmt::format("cluster.accelerators={}", (d.tp * d.pp * d.dp + fabric.dies - 1) / fabric.dies)})
    sets.push_back(set);
  return sets;
}

} // namespace weft::test
