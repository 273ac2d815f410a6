#include "sim/lower.hpp"

#include "sim/stage_builder.hpp"
#include "workloads/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace weft::sim {
namespace {

using workloads::Chunk;
using workloads::CollectiveOp;
using workloads::Phase;
using workloads::Slot;

/// One op of a slot's template.
struct Segment {
  bool is_collective = false;
  bool beside = false;  ///< collective: the next compute segment does not wait for it
  std::int32_t id = -1; ///< cost or message
};

class Lowering {
public:
  Lowering(const workloads::Scenario& s, workloads::Recompute recompute, bool fuse_tp)
      : s_(s), context_{s.model, s.training, s.plan, s.stack, recompute}, m_(microbatches(s.plan, s.training)),
        chunks_(chunks_of(s.model, s.plan)) {
    out_.program.tp_fused = fuse_tp && s.plan.tp > 1;
    out_.program.slot_kinds = std::int32_t(2 * s.plan.vpp) + 1; // the last one: the optimizer step
  }

  Lowered run() {
    for (std::int64_t stage = 0; stage < s_.plan.pp; ++stage)
      out_.program.stages.push_back(build(stage));
    return std::move(out_);
  }

private:
  struct State {
    std::int64_t stage = 0;
    StageBuilder builder;
    std::int32_t compute = -1, gradients = -1, parameters = -1, forward = -1, backward = -1;
    std::vector<std::vector<std::int32_t>> gathers; ///< by chunk, bucket by bucket
    std::vector<bool> gathered;
  };

  [[nodiscard]] const Chunk& chunk(std::int64_t stage, std::int64_t c) const {
    return chunks_[std::size_t(c * s_.plan.pp + stage)];
  }
  [[nodiscard]] bool sharded() const { return s_.plan.zero >= 1; }

  StageProgram build(std::int64_t stage) {
    State st;
    st.stage = stage;
    st.gathers.resize(std::size_t(s_.plan.vpp));
    st.gathered.assign(std::size_t(s_.plan.vpp), false);
    if (s_.plan.dp > 1 && sharded()) gather_parameters(st);
    const auto slots = stage_slots(s_.plan.schedule, stage, s_.plan.pp, s_.plan.vpp, m_);
    for (std::size_t i = 0; i < slots.size(); ++i)
      if (slots[i].phase == Phase::forward)
        forward_slot(st, slots[i]);
      else
        backward_slot(st, slots[i], closes_run(slots, i));
    finish(st);
    return st.builder.take();
  }

  // --- slots -----------------------------------------------------------------------------------------
  void forward_slot(State& st, const Slot& slot) {
    const std::int64_t v = slot.chunk * s_.plan.pp + st.stage, last = s_.plan.pp * s_.plan.vpp - 1;
    std::int32_t arrival = -1;
    if (v > 0) arrival = receive(st, Role::forward_receive, (v - 1) / s_.plan.pp, slot.microbatch);
    const std::size_t c = std::size_t(slot.chunk);
    const std::vector<std::int32_t> gathers = st.gathered[c] ? std::vector<std::int32_t>{} : st.gathers[c];
    st.gathered[c] = true;
    work(st, slot, arrival, gathers, nullptr);
    if (v < last) send(st, Role::forward_send, st.forward, slot);
  }
  void backward_slot(State& st, const Slot& slot, bool closes) {
    const std::int64_t v = slot.chunk * s_.plan.pp + st.stage, last = s_.plan.pp * s_.plan.vpp - 1;
    std::int32_t arrival = -1;
    if (v < last) arrival = receive(st, Role::backward_receive, (v + 1) / s_.plan.pp, slot.microbatch);
    std::vector<std::int32_t> ends;
    const bool reduce = closes && s_.plan.dp > 1 && s_.stack.overlap.gradients;
    work(st, slot, arrival, {}, reduce ? &ends : nullptr);
    if (v > 0) send(st, Role::backward_send, st.backward, slot);
    if (reduce) reduce_gradients(st, slot.chunk, ends);
  }

