#include "sim/lower.hpp"

#include "sim/stage_state.hpp"
#include "workloads/memory.hpp"
#include "workloads/schedule.hpp"

#include <algorithm>

namespace weft::sim {
namespace {

using workloads::Chunk;
using workloads::CollectiveOp;
using workloads::LayerKind;
using workloads::Phase;
using workloads::Slot;

/// One slot on its way through the compute stream. Two lanes interleave where dispatch runs beside compute.
struct Lane {
  const Segments* segments = nullptr;
  std::size_t at = 0;
  OpId last = no_op;         ///< the lane's next op waits for it
  OpId side = no_op;         ///< collective that runs beside the last compute op
  std::vector<OpId> gathers; ///< buckets of parameters, in the order in which the slot needs them
  std::size_t waited = 0;    ///< of them
  std::size_t buckets = 0;   ///< of gradients that leave as soon as their part of the slot is done
  std::vector<OpId> ends;    ///< last op of each bucket's part
  OpId compute = no_op;      ///< last compute op
  std::int32_t kind = -1;
  [[nodiscard]] bool done() const { return at >= segments->size(); }
};

class Lowering {
public:
  Lowering(const workloads::Scenario& s, workloads::Recompute recompute, RoleSet fused, double expert_load)
      : s_(s), plan_(s.plan), context_{s.model, s.training, s.plan, s.stack, recompute, expert_load},
        m_(microbatches(s.plan, s.training)), chunks_(chunks_of(s.model, s.plan)), segmenter_(s, context_, fused, out_),
        dp_(s, chunks_, segmenter_) {
    out_.program.fused = fused;
    out_.program.steps_apart = workloads::steps_apart(plan_.schedule);
    out_.program.slot_kinds = std::int32_t(4 * plan_.vpp) + 1; // the last one: the optimizer step
  }

  Lowered run() {
    const auto slots = workloads::scenario_slots(context_);
    for (std::int64_t stage = 0; stage < plan_.pp; ++stage)
      out_.program.stages.push_back(build(stage, slots[std::size_t(stage)]));
    return std::move(out_);
  }

private:
  StageProgram build(std::int64_t stage, const std::vector<Slot>& slots) {
    StageState st;
    st.stage = stage;
    st.gathers.resize(std::size_t(plan_.vpp));
    st.gathered.assign(std::size_t(plan_.vpp), false);
    dp_.gather_parameters(st);
    const OpId last_gather = st.gradients;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const bool pair =
          !dp_.layerwise() && slots[i].paired && i + 1 < slots.size() && apart(slots[i]) && apart(slots[i + 1]);
      if (pair) {
        both(st, slots[i], slots[i + 1], closes_run(slots, i + 1));
        ++i;
      } else if (dp_.layerwise()) {
        layer_by_layer(st, slots[i]);
      } else {
        single(st, slots[i], closes_run(slots, i));
      }
    }
    finish(st);
    StageProgram program = st.builder.take();
    program.first_arrival = st.first_arrival.value_or(no_op);
    program.last_gather = last_gather;
    return program;
  }

  // --- slots -----------------------------------------------------------------------------------------
  [[nodiscard]] const Chunk& chunk(const StageState& st, const Slot& slot) const {
    return chunk_at(chunks_, plan_, st.stage, slot.chunk);
  }
  const Segments& segments(const StageState& st, const Slot& slot) {
    return segmenter_.slot(chunk(st, slot), slot.phase);
  }
  [[nodiscard]] bool apart(const Slot& slot) const { // dispatch is an op of its own
    return s_.model.experts && slot.phase != Phase::weight && !(out_.program.fused & bit(Role::ep));
  }
  [[nodiscard]] std::int32_t kind_of(const Slot& slot) const {
    return std::int32_t(std::int64_t(slot.phase) * plan_.vpp) + slot.chunk;
  }

