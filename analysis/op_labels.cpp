#include "analysis/op_labels.hpp"

#include "workloads/memory.hpp"
#include "workloads/schedule.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

using sim::OpKind;
using What = OpLabel::What;

constexpr std::array phases{What::forward, What::backward, What::input_gradients, What::weight_gradients};

double price(const sim::Op& op, const sim::Costs& costs) {
  const sim::Cost& c = costs[std::size_t(op.cost)];
  return op.share * std::max(c.elastic + c.rigid, c.host);
}

/// An op knows its phase and chunk. Its microbatch follows from the schedule: all slots of a phase and chunk cost the
/// same, so as many prices of one slot as lie before it, so many slots do.
std::vector<OpLabel> label(const sim::StageProgram& program, const std::vector<workloads::Slot>& slots,
                           const sim::Costs& costs, std::int32_t kinds) {
  const std::int32_t vpp = (kinds - 1) / std::int32_t(phases.size());
  std::vector<std::vector<std::int32_t>> microbatches(static_cast<std::size_t>(kinds));
  for (const auto& slot : slots)
    microbatches[std::size_t(std::int32_t(slot.phase) * vpp + slot.chunk)].push_back(slot.microbatch);
  std::vector<double> whole(std::size_t(kinds), 0), before(std::size_t(kinds), 0);
  for (const sim::Op& op : program.ops)
    if (op.kind == OpKind::compute && op.slot >= 0) whole[std::size_t(op.slot)] += price(op, costs);
  std::vector<OpLabel> out(program.ops.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const sim::Op& op = program.ops[i];
    if (op.kind != OpKind::compute || op.slot < 0) continue;
    const auto kind = std::size_t(op.slot);
    if (op.slot == kinds - 1) {
      out[i].what = What::optimizer;
      continue;
    }
    out[i].what = phases[std::size_t(op.slot / vpp)];
    out[i].chunk = op.slot % vpp;
    const auto& order = microbatches[kind];
    const double own = price(op, costs);
    if (!order.empty() && whole[kind] > 0) {
      const double at = (before[kind] + own / 2) / whole[kind] * double(order.size());
      out[i].microbatch = order[std::min(std::size_t(at), order.size() - 1)];
    }
    before[kind] += own;
  }
  return out;
}

std::string_view op_name(workloads::CollectiveOp op) {
  using workloads::CollectiveOp;
  switch (op) {
  case CollectiveOp::all_gather: return "all-gather";
  case CollectiveOp::reduce_scatter: return "reduce-scatter";
  case CollectiveOp::all_reduce: return "all-reduce";
  case CollectiveOp::all_to_all: return "all-to-all";
  case CollectiveOp::all_to_all_back: return "all-to-all back";
  case CollectiveOp::broadcast: return "broadcast";
  case CollectiveOp::send: return "send";
  }
  return "?";
}

std::string_view role_name(sim::Role role) {
  using sim::Role;
  switch (role) {
  case Role::next_send: return "send to next stage";
  case Role::previous_send: return "send to previous stage";
  case Role::next_receive: return "receive from previous stage";
  case Role::previous_receive: return "receive from next stage";
  case Role::shard: return " in shard";
  case Role::replica: return " among replicas";
  case Role::expert_dp: return " of experts";
  case Role::embedding: return " of the tied embedding";
  case Role::mirror: return " with the mirrored stage";
  default: return "";
  }
}

} // namespace

OpLabels::OpLabels(const sim::StepResult& r) : result_(r) {
  const workloads::LayerContext context{r.scenario.model, r.scenario.training, r.scenario.plan, r.scenario.stack,
                                        r.recompute};
  const auto slots = workloads::scenario_slots(context);
  std::vector<std::size_t> kind(r.program.stages.size(), 0); // of ranks: any of the stage
  for (const auto& rank : r.folded.ranks)
    kind[std::size_t(rank.stage)] = std::size_t(rank.kind);
  for (std::size_t s = 0; s < r.program.stages.size(); ++s)
    labels_.push_back(label(r.program.stages[s], slots[s], r.costs[kind[s]], r.program.slot_kinds));
}

std::string OpLabels::name(std::int32_t stage, std::int32_t op_id) const {
  const sim::Op& op = result_.program.stages[std::size_t(stage)].ops[std::size_t(op_id)];
  if (op.kind == OpKind::send || op.kind == OpKind::receive) return std::string(role_name(op.role));
  if (op.kind == OpKind::collective)
    return fmt::format("{}{}", op_name(result_.program.messages[std::size_t(op.message)].op), role_name(op.role));
  const OpLabel label = of(stage, op_id);
  constexpr std::array names{"forward", "backward", "input gradients", "weight gradients", "optimizer", "compute"};
  std::string out = names[std::size_t(label.what)];
  if (label.chunk >= 0 && result_.scenario.plan.vpp > 1) out += fmt::format(" c{}", label.chunk);
  if (label.microbatch >= 0) out += fmt::format(" m{}", label.microbatch);
  return out;
}

} // namespace weft::analysis