  /// The slot's compute, cut at bucket boundaries where parameters arrive or gradients leave bucket by bucket.
  void work(State& st, const Slot& slot, std::int32_t arrival, const std::vector<std::int32_t>& gathers,
            std::vector<std::int32_t>* ends) {
    const auto& segments = segments_of(chunk(st.stage, slot.chunk), slot.phase);
    const auto kind = std::int32_t(slot.phase == Phase::forward ? slot.chunk : s_.plan.vpp + slot.chunk);
    if (segments.size() == 1) {
      const std::size_t pieces =
          std::max<std::size_t>({1, gathers.size(), ends ? std::size_t(buckets(st.stage, slot.chunk)) : 1});
      for (std::size_t i = 0; i < pieces; ++i) {
        Op op = compute(segments[0].id, kind, 1.0 / double(pieces));
        st.compute = st.builder.add(op, {st.compute, i == 0 ? arrival : -1, i < gathers.size() ? gathers[i] : -1});
        if (ends) ends->push_back(st.compute);
      }
      return;
    }
    std::int32_t side = -1, first = arrival;
    for (const Segment& segment : segments) {
      Op op = segment.is_collective ? message(OpKind::collective, Role::tp, segment.id) : compute(segment.id, kind, 1);
      const std::int32_t id = st.builder.add(op, {st.compute, first});
      if (first == arrival) // the whole slot waits for its parameters
        for (std::int32_t g : gathers)
          st.builder.wait(id, g);
      first = -1;
      if (segment.is_collective && segment.beside) {
        side = id;
        continue;
      }
      st.compute = id;
      if (side >= 0) { // the step after the pair waits for both
        Op join = compute(zero_cost(), -1, 1);
        st.compute = st.builder.add(join, {st.compute, side});
        side = -1;
      }
    }
    if (ends) ends->assign(std::size_t(buckets(st.stage, slot.chunk)), st.compute);
  }

  static Op compute(std::int32_t cost, std::int32_t slot, double share) {
    Op op;
    op.kind = OpKind::compute;
    op.cost = cost;
    op.slot = slot;
    op.share = share;
    return op;
  }
  static Op message(OpKind kind, Role role, std::int32_t id, std::int32_t tag = -1) {
    Op op;
    op.kind = kind;
    op.role = role;
    op.message = id;
    op.tag = tag;
    return op;
  }

  // --- pipeline --------------------------------------------------------------------------------------
  std::int32_t receive(State& st, Role role, std::int64_t senders_chunk, std::int64_t microbatch) {
    return st.builder.add(message(OpKind::receive, role, -1, std::int32_t(senders_chunk * m_ + microbatch)), {});
  }
  void send(State& st, Role role, std::int32_t& stream, const Slot& slot) {
    const bool split = s_.plan.sp || s_.stack.pipeline_scatter;
    const double bytes =
        2.0 * double(s_.training.sequence * s_.plan.microbatch * s_.model.hidden) / (split ? double(s_.plan.tp) : 1.0);
    const std::int32_t id = message_id({CollectiveOp::send, Bytes(bytes), Dim::pp, false, 1});
    stream = st.builder.add(message(OpKind::send, role, id, std::int32_t(slot.chunk * m_ + slot.microbatch)),
                            {st.compute, stream});
    if (!s_.stack.overlap.pipeline) st.compute = stream;
  }

