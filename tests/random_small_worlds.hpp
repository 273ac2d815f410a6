#pragma once
// Random small worlds, legal or not: every kind of scale-up and scale-out, routing, sites, degraded links, slow and
// jittery ranks, and all that a plan can say.

#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

namespace weft::test {

struct SmallWorld {
  std::string scenario;
  std::vector<std::string> sets;
  std::int64_t seed = 0; ///< of the run
  [[nodiscard]] std::string text() const {
    std::string out = fmt::format("weft run {} --seed {}", scenario, seed);
    for (const std::string& set : sets)
      out += fmt::format(" --set '{}'", set);
    return out;
  }
};

/// Draws one world after the other.
class SmallWorlds {
public:
  explicit SmallWorlds(unsigned seed) : random_(seed), algorithms_(seed) {}

  SmallWorld next() {
    world_ = {};
    degradable_.clear();
    draw_degrees();
    draw_scale_up();
    draw_fabric();
    draw_model();
    draw_plan();
    draw_ranks();
    draw_algorithms();
    world_.seed = below(1000);
    return world_;
  }

private:
  static constexpr std::int64_t fewest_ranks = 8, most_ranks = 512;
  std::int64_t below(std::int64_t n) { return std::int64_t(random_() % std::uint64_t(n)); }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  template <class... T> auto one_of(T... values) {
    const std::array<std::common_type_t<T...>, sizeof...(T)> all{values...};
    return all[std::size_t(below(std::int64_t(all.size())))];
  }
  template <class... T> void set(fmt::format_string<T...> text, T&&... values) {
    world_.sets.push_back(fmt::format(text, std::forward<T>(values)...));
  }
  template <class T> static std::string figure(const T& value) {
    return fmt::format("{{value: {}, source: test, evidence: assumed}}", value);
  }

  void draw_degrees() {
    do {
      tp_ = one_of(1, 1, 2, 4, 8);
      pp_ = one_of(1, 2, 2, 3, 4, 8);
      cp_ = one_of(1, 1, 1, 1, 2, 4);
      dp_ = one_of(1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 12, 16, 24, 32);
      ranks_ = tp_ * pp_ * cp_ * dp_;
    } while (ranks_ < fewest_ranks || ranks_ > most_ranks || (ranks_ > 128 && !one_in(3)));
  }

  void draw_scale_up() {
    dies_ = 1;
    node_ = 8;
    cards_ = 8;
    world_.scenario = "llama3-405b-16k";
    huawei_ = false;
    switch (below(5)) {
    case 0:
      set("cluster={}", one_of("h100-meta-24k-roce", "h100-superpod", "h800-deepseek"));
      draw_node();
      domain_ = node_;
      degradable_ = {"scale-up port tx", "scale-up port rx"};
      break;
    case 1:
      world_.scenario = "llama3-405b-16k-910b";
      set("cluster=910b-roce");
      draw_node();
      domain_ = node_;
      huawei_ = true;
      degradable_ = {"mesh link"};
      break;
    case 2: {
      world_.scenario = "llama3-405b-16k-910b";
      set("cluster=910b-roce");
      set("cluster.node.scale_up=torus");
      const int which = int(below(6));
      const std::array sizes{"[4, 2]", "[2, 2, 2]", "[4, 4]", "[3, 8]", "[4, 4, 2]", "[2, 3, 4]"};
      const std::array all{8, 8, 16, 24, 32, 24};
      domain_ = all[std::size_t(which)];
      set("{}={}", domain_ == node_ ? "cluster.node.torus" : "cluster.torus", sizes[std::size_t(which)]);
      degradable_ = {"torus link x+", "torus link y+"};
      huawei_ = true;
      break;
    }
    case 3:
      if (one_in(2)) {
        world_.scenario = "llama3-405b-16k-910c";
        dies_ = 2;
        huawei_ = true;
        domain_ = one_of(8, 16, 32);
      } else {
        set("cluster=h100-meta-24k-roce");
        set("cluster.node.scale_up=two-tier");
        draw_node();
        domain_ = node_ * one_of(2, 3, 4);
      }
      set("cluster.domain={}", domain_);
      degradable_ = {"scale-up port tx", "scale-up port rx"};
      break;
    default:
      set("cluster=a100-pcie-fire-flyer2");
      cards_ = one_of(1, 1, 2, 4);
      set("cluster.node.nics.per_node={}", cards_);
      if (one_in(2)) {
        set("cluster.node.pcie.per_switch={}", one_of(2, 4));
        set("cluster.node.pcie.uplink={}", figure(one_of("20 GB/s", "32 GB/s")));
        degradable_.emplace_back("PCIe switch uplink");
      }
      if (one_in(2)) set("cluster.node.pcie.host={}", figure(one_of("40 GB/s", "90 GB/s")));
      domain_ = node_;
      degradable_.insert(degradable_.end(), {"bridge", "scale-up port rx"});
    }
    degradable_.insert(degradable_.end(), {"NIC tx", "NIC rx"});
  }
  void draw_node() {
    node_ = one_of(8, 8, 8, 4, 2);
    cards_ = one_of(node_, node_, node_ / 2, 1);
    set("cluster.node.accelerators={}", node_);
    set("cluster.node.nics.per_node={}", cards_);
  }