  /// Buckets of gradients leave during the backward instead of after the last slot.
  [[nodiscard]] bool reduces_beside() const {
    return dp_.bucketed() && s_.stack.overlap.gradients && plan_.schedule != workloads::Schedule::dualpipe;
  }
  void single(StageState& st, const Slot& slot, bool closes) {
    const OpId arrival = receive(st, slot);
    const bool reduce = closes && reduces_beside();
    const auto& parts = segments(st, slot);
    const std::vector<OpId> gathers = first_use(st, slot);
    std::vector<OpId> ends;
    if (parts.size() == 1 && !parts[0].is_collective) {
      // Cut at bucket boundaries where parameters arrive or gradients leave bucket by bucket.
      const std::size_t pieces =
          std::max<std::size_t>({1, gathers.size(), reduce ? std::size_t(dp_.buckets(st.stage, slot.chunk)) : 1});
      for (std::size_t i = 0; i < pieces; ++i) {
        const Op op = StageState::compute_op(parts[0].id, kind_of(slot), 1.0 / double(pieces));
        st.compute =
            st.builder.add(op, {st.compute, i == 0 ? arrival : no_op, i < gathers.size() ? gathers[i] : no_op});
        ends.push_back(st.compute);
      }
    } else {
      Lane lane = lane_of(parts, arrival, slot, gathers);
      lane.buckets = reduce ? std::size_t(dp_.buckets(st.stage, slot.chunk)) : 0;
      while (!lane.done())
        advance(st, lane, true);
      ends = std::move(lane.ends);
    }
    send(st, slot, st.compute);
    if (reduce) dp_.reduce_gradients(st, slot.chunk, ends);
  }

  /// A forward and a backward together: each runs on until it dispatches, then the other takes the device.
  void both(StageState& st, const Slot& forward, const Slot& backward, bool closes) {
    Lane f = lane_of(segments(st, forward), receive(st, forward), forward, first_use(st, forward));
    Lane b = lane_of(segments(st, backward), receive(st, backward), backward, {});
    const bool reduce = closes && reduces_beside();
    b.buckets = reduce ? std::size_t(dp_.buckets(st.stage, backward.chunk)) : 0;
    for (bool turn = true; !f.done() || !b.done(); turn = !turn) {
      Lane& lane = turn ? f : b;
      while (!lane.done() && !advance(st, lane, false)) {
      }
    }
    send(st, forward, f.last);
    send(st, backward, b.last);
    st.compute = meet(st, f.last, b.last);
    if (reduce) dp_.reduce_gradients(st, backward.chunk, b.ends);
  }

  [[nodiscard]] Lane lane_of(const Segments& segments, OpId arrival, const Slot& slot,
                             std::vector<OpId> gathers) const {
    Lane lane;
    lane.segments = &segments;
    lane.last = arrival;
    lane.kind = kind_of(slot);
    lane.gathers = std::move(gathers);
    return lane;
  }
  /// Adds the lane's next op; true when that was a dispatch or combine that leaves the device to the other lane.
  bool advance(StageState& st, Lane& lane, bool alone) {
    const Segment& segment = (*lane.segments)[lane.at++];
    if (!segment.is_collective) {
      const OpId id = st.builder.add(StageState::compute_op(segment.id, lane.kind), {st.compute, lane.last});
      wait_for_gathers(st, lane, id);
      st.compute = lane.last = lane.compute = id;
      close_buckets(lane);
      if (lane.side != no_op) lane.last = st.compute = meet(st, id, lane.side); // what follows waits for both
      lane.side = no_op;
      return false;
    }
    const Op op = StageState::message_op(OpKind::collective, segment.role, segment.id);
    const bool dispatch = segment.role == Role::ep;
    const OpId start = lane.last == no_op ? st.compute : lane.last;
    const OpId id = st.builder.add(op, {start, dispatch ? st.experts : st.compute});
    wait_for_gathers(st, lane, id);
    if (lane.done()) close_buckets(lane);
    if (dispatch) st.experts = id;
    if (segment.beside) {
      lane.side = id;
      return false;
    }
    lane.last = id;
    if (alone || !dispatch) st.compute = id;
    return dispatch;
  }
  static void wait_for_gathers(StageState& st, Lane& lane, OpId op) {
    // Buckets spread over the slot's ops in order, as its layers do.
    const std::size_t ops = lane.segments->size(), at = lane.at - 1;
    while (lane.waited < lane.gathers.size() && lane.waited * ops < (at + 1) * lane.gathers.size())
      st.builder.wait(op, lane.gathers[lane.waited++]);
  }
  static void close_buckets(Lane& lane) {
    while (lane.ends.size() < lane.buckets && (lane.ends.size() + 1) * lane.segments->size() <= lane.at * lane.buckets)
      lane.ends.push_back(lane.compute);
  }
  /// A point where two streams meet; every compute op before it must be among what they wait for.
  OpId meet(StageState& st, OpId a, OpId b) {
    if (a == b || b == no_op) return a;
    return st.builder.add(StageState::compute_op(segmenter_.nothing(), -1), {a, b});
  }
  std::vector<OpId> first_use(StageState& st, const Slot& slot) const {
    const auto c = std::size_t(slot.chunk);
    if (slot.phase != Phase::forward || st.gathered[c]) return {};
    st.gathered[c] = true;
    return st.gathers[c];
  }