  // --- data parallelism ------------------------------------------------------------------------------
  [[nodiscard]] double gradient_bytes(std::int64_t stage, std::int64_t c) const {
    return chunk(stage, c).parameters * bytes_per_element(s_.stack.gradient_precision);
  }
  [[nodiscard]] std::int64_t buckets(std::int64_t stage, std::int64_t c) const {
    const double wanted = std::ceil(gradient_bytes(stage, c) / s_.stack.dp_bucket.value.count());
    return std::max<std::int64_t>(1, std::min<std::int64_t>(std::int64_t(wanted), chunk(stage, c).layers));
  }
  void gather_parameters(State& st) {
    for (std::int64_t c = 0; c < s_.plan.vpp; ++c) {
      const std::int64_t n = buckets(st.stage, c);
      const double bytes = 2 * chunk(st.stage, c).parameters / double(n);
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int32_t id = message_id({CollectiveOp::all_gather, Bytes(bytes), Dim::dp, true, 1});
        st.parameters = st.builder.add(message(OpKind::collective, Role::dp, id), {st.parameters});
        if (s_.stack.overlap.parameters)
          st.gathers[std::size_t(c)].push_back(st.parameters);
        else
          st.compute = st.parameters;
      }
    }
    st.gradients = st.parameters; // one stream: a communicator runs its collectives in order
  }
  void reduce_gradients(State& st, std::int64_t c, const std::vector<std::int32_t>& ends) {
    const CollectiveOp op = sharded() ? CollectiveOp::reduce_scatter : CollectiveOp::all_reduce;
    const std::int32_t id =
        message_id({op, Bytes(gradient_bytes(st.stage, c) / double(ends.size())), Dim::dp, true, 1});
    for (std::int32_t end : ends)
      st.gradients = st.builder.add(message(OpKind::collective, Role::dp, id), {end, st.gradients});
  }
  /// ZeRO-2 reduces a chunk after each run of consecutive backward microbatches; the others once, at the end.
  [[nodiscard]] bool closes_run(const std::vector<Slot>& slots, std::size_t at) const {
    for (std::size_t i = at + 1; i < slots.size(); ++i) {
      if (slots[i].phase == Phase::forward) continue;
      if (s_.plan.zero >= 2) return slots[i].chunk != slots[at].chunk;
      if (slots[i].chunk == slots[at].chunk) return false;
    }
    return true;
  }

  // --- end of the step -------------------------------------------------------------------------------
  void finish(State& st) {
    const auto& plan = s_.plan;
    if (plan.dp > 1 && !s_.stack.overlap.gradients)
      for (std::int64_t c = plan.vpp - 1; c >= 0; --c) {
        const std::vector<std::int32_t> ends(std::size_t(buckets(st.stage, c)), st.compute);
        reduce_gradients(st, c, ends);
      }
    auto blocking = [&](Role role, CollectiveOp op, double bytes) {
      const std::int32_t id = message_id({op, Bytes(bytes), Dim::other, false, 1});
      st.compute = st.builder.add(message(OpKind::collective, role, id), {st.compute, st.gradients});
    };
    double layers = 0, parameters = 0;
    for (std::int64_t c = 0; c < plan.vpp; ++c) {
      layers += double(chunk(st.stage, c).layers);
      parameters += chunk(st.stage, c).parameters;
    }
    if (plan.tp > 1 && plan.sp && layers > 0) // norms see their shard of the sequence only
      blocking(Role::tp, CollectiveOp::all_reduce, 4 * 2 * double(s_.model.hidden) * layers);
    if (plan.pp > 1 && s_.model.tied_embeddings && (st.stage == 0 || st.stage == plan.pp - 1))
      blocking(Role::embedding, CollectiveOp::all_reduce,
               s_.model.embedding_parameters() / double(plan.tp) * bytes_per_element(s_.stack.gradient_precision));
    if (plan.ranks() > 1) blocking(Role::world, CollectiveOp::all_reduce, 4); // gradient norm
    Recipe update;
    update.optimizer_bytes = s_.stack.optimizer_bytes.value * parameters / (sharded() ? double(plan.dp) : 1.0);
    update.step_overhead = s_.stack.step_overhead.value.count();
    out_.recipes.push_back(update);
    st.compute = st.builder.add(compute(std::int32_t(out_.recipes.size()) - 1, out_.program.slot_kinds - 1, 1),
                                {st.compute, st.gradients});
  }