  void draw_fabric() {
    const int kind = int(below(5));
    set("cluster.fabric.kind={}", std::array{"clos", "clos", "rail-optimised", "rail-only", "clos"}[std::size_t(kind)]);
    if (kind == 4) {
      set("cluster.fabric.plane_of={}", one_of("nic", "nic", "port"));
      set("cluster.fabric.planes={}", one_of(2, 2, 4));
    }
    const bool hashed = one_in(3);
    set("cluster.fabric.routing={}", hashed ? "hashed" : one_of("balanced", "balanced", "adaptive"));
    if (hashed) set("cluster.fabric.queue_pairs={}", one_of(1, 1, 2, 4));
    std::string tiers;
    std::int64_t below_it = domain_;
    for (const char* name : {"rack", "pod", "hall"}) {
      below_it *= one_of(1, 2, 2, 3, 4);
      tiers += fmt::format("{}{{name: {}, accelerators: {}, oversubscription: {}", tiers.empty() ? "" : ", ", name,
                           below_it, figure(one_of(0.5, 1.0, 1.0, 1.5, 2.0, 4.0, 7.0)));
      if (one_in(3)) tiers += fmt::format(", uplinks: {}", figure(one_of(1, 2, 3, 8)));
      tiers += "}";
      degradable_.push_back(fmt::format("{} {}", name, one_of("uplink", "downlink")));
      if (one_in(3)) break;
    }
    set("cluster.fabric.tiers=[{}]", tiers);
    set("cluster.accelerators={}", ranks_ / dies_);
    if (one_in(4)) draw_gaps();
    if (domain_ == node_ && world_.scenario == "llama3-405b-16k" && cards_ * 4 >= node_ && one_in(5)) draw_parts();
    if (one_in(5) && ranks_ / dies_ > below_it)
      set("cluster.sites={{accelerators: {}, bandwidth: {}, kilometres: {}, efficiency: {}}}", below_it,
          figure(one_of("100 Gbit/s", "1 TB/s")), figure(one_of(0.0, 50.0, 500.0)), figure(one_of(0.8, 1.0)));
  }

  /// Part-filled domains, and what is out of service.
  void draw_gaps() {
    if (one_in(2)) set("cluster.fill=[{}, {}]", 1 + below(domain_), domain_ - below(domain_ / 2));
    if (one_in(2)) set("cluster.without=[accelerator {}, {} {}]", below(8), one_of("node", "domain"), below(2));
  }
  /// Other nodes after the first half.
  void draw_parts() {
    const std::int64_t first = (ranks_ + 1) / 2;
    const char* other = one_of("hgx-h800", "dgx-a100", "mi300x-8");
    const std::int64_t node = one_in(3) ? 2 * node_ : node_;
    set("cluster.parts=[{{node: {{name: dgx-h100, accelerators: {}, nics: {{per_node: {}}}}}, accelerators: {}}}, "
        "{{node: {{name: {}, accelerators: {}, nics: {{per_node: {}}}}}, accelerators: {}}}]",
        node_, cards_, first, other, node, cards_, ranks_ - first);
  }

  void draw_model() {
    schedule_ = pp_ == 1 ? "1f1b"
                         : one_of("1f1b", "1f1b", "interleaved-1f1b", "interleaved-1f1b", "gpipe", "zb-h1", "zb-1p",
                                  "zb-2p", "zb-v", "v-half", "v-min", "dualpipe", "async-1f1b");
    const bool two = schedule_ == "zb-v" || schedule_ == "v-half" || schedule_ == "v-min" || schedule_ == "dualpipe";
    vpp_ = schedule_ == "interleaved-1f1b" ? one_of(2, 2, 3) : two ? 2 : 1;
    experts_ = one_in(3);
    if (one_in(2)) {
      set("model={}", experts_ ? "mixtral-8x7b" : "llama3-8b");
    } else {
      set("model={{name: {}, layers: 1, hidden: 2048, heads: 16, kv_heads: 8, head_dim: 128, vocab: 16384, ffn: 8192, "
          "gated_mlp: true, tied_embeddings: {}{}}}",
          experts_ ? "experts" : "dense", one_of("true", "false"),
          experts_ ? fmt::format(", experts: {{count: 16, top_k: 2, ffn: 2048, shared: {}}}", below(2)) : "");
    }
    if (experts_ && one_in(2)) set("model.experts.skew={}", one_of(1.1, 1.4, 1.9));
    set("model.layers={}", pp_ * vpp_ + one_of(0, 0, 1, pp_ * vpp_));
    set("training.sequence={}", one_of(2048, 4096));
    microbatch_ = one_of(1, 1, 2);
    const std::int64_t rounds = schedule_ == "1f1b" || schedule_ == "interleaved-1f1b" ? one_of(1, 2) : 2;
    const std::int64_t extra = schedule_ == "1f1b" || schedule_ == "gpipe" ? one_of(0, 0, 1) : 0;
    set("training.global_batch={}", dp_ * microbatch_ * (pp_ * rounds + extra));
  }

