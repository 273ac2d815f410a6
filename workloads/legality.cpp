// What forbids a plan (declared in plan.hpp).
#include "platforms/base/fields.hpp"
#include "workloads/chunk.hpp"
#include "workloads/plan.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <string>

namespace weft::workloads {
namespace {

constexpr std::int64_t widest = 100'000'000;

/// First thing wrong, or nothing.
std::string wrong_sizes(const Plan& p, std::int64_t ranks) {
  for (std::int64_t d : {p.tp, p.cp, p.pp, p.dp})
    if (d > ranks || p.tp * p.pp > widest || p.tp * p.pp * p.cp > widest || p.ranks() != ranks)
      return fmt::format("tp {} × {}pp {} × dp {} makes {} ranks, the cluster has {}", p.tp,
                         p.cp > 1 ? fmt::format("cp {} × ", p.cp) : "", p.pp, p.dp,
                         double(p.tp) * double(p.cp) * double(p.pp) * double(p.dp), ranks);
  return {};
}

std::string wrong_tensor(const Model& model, const Training& training, const Plan& p) {
  if (model.heads % p.tp != 0) return fmt::format("{} heads do not divide by tp {}", model.heads, p.tp);
  if (!model.latent && model.kv_heads % p.tp != 0 && p.tp % model.kv_heads != 0)
    return fmt::format("{} kv_heads and tp {} do not divide either way", model.kv_heads, p.tp);
  if (model.ffn % p.tp != 0) return fmt::format("ffn {} does not divide by tp {}", model.ffn, p.tp);
  if (p.sp && training.sequence % p.tp != 0)
    return fmt::format("sequence {} does not divide by tp {} (sequence parallelism)", training.sequence, p.tp);
  if (training.sequence % (p.cp * (p.sp ? p.tp : 1)) != 0)
    return fmt::format("sequence {} does not divide by cp {} × tp {}", training.sequence, p.cp, p.sp ? p.tp : 1);
  if (p.cp > 1 && p.cp_algorithm == ContextAlgorithm::all_to_all && model.heads % (p.tp * p.cp) != 0)
    return fmt::format("{} heads do not divide by tp {} × cp {}, between which cp_algorithm all-to-all deals them",
                       model.heads, p.tp, p.cp);
  return {};
}

std::string wrong_experts(const Model& model, const Plan& p) {
  if (p.expert_tp != 1 && p.expert_tp != p.tp)
    return fmt::format("expert_tp {} is neither 1 nor tp {}", p.expert_tp, p.tp);
  if (!model.experts) {
    if (p.ep > 1) return fmt::format("ep {} needs a model with experts, {} has none", p.ep, model.name);
    if (p.expert_tp > 1) return fmt::format("expert_tp needs a model with experts, {} has none", model.name);
    return p.ep_overlap ? "ep_overlap needs a model with experts" : std::string{};
  }
  if (model.experts->count % p.ep != 0)
    return fmt::format("{} experts do not divide by ep {}", model.experts->count, p.ep);
  if (model.experts->ffn % p.expert_tp != 0)
    return fmt::format("expert ffn {} does not divide by expert_tp {}", model.experts->ffn, p.expert_tp);
  if (p.tp * p.cp * p.dp % (p.ep * p.expert_tp) != 0)
    return fmt::format("ep {} × expert_tp {} does not divide the {} ranks of a stage", p.ep, p.expert_tp,
                       p.tp * p.cp * p.dp);
  if (p.ep > 1 && model.experts->capacity == 0 && model.experts->skew > double(p.ep))
    return fmt::format("skew {}: the busiest of ep {} ranks gets at most all tokens, {} times the mean",
                       model.experts->skew, p.ep, p.ep);
  if (p.tp > 1 && !p.sp) return "experts beside tp need sp: true, so that every rank brings its own tokens";
  if (p.ep_overlap && p.ep == 1) return "ep_overlap needs ep above 1";
  if (p.ep_overlap && p.pp > 1 && p.schedule != Schedule::interleaved)
    return "ep_overlap needs interleaved-1f1b in a pipeline (dualpipe overlaps by itself)";
  return {};
}

std::string wrong_outer(const Model& model, const Plan& p) {
  if (!p.loose()) return p.outer.replicas > 0 ? "outer.replicas needs outer.inner_steps above 1" : std::string{};
  if (p.dp == 1) return "outer.inner_steps needs dp above 1: the replicas that average";
  if (p.loose_groups() < 2 || p.dp % p.loose_groups() != 0)
    return fmt::format("dp {} does not divide into {} loosely coupled groups", p.dp, p.loose_groups());
  if (p.shard_group > 0) return "shard_group beside outer is not modelled: ZeRO shards inside a loosely coupled group";
  const auto at = [&](Dimension d) { return std::find(p.order.begin(), p.order.end(), d); };
  if (p.cp > 1 && at(Dimension::cp) > at(Dimension::dp))
    return "outer beside cp needs an order with cp before dp: a loosely coupled group holds whole sequences";
  if (model.experts && p.tp > 1 && at(Dimension::tp) > at(Dimension::dp))
    return "outer beside experts needs an order with tp before dp: a loosely coupled group holds whole experts";
  if (model.experts && p.ep * p.expert_tp != p.tp * p.coupled())
    return fmt::format(
        "outer beside experts needs ep × expert_tp ({}) to fill a loosely coupled group's stage ({} ranks)",
        p.ep * p.expert_tp, p.tp * p.coupled());
  return {};
}

std::string wrong_sharding(const Model& model, const Plan& p) {
  if (p.shard_group > 0 && p.replicas() % p.shard_group != 0)
    return fmt::format("shard_group {} does not divide dp {} × cp {}", p.shard_group, p.dp, p.cp);
  if (p.shard_group > 0 && p.zero == 0) return "shard_group needs zero 1, 2 or 3: it says over whom ZeRO shards";
  if (p.shard_group > 0 && p.shard_group < p.replicas() && p.expert_replicas() != p.replicas() && p.ep > 1)
    return "shard_group below dp × cp is not modelled beside ep: experts have replicas of their own";
  return wrong_outer(model, p);
}

std::string wrong_pipeline(const Model& model, const Training& training, const Plan& p) {
  const std::int64_t m = microbatches(p, training), virtuals = virtual_stages(p);
  if (p.schedule == Schedule::interleaved && m % p.pp != 0)
    return fmt::format("interleaved-1f1b needs microbatches ({}) to be a multiple of pp {}", m, p.pp);
  if (p.vpp > 1 && p.pp == 1) return "vpp needs pp above 1";
  if (p.schedule == Schedule::dualpipe && (p.pp % 2 != 0 || m % 2 != 0 || m < 2 * p.pp))
    return fmt::format("dualpipe needs an even pp ({}) and an even number of microbatches ({}), at least 2 × pp", p.pp,
                       m);
  if (p.schedule == Schedule::async && m < 2 * p.pp - 1)
    return fmt::format("async-1f1b keeps 2 × pp - 1 microbatches ({}) in its first stage, a step has {}", 2 * p.pp - 1,
                       m);
  if (p.schedule == Schedule::async && p.zero >= 2)
    return "async-1f1b goes with zero 0 and 1: stages update at different times from whole gradients";
  if (p.recompute_layers > 0 && p.recompute == Recompute::none)
    return "recompute_layers needs recompute: selective, full or auto";
  if (virtuals > model.layers + 2)
    return fmt::format("pp {} × vpp {} makes more chunks than the model has layers ({} and two ends)", p.pp, p.vpp,
                       model.layers);
  if (p.offload_layers > model.layers)
    return fmt::format("offload_layers {} exceeds the model's {} layers", p.offload_layers, model.layers);
  if (!p.layers_per_chunk.empty()) {
    const auto& split = p.layers_per_chunk;
    if (std::int64_t(split.size()) != virtuals)
      return fmt::format("layers_per_chunk has {} entries, pp × vpp is {}", split.size(), virtuals);
    if (std::any_of(split.begin(), split.end(), [&](std::int64_t n) { return n < 0 || n > model.layers; }) ||
        std::accumulate(split.begin(), split.end(), std::int64_t{0}) != model.layers)
      return fmt::format("layers_per_chunk must add up to the model's {} layers", model.layers);
  }
  const auto layers = split_layers(model, p);
  if (std::any_of(layers.begin(), layers.end(), [](std::int64_t n) { return n < 0; }))
    return "stage_split leaves a chunk with fewer than no layers";
  if (m * p.pp * p.vpp > 5'000'000)
    return fmt::format("{} microbatches over {} chunks are too many slots", m, p.pp * p.vpp);
  return {};
}

} // namespace

Result<void> check_legal(const Model& model, const Training& training, const Plan& plan, std::int64_t ranks) {
  std::string wrong = wrong_sizes(plan, ranks);
  if (wrong.empty() && training.global_batch % (plan.dp * plan.microbatch) != 0)
    wrong = fmt::format("global_batch {} does not divide by dp {} × microbatch {}", training.global_batch, plan.dp,
                        plan.microbatch);
  if (wrong.empty()) wrong = wrong_tensor(model, training, plan);
  if (wrong.empty()) wrong = wrong_experts(model, plan);
  if (wrong.empty()) wrong = wrong_sharding(model, plan);
  if (wrong.empty()) wrong = wrong_pipeline(model, training, plan);
  if (!wrong.empty()) return fail(plan.mark, wrong);
  return {};
}

} // namespace weft::workloads