  // --- tables ----------------------------------------------------------------------------------------
  std::int32_t message_id(const Message& m) {
    auto [it, fresh] = message_ids_.try_emplace({m.op, m.size.count(), m.dim, m.slows_compute, m.share},
                                                std::int32_t(out_.program.messages.size()));
    if (fresh) out_.program.messages.push_back(m);
    return it->second;
  }
  std::int32_t zero_cost() {
    if (zero_cost_ < 0) {
      out_.recipes.emplace_back();
      zero_cost_ = std::int32_t(out_.recipes.size()) - 1;
    }
    return zero_cost_;
  }
  [[nodiscard]] double host_floor(Phase phase) const {
    const double again = context_.recompute == workloads::Recompute::full ? 1 : 0;
    const double ratio = s_.stack.host_backward_ratio.value + again; // a recomputed forward is issued again
    const double forward = s_.stack.host_issue.value.count() / (1 + ratio);
    return phase == Phase::forward ? forward : forward * ratio;
  }
  const std::vector<Segment>& segments_of(const Chunk& c, Phase phase) {
    auto [it, fresh] = segments_.try_emplace({c.layers, c.embedding, c.head, phase});
    if (fresh) it->second = make_segments(c, phase);
    return it->second;
  }
  std::vector<Segment> make_segments(const Chunk& c, Phase phase) {
    const bool fwd = phase == Phase::forward;
    std::vector<Recipe::Part> parts;
    const auto layer = fwd ? layer_forward(context_) : layer_backward(context_);
    if (c.embedding) parts.push_back({fwd ? embedding_forward(context_) : embedding_backward(context_)});
    if (c.layers > 0) parts.push_back({layer, double(c.layers), host_floor(phase)});
    if (c.head) parts.push_back({fwd ? head_forward(context_) : head_backward(context_)});
    if (!fwd) std::reverse(parts.begin(), parts.end());
    if (out_.program.tp_fused || s_.plan.tp == 1) {
      out_.recipes.push_back({std::move(parts)});
      return {{false, false, std::int32_t(out_.recipes.size()) - 1}};
    }
    std::vector<Segment> out;
    for (const auto& part : parts)
      for (std::int64_t i = 0; i < std::int64_t(part.times); ++i)
        explode(part, out);
    return out;
  }
  /// Every tp collective an op of its own; kernels between two of them one compute op.
  void explode(const Recipe::Part& part, std::vector<Segment>& out) {
    const auto work = workloads::split_hidden(part.work, s_.stack.tp_hidden_share.value);
    workloads::Work run;
    auto flush = [&] {
      if (run.empty()) return;
      out_.recipes.push_back({{{run}}});
      out.push_back({false, false, std::int32_t(out_.recipes.size()) - 1});
      run.clear();
    };
    for (std::size_t i = 0; i < work.size(); ++i) {
      if (!work[i].is_collective) {
        run.push_back(work[i]);
        continue;
      }
      flush();
      const auto& c = work[i].collective;
      const std::int32_t id = message_id({c.op, c.bytes, c.loss ? Dim::other : Dim::tp, !c.hidden, c.share});
      out.push_back({true, c.beside_next, id});
      if (c.beside_next) { // its partner is one op, so that the pair can be told apart
        run.push_back(work[++i]);
        flush();
      }
    }
    flush();
    if (part.host_floor > 0) {
      Recipe host;
      host.parts.push_back({part.work, 1, part.host_floor, true});
      out_.recipes.push_back(host);
      out.push_back({false, false, std::int32_t(out_.recipes.size()) - 1});
    }
  }

  const workloads::Scenario& s_;
  workloads::LayerContext context_;
  std::int64_t m_;
  std::vector<Chunk> chunks_; ///< by virtual stage
  Lowered out_;
  std::map<std::tuple<std::int64_t, bool, bool, Phase>, std::vector<Segment>> segments_;
  std::map<std::tuple<CollectiveOp, double, Dim, bool, double>, std::int32_t> message_ids_;
  std::int32_t zero_cost_ = -1;
};

} // namespace

Lowered lower(const workloads::Scenario& scenario, workloads::Recompute recompute, bool fuse_tp) {
  return Lowering(scenario, recompute, fuse_tp).run();
}

} // namespace weft::sim