  /// ZeRO 3: every layer's weights are gathered before it runs, forward and backward, and its gradient leaves
  /// after its backward. Where that runs beside compute, one layer is gathered ahead, before the gradients of the
  /// layer in work: both go through one communicator.
  void layer_by_layer(StageState& st, const Slot& slot) {
    const auto& units = segmenter_.units(chunk(st, slot), slot.phase);
    const bool ahead = s_.stack.overlap.weights;
    OpId weights = dp_.gather_unit(st, units.front(), st.compute), before = st.compute;
    for (std::size_t i = 0; i < units.size(); ++i) {
      const OpId following = ahead && i + 1 < units.size() ? dp_.gather_unit(st, units[i + 1], before) : no_op;
      Lane lane = lane_of(units[i].segments, weights, slot, {});
      before = st.compute;
      while (!lane.done())
        advance(st, lane, true);
      if (slot.phase == Phase::backward) dp_.reduce_unit(st, units[i]);
      weights = following;
      if (!ahead && i + 1 < units.size()) weights = dp_.gather_unit(st, units[i + 1], st.compute);
    }
  }

  // --- pipeline --------------------------------------------------------------------------------------
  [[nodiscard]] std::int32_t tag(bool backward, std::int64_t senders_chunk, std::int64_t microbatch) const {
    return std::int32_t(((backward ? plan_.vpp : 0) + senders_chunk) * m_ + microbatch);
  }
  struct Neighbour {
    std::int64_t stage = -1, chunk = 0; ///< stage < 0: there is none
  };
  /// Who holds the virtual stage `step` away.
  [[nodiscard]] Neighbour neighbour(const StageState& st, const Slot& slot, std::int64_t step) const {
    const std::int64_t v = virtual_stage(plan_, st.stage, slot.chunk) + step;
    if (v < 0 || v >= virtual_stages(plan_)) return {};
    const bool copies = workloads::shape_of(plan_.schedule) == workloads::Shape::bidirectional;
    return {stage_of(plan_, v, slot.chunk), copies ? slot.chunk : v / plan_.pp};
  }
  [[nodiscard]] Role channel(std::int64_t from, std::int64_t to, bool backward) const {
    // In a loop of two stages the way on and the way back join the same pair: forwards take the "next" channel.
    const bool loop = workloads::shape_of(plan_.schedule) == workloads::Shape::loop;
    if (loop) return backward ? Role::previous_send : Role::next_send;
    return to > from ? Role::next_send : Role::previous_send;
  }

  OpId receive(StageState& st, const Slot& slot) {
    const OpId arrival = received(st, slot);
    if (!st.first_arrival) st.first_arrival = arrival;
    return arrival;
  }
  OpId received(StageState& st, const Slot& slot) {
    if (slot.phase == Phase::weight || slot.carried) return no_op; // it came in the step before
    const bool backward = slot.phase != Phase::forward;
    const Neighbour from = neighbour(st, slot, backward ? 1 : -1);
    if (from.stage < 0) return no_op;
    if (from.stage == st.stage) return st.turned.at({backward, slot.microbatch});
    return st.builder.add(StageState::message_op(OpKind::receive, receiver_of(channel(from.stage, st.stage, backward)),
                                                 -1, tag(backward, from.chunk, slot.microbatch)),
                          {});
  }
  void send(StageState& st, const Slot& slot, OpId after) {
    if (slot.phase == Phase::weight) return;
    const bool backward = slot.phase != Phase::forward;
    const Neighbour to = neighbour(st, slot, backward ? -1 : 1);
    if (to.stage < 0) return;
    if (to.stage == st.stage) {
      st.turned[{backward, slot.microbatch}] = after;
      return;
    }
    const bool split = plan_.sp || s_.stack.pipeline_scatter;
    const double tokens = double(s_.training.sequence * plan_.microbatch) / double(plan_.cp);
    const double bytes = 2.0 * tokens * double(s_.model.hidden) / (split ? double(plan_.tp) : 1.0);
    const std::int32_t id = segmenter_.message({CollectiveOp::send, Bytes(bytes), Dim::pp, false, 1});
    const Role role = channel(st.stage, to.stage, backward);
    OpId& stream = role == Role::next_send ? st.next : st.previous;
    stream = st.builder.add(StageState::message_op(OpKind::send, role, id, tag(backward, slot.chunk, slot.microbatch)),
                            {after, stream});
    if (!s_.stack.overlap.pipeline) st.compute = stream;
  }

