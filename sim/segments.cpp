#include "sim/segments.hpp"

#include "sim/slot.hpp"
#include "workloads/memory.hpp"

#include <algorithm>

namespace weft::sim {

using workloads::BackwardPart;
using workloads::Chunk;
using workloads::LayerContext;
using workloads::LayerKind;
using workloads::Phase;
using workloads::Work;

namespace {

BackwardPart part_of(Phase phase) {
  return phase == Phase::input    ? BackwardPart::input
         : phase == Phase::weight ? BackwardPart::weight
                                  : BackwardPart::both;
}

} // namespace

Segmenter::Segmenter(const workloads::Scenario& s, const LayerContext& context, RoleSet fused, Lowered& out)
    : s_(s), context_(context), plain_(context), fused_(fused), out_(out) {
  plain_.recompute = workloads::Recompute::none;
}

/// The phase's share of a layer's host time: backward : forward as the stack says, a recomputed forward issued again,
/// a split backward half and half.
double Segmenter::host_share(Phase phase, bool full) const {
  const double ratio = s_.stack.host_backward_ratio.value + (full ? 1 : 0);
  const double forward = 1 / (1 + s_.stack.host_backward_ratio.value + (full ? 1 : 0));
  if (phase == Phase::forward) return forward;
  return forward * ratio * (phase == Phase::backward ? 1.0 : 0.5);
}

Segmenter::Item Segmenter::layer(LayerKind kind, Phase phase, const LayerContext& c) const {
  Item item;
  item.part.work = phase == Phase::forward ? layer_forward(c, kind) : layer_backward(c, kind, part_of(phase));
  const auto& host = s_.stack.issue();
  const double share = host_share(phase, c.recompute == workloads::Recompute::full);
  const bool experts = kind == LayerKind::experts;
  // Experts with a capacity have equal sizes, known beforehand: the host waits for nothing and issues one matmul.
  const bool dynamic = experts && s_.model.experts->capacity == 0;
  item.part.host_floor = share * (dynamic ? host.experts : host.dense).value.count();
  item.part.host_in_turn = s_.stack.launch_blocking;
  item.part.host_ahead = s_.plan.overlaps_experts() && !s_.stack.launch_blocking;
  item.parameters = s_.model.rank_parameters(kind, double(s_.plan.tp));
  if (experts) {
    const double local = double(s_.model.experts->count) / double(s_.plan.ep);
    if (dynamic) item.part.host_loop = share * local * host.expert_loop.value.count();
    if (dynamic && item.part.host_ahead)
      item.part.host_floor = std::max(0.0, item.part.host_floor - share * host.size_waits.value.count());
    item.expert_parameters = s_.model.expert_parameters() / double(s_.plan.ep * s_.plan.expert_tp);
  }
  if (s_.plan.offload_layers > 0 && phase != Phase::weight)
    item.part.host_link_bytes =
        double(s_.plan.offload_layers) / double(s_.model.layers) * workloads::activation_bytes(c, kind).count();
  return item;
}

/// Of `count` layers the first `repeated` recompute.
void Segmenter::layers(std::vector<Item>& out, LayerKind kind, std::int64_t count, std::int64_t repeated,
                       Phase phase) const {
  if (repeated > 0) {
    out.push_back(layer(kind, phase, context_));
    out.back().part.times = double(repeated);
  }
  if (repeated < count) {
    out.push_back(layer(kind, phase, plain_));
    out.back().part.times = double(count - repeated);
  }
}

std::vector<Segmenter::Item> Segmenter::items(const Chunk& c, Phase phase) const {
  const bool forward = phase == Phase::forward;
  const double table = s_.model.embedding_parameters() / double(s_.plan.tp);
  std::vector<Item> out;
  auto add = [&](Work work, double parameters) {
    Item item;
    item.part.work = std::move(work);
    item.parameters = parameters;
    out.push_back(std::move(item));
  };
  auto head = [&](double parameters) {
    add(forward ? head_forward(context_) : head_backward(context_, part_of(phase)), parameters);
  };
  // Scattered boundaries without sequence parallelism: the receiver's tp group puts the activation together again.
  const bool scattered = s_.plan.pp > 1 && s_.plan.tp > 1 && !s_.plan.sp && s_.stack.pipeline_scatter;
  if (scattered && forward && !c.embedding) add(workloads::boundary_gather(context_), 0);
  if (c.embedding && phase != Phase::weight)
    add(forward ? embedding_forward(context_) : embedding_backward(context_), table);
  const auto repeated = workloads::recomputed_layers(s_.plan, c, s_.stack.last_stage_recomputes);
  layers(out, LayerKind::dense, c.dense_layers, repeated.dense, phase);
  layers(out, LayerKind::experts, c.expert_layers, repeated.experts, phase);
  for (std::int64_t i = 0; i < c.mtp; ++i) {
    add(forward ? mtp_forward(context_) : mtp_backward(context_, part_of(phase)),
        s_.model.mtp_projection_parameters() / double(s_.plan.tp));
    layers(out, s_.model.kind(s_.model.layers + i), 1, 1, phase);
    head(0);
  }
  if (c.head) head(s_.model.tied_embeddings && c.embedding ? 0 : table);
  if (scattered && !forward && phase != Phase::weight && !c.head) add(workloads::boundary_gather(context_), 0);
  if (!forward) std::reverse(out.begin(), out.end());
  return out;
}

bool Segmenter::all_fused(const Work& work) const {
  return std::all_of(work.begin(), work.end(), [&](const workloads::WorkStep& step) {
    return !step.is_collective || (fused_ & bit(role_of(step.collective.group)));
  });
}

const Segments& Segmenter::slot(const Chunk& c, Phase phase) {
  auto [it, fresh] = slots_.try_emplace({c.dense_layers, c.expert_layers, c.mtp, c.embedding, c.head, phase});
  if (!fresh) return it->second;
  Segments& out = it->second;
  Recipe run; // parts in a row that are compute only
  auto flush = [&] {
    if (run.parts.empty()) return;
    out.push_back({false, false, Role::tp, recipe(std::move(run))});
    run = {};
  };
  for (Item& item : items(c, phase)) {
    if (all_fused(item.part.work)) {
      run.parts.push_back(std::move(item.part));
      continue;
    }
    flush();
    for (std::int64_t i = 0; i < std::int64_t(item.part.times); ++i)
      explode(item.part, out);
  }
  flush();
  if (out.empty()) out.push_back({false, false, Role::tp, nothing()});
  return out;
}

const std::vector<Unit>& Segmenter::units(const Chunk& c, Phase phase) {
  auto [it, fresh] = units_.try_emplace({c.dense_layers, c.expert_layers, c.mtp, c.embedding, c.head, phase});
  if (!fresh) return it->second;
  for (Item& item : items(c, phase)) {
    Unit unit;
    unit.parameters = item.parameters;
    unit.expert_parameters = item.expert_parameters;
    const auto times = std::int64_t(item.part.times);
    item.part.times = 1;
    if (all_fused(item.part.work))
      unit.segments.push_back({false, false, Role::tp, recipe({{item.part}})});
    else
      explode(item.part, unit.segments);
    for (std::int64_t i = 0; i < times; ++i)
      it->second.push_back(unit);
  }
  return it->second;
}

/// Every collective that is not fused an op of its own; what lies between two of them one compute op.
void Segmenter::explode(const Recipe::Part& part, Segments& out) {
  const Work work = workloads::split_hidden(part.work, s_.stack.tp_hidden_share.value);
  const bool host = part.host_floor > 0 || part.host_loop > 0 || part.host_link_bytes > 0;
  const bool spread = host && part.host_ahead;
  const auto kernels = double(std::count_if(work.begin(), work.end(), [](const auto& s) { return !s.is_collective; }));
  auto host_part = [&](double times) {
    Recipe::Part wait = part;
    wait.times = times;
    wait.only_host = true;
    return wait;
  };
  Work run;
  auto flush = [&] {
    if (run.empty()) return;
    Recipe parts{{{run}}};
    // It issues kernel by kernel.
    const auto here = double(std::count_if(run.begin(), run.end(), [](const auto& s) { return !s.is_collective; }));
    if (spread && here > 0) parts.parts.push_back(host_part(here / kernels));
    out.push_back({false, false, Role::tp, recipe(std::move(parts))});
    run.clear();
  };
  for (std::size_t i = 0; i < work.size(); ++i) {
    const auto& c = work[i].collective;
    if (!work[i].is_collective || (fused_ & bit(role_of(c.group)))) {
      run.push_back(work[i]);
      continue;
    }
    flush();
    out.push_back({true, c.beside_next, role_of(c.group), message({c.op, c.bytes, dim_of(c), !c.hidden, c.share})});
    if (c.beside_next && i + 1 < work.size()) { // its partner is one op, so that the pair can be told apart
      run.push_back(work[++i]);
      flush();
    }
  }
  flush();
  if (host && (!spread || kernels == 0)) out.push_back({false, false, Role::tp, recipe({{host_part(1)}})});
}

std::int32_t Segmenter::message(const Message& m) {
  auto [it, fresh] = messages_.try_emplace({m.op, m.size.count(), m.dim, m.slows_compute, m.share, m.rate},
                                           std::int32_t(out_.program.messages.size()));
  if (fresh) out_.program.messages.push_back(m);
  return it->second;
}
std::int32_t Segmenter::recipe(Recipe r) {
  out_.recipes.push_back(std::move(r));
  return std::int32_t(out_.recipes.size()) - 1;
}
std::int32_t Segmenter::nothing() {
  if (nothing_ < 0) nothing_ = recipe({});
  return nothing_;
}

} // namespace weft::sim
