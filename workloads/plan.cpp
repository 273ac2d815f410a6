#include "workloads/plan.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/base/precision_names.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace weft::workloads {
namespace {

constexpr std::int64_t widest = 100'000'000;

/// Dimensions that `order` leaves out come after the ones given, in Megatron's order; their place is free
/// because their size is one or they overlay another.
Result<void> complete_order(const Value& value, std::vector<Dimension>& order) {
  for (std::size_t i = 0; i < order.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (order[i] == order[j]) return fail(value.mark, fmt::format("order names {} twice", enum_name(order[i])));
  for (const auto& [name, dimension] : EnumNames<Dimension>::values)
    if (std::find(order.begin(), order.end(), dimension) == order.end()) order.push_back(dimension);
  return {};
}

} // namespace

Result<Training> read_training(const Value& value) {
  static const Fields<Training> table{
      required("global_batch", &Training::global_batch, "sequences per step", between<std::int64_t>(1, 1'000'000'000)),
      required("sequence", &Training::sequence, "tokens per sequence", between<std::int64_t>(1, 100'000'000)),
      optional("precision", &Training::precision, "of the matmuls")};
  Training out;
  if (auto ok = read_fields(value, table, out, "training"); !ok) return tl::unexpected(ok.error());
  const Value* precision = value.find("precision");
  out.mark = precision ? precision->mark : value.mark;
  return out;
}

Result<Plan> read_plan(const Value& value) {
  const auto degree = between<std::int64_t>(1, widest);
  static const Fields<Plan> table{
      optional("tp", &Plan::tp, "tensor parallelism", degree),
      optional("sp", &Plan::sp, "sequence parallelism beside tp"),
      optional("cp", &Plan::cp, "context parallelism",
               [](const std::int64_t& n) { return n == 1 ? std::string{} : "above 1 is not supported yet"; }),
      optional("ep", &Plan::ep, "expert parallelism",
               [](const std::int64_t& n) { return n == 1 ? std::string{} : "above 1 is not supported yet"; }),
      optional("pp", &Plan::pp, "pipeline stages", degree),
      optional("vpp", &Plan::vpp, "chunks per stage", degree),
      optional("dp", &Plan::dp, "data parallelism", degree),
      optional("zero", &Plan::zero, "0 replicated, 1 optimizer sharded, 2 gradients too", between<std::int64_t>(0, 2)),
      optional("microbatch", &Plan::microbatch, "sequences", degree),
      optional("schedule", &Plan::schedule, "1f1b or interleaved-1f1b"),
      optional("recompute", &Plan::recompute, "none, selective, full, or auto: the least that fits"),
      optional("stage_split", &Plan::stage_split, "how layers are dealt to chunks"),
      optional("layers_per_chunk", &Plan::layers_per_chunk, "explicit split by virtual stage"),
      optional("order", &Plan::order, "dimensions, innermost first")};
  Plan out;
  out.mark = value.mark;
  if (auto ok = read_fields(value, table, out, "plan"); !ok) return tl::unexpected(ok.error());
  if (const Value* order = value.find("order"))
    if (auto ok = complete_order(*order, out.order); !ok) return tl::unexpected(ok.error());
  for (const char* key : {"schedule", "vpp"}) {
    const Value* at = value.find(key);
    if (!at) continue;
    if (out.vpp > 1 && out.schedule == Schedule::one_f_one_b)
      return fail(at->mark, fmt::format("vpp {} needs schedule: interleaved-1f1b", out.vpp));
    if (out.vpp == 1 && out.schedule == Schedule::interleaved)
      return fail(at->mark, "schedule interleaved-1f1b needs vpp above 1");
  }
  return out;
}

std::int64_t microbatches(const Plan& plan, const Training& training) {
  return training.global_batch / (plan.dp * plan.microbatch);
}

std::vector<std::int64_t> split_layers(const Model& model, const Plan& plan) {
  if (!plan.layers_per_chunk.empty()) return plan.layers_per_chunk;
  const std::int64_t chunks = plan.pp * plan.vpp;
  const bool both_ends = (model.layers + 2) % chunks == 0 && (model.layers + 2) / chunks >= 1 && chunks > 1;
  const bool as_layers = plan.stage_split == StageSplit::embedding_and_head ||
                         (plan.stage_split == StageSplit::automatic && model.layers % chunks != 0 && both_ends);
  const std::int64_t things = model.layers + (as_layers ? 2 : 0);
  std::vector<std::int64_t> out(std::size_t(chunks), things / chunks);
  for (std::int64_t i = 0; i < things % chunks; ++i)
    ++out[std::size_t(i)];
  if (as_layers) {
    --out.front();
    --out.back();
  }
  return out;
}

std::vector<Chunk> chunks_of(const Model& model, const Plan& plan) {
  std::vector<Chunk> out;
  const auto layers = split_layers(model, plan);
  for (std::size_t v = 0; v < layers.size(); ++v) {
    Chunk c{layers[v], v == 0, v + 1 == layers.size(), 0};
    const bool own_head = c.head && !(model.tied_embeddings && c.embedding);
    const double ends = (double(c.embedding) + double(own_head)) * model.embedding_parameters();
    c.parameters = (double(c.layers) * model.layer_parameters() + ends) / double(plan.tp);
    out.push_back(c);
  }
  return out;
}

Result<void> check_legal(const Model& model, const Training& training, const Plan& plan, std::int64_t ranks) {
  auto wrong = [&plan](std::string message) { return fail(plan.mark, std::move(message)); };
  if (plan.tp > ranks || plan.pp > ranks || plan.dp > ranks || plan.tp * plan.pp > widest || plan.ranks() != ranks)
    return wrong(fmt::format("tp {} × pp {} × dp {} makes {} ranks, the cluster has {}", plan.tp, plan.pp, plan.dp,
                             double(plan.tp) * double(plan.pp) * double(plan.dp), ranks));
  if (training.global_batch % (plan.dp * plan.microbatch) != 0)
    return wrong(fmt::format("global_batch {} does not divide by dp {} × microbatch {}", training.global_batch, plan.dp,
                             plan.microbatch));
  if (model.heads % plan.tp != 0) return wrong(fmt::format("{} heads do not divide by tp {}", model.heads, plan.tp));
  if (model.kv_heads % plan.tp != 0 && plan.tp % model.kv_heads != 0)
    return wrong(fmt::format("{} kv_heads and tp {} do not divide either way", model.kv_heads, plan.tp));
  if (model.ffn % plan.tp != 0) return wrong(fmt::format("ffn {} does not divide by tp {}", model.ffn, plan.tp));
  if (plan.sp && training.sequence % plan.tp != 0)
    return wrong(
        fmt::format("sequence {} does not divide by tp {} (sequence parallelism)", training.sequence, plan.tp));
  const std::int64_t m = microbatches(plan, training);
  if (plan.schedule == Schedule::interleaved && m % plan.pp != 0)
    return wrong(fmt::format("interleaved-1f1b needs microbatches ({}) to be a multiple of pp {}", m, plan.pp));
  if (plan.vpp > 1 && plan.pp == 1) return wrong("vpp needs pp above 1");
  if (plan.pp * plan.vpp > model.layers + 2)
    return wrong(fmt::format("pp {} × vpp {} makes more chunks than the model has layers ({} and two ends)", plan.pp,
                             plan.vpp, model.layers));
  if (!plan.layers_per_chunk.empty()) {
    const auto& split = plan.layers_per_chunk;
    if (std::int64_t(split.size()) != plan.pp * plan.vpp)
      return wrong(fmt::format("layers_per_chunk has {} entries, pp × vpp is {}", split.size(), plan.pp * plan.vpp));
    if (std::any_of(split.begin(), split.end(), [&](std::int64_t n) { return n < 0 || n > model.layers; }) ||
        std::accumulate(split.begin(), split.end(), std::int64_t{0}) != model.layers)
      return wrong(fmt::format("layers_per_chunk must add up to the model's {} layers", model.layers));
  }
  const auto layers = split_layers(model, plan);
  if (std::any_of(layers.begin(), layers.end(), [](std::int64_t n) { return n < 0; }))
    return wrong("stage_split leaves a chunk with fewer than no layers");
  if (m * plan.pp * plan.vpp > 5'000'000)
    return wrong(fmt::format("{} microbatches over {} chunks are too many slots", m, plan.pp * plan.vpp));
  return {};
}

RankMap::RankMap(const Plan& plan) : size_{plan.tp, plan.cp, plan.dp, plan.pp} {
  std::int64_t stride = 1;
  for (Dimension d : plan.order) {
    const int index = d == Dimension::tp   ? 0
                      : d == Dimension::cp ? 1
                      : d == Dimension::dp ? 2
                      : d == Dimension::pp ? 3
                                           : -1;
    if (index < 0) continue; // ep overlays dp
    stride_[std::size_t(index)] = stride;
    stride *= size_[std::size_t(index)];
  }
}
Coordinates RankMap::coordinates(std::int64_t rank) const {
  auto along = [&](std::size_t i) { return rank / stride_[i] % size_[i]; };
  return {along(0), along(1), along(2), along(3)};
}
std::int64_t RankMap::rank(const Coordinates& at) const {
  return at.tp * stride_[0] + at.cp * stride_[1] + at.dp * stride_[2] + at.pp * stride_[3];
}

} // namespace weft::workloads