  /// ZeRO-2 reduces a chunk after each run of consecutive gradients of it; the others once, at the end.
  [[nodiscard]] bool closes_run(const std::vector<Slot>& slots, std::size_t at) const {
    if (!writes_gradient(slots[at].phase)) return false;
    for (std::size_t i = at + 1; i < slots.size(); ++i) {
      if (!writes_gradient(slots[i].phase)) continue;
      if (plan_.zero >= 2) return slots[i].chunk != slots[at].chunk;
      if (slots[i].chunk == slots[at].chunk) return false;
    }
    return true;
  }

  // --- end of the step -------------------------------------------------------------------------------
  void finish(StageState& st) {
    dp_.finish(st);
    auto blocking = [&](Role role, CollectiveOp op, double bytes) {
      const std::int32_t id = segmenter_.message({op, Bytes(bytes), Dim::other, false, 1});
      st.compute = st.builder.add(StageState::message_op(OpKind::collective, role, id), {st.compute, st.gradients});
    };
    double replicated = 0, muon = 0;
    for (std::int64_t c = 0; c < plan_.vpp; ++c) {
      const Chunk& here = chunk_at(chunks_, plan_, st.stage, c);
      replicated += here.replicated_parameters;
      if (s_.training.optimizer != workloads::Optimizer::muon) continue;
      if (here.dense_layers > 0) muon += double(here.dense_layers) * workloads::muon_flops(s_.model, LayerKind::dense);
      if (here.expert_layers > 0)
        muon += double(here.expert_layers) * workloads::muon_flops(s_.model, LayerKind::experts);
    }
    const bool trains = !s_.training.frozen;
    if (trains && plan_.tp > 1 && plan_.sp && replicated > 0) // weights held whole see their shard of the sequence only
      blocking(Role::tp, CollectiveOp::all_reduce, replicated * bytes_per_element(s_.stack.gradient_precision));
    const std::int64_t last = virtual_stages(plan_) - 1, head = stage_of(plan_, last, last / plan_.pp);
    if (trains && s_.model.shares_embedding() && !workloads::ends_together(plan_) && head != 0 &&
        (st.stage == 0 || st.stage == head))
      blocking(Role::embedding, CollectiveOp::all_reduce,
               s_.model.embedding_parameters() / double(plan_.tp) * bytes_per_element(s_.stack.gradient_precision));
    // The gradient norm; stages that do not wait for each other take it on the way.
    if (plan_.ranks() > 1 && !out_.program.steps_apart) blocking(Role::world, CollectiveOp::all_reduce, 4);
    Recipe update;
    update.optimizer_bytes = s_.stack.optimizer_bytes.value * dp_.updated(st.stage) + dp_.gradient_bytes(st.stage);
    // Whole matrices are dealt to the ranks that share them.
    update.optimizer_flops = muon / double(plan_.tp) / (plan_.zero >= 1 ? double(plan_.shard()) : 1);
    update.step_overhead = s_.stack.step_overhead.value.count();
    st.compute =
        st.builder.add(StageState::compute_op(segmenter_.recipe(std::move(update)), out_.program.slot_kinds - 1),
                       {st.compute, st.gradients});
    st.builder.wait(st.compute, st.exchange);
  }

  const workloads::Scenario& s_;
  const workloads::Plan& plan_;
  workloads::LayerContext context_;
  std::int64_t m_;
  std::vector<Chunk> chunks_; ///< by virtual stage
  Lowered out_;
  Segmenter segmenter_;
  DataParallel dp_;
};

} // namespace

Lowered lower(const workloads::Scenario& scenario, workloads::Recompute recompute, RoleSet fused, double expert_load) {
  return Lowering(scenario, recompute, fused, expert_load).run();
}

} // namespace weft::sim