  void draw_plan() {
    const int ep = experts_ ? one_of(1, 2, 4, 8) : 1;
    const int zero = one_of(0, 1, 1, 2, 2, 3);
    std::string plan =
        fmt::format("tp: {}, cp: {}, cp_algorithm: {}, pp: {}, vpp: {}, dp: {}, ep: {}, zero: {}, microbatch: {}, "
                    "schedule: {}, recompute: {}, order: {}",
                    tp_, cp_, one_of("ring", "all-gather", "all-to-all"), pp_, vpp_, dp_, ep, zero, microbatch_,
                    schedule_, one_of("none", "none", "selective", "full"),
                    one_of("[tp, cp, ep, dp, pp]", "[tp, cp, ep, pp, dp]", "[tp, dp, cp, pp]", "[pp, dp, cp, tp]",
                           "[dp, tp, pp, cp]"));
    if (experts_ && tp_ > 1) plan += fmt::format(", expert_tp: {}", one_of(1, 1, tp_));
    if (!experts_ && one_in(4)) plan += ", sp: false";
    if (ep > 1 && (pp_ == 1 || schedule_ == "interleaved-1f1b") && one_in(2)) plan += ", ep_overlap: true";
    const std::int64_t cut = one_of(2, 2, 3, 4);
    if (zero > 0 && ep == 1 && one_in(3) && dp_ * cp_ % cut == 0)
      plan += fmt::format(", shard_group: {}", dp_ * cp_ / cut);
    else if (dp_ % 2 == 0 && one_in(12))
      plan += fmt::format(", outer: {{inner_steps: 4, replicas: 2, overlap: {}}}", one_of("true", "false"));
    set("plan={{{}}}", plan);
    if (huawei_)
      set("stack={}", one_of("mindspeed-2024", "pangu-2025"));
    else
      set("stack={}", one_of("meta-llama3-2024", "megatron-te-2025", "torchtitan-fsdp2", "megatron-2023"));
    if (one_in(2)) set("stack.dp_bucket={}", figure(one_of("40 MB", "100 MB", "400 MB")));
  }

  void draw_ranks() {
    if (one_in(3))
      set("slow_ranks=[{{rank: {}, speed: 0.8}}, {{rank: {}, speed: {}}}]", below(ranks_ / 2),
          ranks_ / 2 + below(ranks_ / 2), one_of(0.8, 0.9));
    if (one_in(6)) {
      const char* rank = one_of("normal", "lognormal", "uniform");
      set("jitter={{rank: {{distribution: {}, spread: 0.02}}, step: {{distribution: exponential, spread: 0.01}}}}",
          rank);
    }
    if (one_in(3)) {
      // Numbers that exist for the kind: one of a rank's, a switch's, or a block's.
      const std::string kind = degradable_[std::size_t(below(std::int64_t(degradable_.size())))];
      // A node's mesh has a link from each accelerator to each other one; number 1 is the first.
      const bool ranks_own = kind.ends_with("port tx") || kind.ends_with("port rx") || kind.starts_with("torus") ||
                             kind.starts_with("bridge");
      const std::int64_t number = ranks_own                 ? below(ranks_)
                                  : kind.starts_with("NIC") ? below(ranks_ / 8 + 1)
                                  : kind == "mesh link"     ? 1
                                                            : 0;
      set("cluster.degraded=[{{link: {} {}, share: {}}}]", kind, number, one_of(0.1, 0.5, 0.75));
    }
  }

  /// What can run anywhere; the others need a kind of world. Apart from the rest of the world, which stays the same.
  void draw_algorithms() {
    const std::array reduce{"auto", "auto", "auto", "ring", "tree", "tree", "nhr", "halving-doubling"};
    const std::array gather{"auto", "auto", "auto", "auto", "auto", "ring", "nhr", "halving-doubling"};
    set("stack.collectives={{all_reduce: {}, all_gather: {}, reduce_scatter: {}}}", reduce[algorithms_() % 8],
        gather[algorithms_() % 8], gather[algorithms_() % 8]);
  }

  std::mt19937 random_, algorithms_;
  SmallWorld world_;
  std::vector<std::string> degradable_; ///< kinds of links
  std::string schedule_;
  std::int64_t tp_ = 1, pp_ = 1, cp_ = 1, dp_ = 1, vpp_ = 1, ranks_ = 1, microbatch_ = 1;
  std::int64_t node_ = 8, cards_ = 8, domain_ = 8, dies_ = 1; ///< accelerators, but for the cards
  bool experts_ = false, huawei_ = false;
};

} // namespace weft::test
