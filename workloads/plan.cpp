#include "workloads/plan.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/base/precision_names.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft {

using workloads::Outer;

Result<void> read_value(const Value& value, Outer& out) {
  static const Fields<Outer> table{
      optional("inner_steps", &Outer::inner_steps, "steps between two averages", between<std::int64_t>(1, 1'000'000)),
      optional("replicas", &Outer::replicas, "loosely coupled groups; 0 = every dp rank by itself",
               between<std::int64_t>(0, 100'000'000)),
      optional("precision", &Outer::precision, "of the exchanged weight differences"),
      optional("overlap", &Outer::overlap, "the exchange runs beside the next inner steps")};
  return read_fields(value, table, out, "outer");
}

} // namespace weft

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

/// vpp goes with the schedule: vee and bidirectional ones run two chunks a stage, plain ones one.
Result<void> check_vpp(const Value& value, Plan& out) {
  const Value* at = value.find("schedule") ? value.find("schedule") : value.find("vpp");
  if (!at) return {};
  const auto name = enum_name(out.schedule);
  switch (out.schedule) {
  case Schedule::interleaved:
    if (out.vpp == 1) return fail(at->mark, "schedule interleaved-1f1b needs vpp above 1");
    return {};
  case Schedule::zb_v:
  case Schedule::v_half:
  case Schedule::v_min:
  case Schedule::dualpipe:
    if (value.find("vpp") && out.vpp != 2)
      return fail(at->mark, fmt::format("schedule {} runs two chunks a stage: vpp 2", name));
    out.vpp = 2;
    return {};
  default:
    if (out.vpp > 1) {
      const std::string_view hint = out.schedule == Schedule::one_f_one_b ? "needs schedule: interleaved-1f1b" : "";
      return hint.empty() ? fail(at->mark, fmt::format("schedule {} runs one chunk a stage: vpp 1", name))
                          : fail(at->mark, fmt::format("vpp {} {}", out.vpp, hint));
    }
    return {};
  }
}

} // namespace

bool Plan::recomputes(RecomputePart part) const {
  return std::find(recompute_parts.begin(), recompute_parts.end(), part) != recompute_parts.end();
}

Result<Training> read_training(const Value& value) {
  static const Fields<Training> table{
      required("global_batch", &Training::global_batch, "sequences per step", between<std::int64_t>(1, 1'000'000'000)),
      required("sequence", &Training::sequence, "tokens per sequence", between<std::int64_t>(1, 100'000'000)),
      optional("precision", &Training::precision, "of the matmuls"),
      optional("optimizer", &Training::optimizer, "adam, adam-bf16 or muon"),
      optional("frozen", &Training::frozen, "only low-rank adapters are trained: no weight gradients of the model")};
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
      optional("cp", &Plan::cp, "context parallelism", degree),
      optional("cp_algorithm", &Plan::cp_algorithm, "ring, all-gather or all-to-all"),
      optional("ep", &Plan::ep, "expert parallelism", degree),
      optional("expert_tp", &Plan::expert_tp, "tensor parallelism inside an expert: 1 or tp", degree),
      optional("ep_overlap", &Plan::ep_overlap, "dispatch and combine beside another microbatch's compute"),
      optional("pp", &Plan::pp, "pipeline stages", degree),
      optional("vpp", &Plan::vpp, "chunks per stage", degree),
      optional("dp", &Plan::dp, "data parallelism", degree),
      optional("zero", &Plan::zero, "0 replicated, 1 optimizer sharded, 2 gradients too, 3 weights too",
               between<std::int64_t>(0, 3)),
      optional("shard_group", &Plan::shard_group, "ranks over which ZeRO shards; 0 = all of dp × cp",
               between<std::int64_t>(0, widest)),
      optional("microbatch", &Plan::microbatch, "sequences", degree),
      optional("schedule", &Plan::schedule, "of the pipeline"),
      optional("recompute", &Plan::recompute, "none, selective, full, or auto: the least that fits"),
      optional("recompute_parts", &Plan::recompute_parts, "what selective recomputation repeats"),
      optional("recompute_share", &Plan::recompute_share, "share of a chunk's layers that recompute",
               [](const double& v) { return v > 0 && v <= 1 ? std::string{} : "must be above 0 and at most 1"; }),
      optional("recompute_layers", &Plan::recompute_layers, "instead: the first layers of every chunk; 0 = by share",
               between<std::int64_t>(0, 100'000)),
      optional("offload_layers", &Plan::offload_layers, "layers whose activations go to the host",
               between<std::int64_t>(0, 100'000)),
      optional("stage_split", &Plan::stage_split, "how layers are dealt to chunks"),
      optional("layers_per_chunk", &Plan::layers_per_chunk, "explicit split by virtual stage"),
      optional("order", &Plan::order, "dimensions, innermost first"),
      optional("outer", &Plan::outer, "loosely coupled replicas (local SGD, DiLoCo)")};
  Plan out;
  out.mark = value.mark;
  if (auto ok = read_fields(value, table, out, "plan"); !ok) return tl::unexpected(ok.error());
  if (const Value* order = value.find("order"))
    if (auto ok = complete_order(*order, out.order); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_vpp(value, out); !ok) return tl::unexpected(ok.error());
  if (const Value* layers = value.find("recompute_layers"); layers && value.find("recompute_share"))
    return fail(layers->mark, "recompute_layers and recompute_share say the same thing twice");
  return out;
}

std::int64_t microbatches(const Plan& plan, const Training& training) {
  return training.global_batch / (plan.dp * plan.microbatch);
}

RankMap::RankMap(const Plan& plan) : size_{plan.tp, plan.cp, plan.dp, plan.pp} {
  std::int64_t stride = 1;
  for (Dimension d : plan.order) {
    const int index = d == Dimension::tp   ? 0
                      : d == Dimension::cp ? 1
                      : d == Dimension::dp ? 2
                      : d == Dimension::pp ? 3
                                           : -1;
    if (index < 0) continue; // ep overlays the others
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
std::int64_t RankMap::in_stage(std::int64_t rank) const {
  // Ranks inside the pipeline's stride keep their place; those outside move in by the pipeline's size.
  return rank % stride_[3] + rank / (stride_[3] * size_[3]) * stride_[3];
}
std::int64_t RankMap::rank_of(std::int64_t stage, std::int64_t in_stage) const {
  return in_stage % stride_[3] + stage * stride_[3] + in_stage / stride_[3] * stride_[3] * size_[3];
}

} // namespace weft::workloads
