#include "sim/stage_state.hpp"

#include <algorithm>
#include <cmath>

namespace weft::sim {

using workloads::CollectiveOp;

bool DataParallel::layerwise() const {
  return s_.plan.layerwise();
}
bool DataParallel::bucketed() const {
  return !s_.training.frozen && (s_.plan.coupled() > 1 || (s_.model.experts && s_.plan.expert_coupled() > 1)) &&
         !layerwise();
}

std::int64_t DataParallel::buckets(std::int64_t stage, std::int64_t c) const {
  const auto& here = chunk(stage, c);
  const double bytes = (here.parameters + here.expert_parameters) * bytes_per_element(s_.stack.gradient_precision);
  const double wanted = std::ceil(bytes / s_.stack.dp_bucket.value.count());
  return std::max<std::int64_t>(1, std::min<std::int64_t>(std::int64_t(wanted), here.layers()));
}

OpId DataParallel::collective(StageState& st, Role role, CollectiveOp op, double bytes, OpId a, OpId b,
                              double share) const {
  const double rate = s_.stack.dp_ring_rate ? s_.stack.dp_ring_rate->value.count() : 0;
  Message m{op, Bytes(bytes), Dim::dp, true, share};
  m.rate = rate;
  return st.builder.add(StageState::message_op(OpKind::collective, role, segmenter_.message(m)), {a, b});
}

OpId DataParallel::reduce(StageState& st, double dense, double experts, OpId after, OpId stream) const {
  const double element = bytes_per_element(s_.stack.gradient_precision);
  const double shard = double(s_.plan.shard());
  const bool scatters = sharded() && (s_.plan.zero >= 3 || !s_.stack.all_reduces_gradients);
  const CollectiveOp whole = scatters ? CollectiveOp::reduce_scatter : CollectiveOp::all_reduce;
  if (dense > 0 && s_.plan.coupled() > 1) {
    const bool at_once = workloads::reduces_at_once(s_.plan, s_.stack);
    if (!hybrid() || s_.plan.loose() || at_once) {
      const Role role = at_once ? Role::dp : coupled_role();
      stream = collective(st, role, whole, dense * element, after, stream);
    } else {
      if (shard > 1) stream = collective(st, Role::shard, CollectiveOp::reduce_scatter, dense * element, after, stream);
      if (!layerwise())
        stream = collective(st, Role::replica, CollectiveOp::all_reduce, dense * element / shard, after, stream);
    }
  }
  if (experts > 0 && s_.plan.expert_coupled() > 1)
    stream = collective(st, Role::expert_dp, whole, experts * element, after, stream);
  return stream;
}

OpId DataParallel::gather(StageState& st, double dense, double experts, OpId after, OpId stream, double pieces) const {
  const double element = bytes_per_element(s_.stack.parameter_precision);
  if (dense > 0 && s_.plan.shard() > 1)
    stream = collective(st, coupled_role(), CollectiveOp::all_gather, dense * element / pieces, after, stream, pieces);
  if (experts > 0 && s_.plan.expert_coupled() > 1)
    stream = collective(st, Role::expert_dp, CollectiveOp::all_gather, experts * element, after, stream);
  return stream;
}

/// Where owners broadcast what they updated, as many broadcasts as owners with a tensor, one after the other. A ring
/// passes each on with a gather's bytes and a gather's latency.
double DataParallel::broadcasts(std::int64_t stage, std::int64_t c) const {
  if (!s_.stack.owner_broadcasts || s_.plan.zero > 2) return 1;
  const workloads::Chunk& here = chunk(stage, c);
  const double of_layer = 4 + (s_.model.gated_mlp ? 3 : 2); // two norms, attention's two matmuls, the MLP's
  const double tensors = of_layer * double(here.layers()) + (here.embedding ? 1 : 0) + (here.head ? 2 : 0);
  return std::max(1.0, std::min(double(s_.plan.shard()), tensors));
}

void DataParallel::gather_parameters(StageState& st) const {
  if (!bucketed() || !sharded()) return;
  OpId stream = no_op;
  for (std::int64_t c = 0; c < s_.plan.vpp; ++c) {
    const auto& here = chunk(st.stage, c);
    const double n = double(buckets(st.stage, c)), pieces = std::max(1.0, broadcasts(st.stage, c) / n);
    for (std::int64_t i = 0; i < std::int64_t(n); ++i) {
      stream = gather(st, here.parameters / n, here.expert_parameters / n, no_op, stream, pieces);
      if (s_.stack.overlap.parameters)
        st.gathers[std::size_t(c)].push_back(stream);
      else
        st.compute = stream;
    }
  }
  st.gradients = stream; // one stream: a communicator runs its collectives in order
}

void DataParallel::reduce_gradients(StageState& st, std::int64_t c, const std::vector<OpId>& ends) const {
  const auto& here = chunk(st.stage, c);
  const double n = double(ends.size());
  for (OpId end : ends)
    st.gradients = reduce(st, here.parameters / n, here.expert_parameters / n, end, st.gradients);
}

OpId DataParallel::gather_unit(StageState& st, const Unit& unit, OpId not_before) const {
  if (!s_.stack.overlap.weights) {
    const OpId end = gather(st, unit.parameters, unit.expert_parameters, st.compute, no_op);
    if (end != no_op) st.compute = end;
    return st.compute;
  }
  st.gradients = gather(st, unit.parameters, unit.expert_parameters, not_before, st.gradients);
  return st.gradients;
}
void DataParallel::reduce_unit(StageState& st, const Unit& unit) const {
  if (s_.training.frozen) return;
  const OpId end = reduce(st, unit.parameters, unit.expert_parameters, st.compute, st.gradients);
  if (end == st.gradients) return; // a tied head has no weights of its own
  st.gradients = end;
  if (!s_.stack.overlap.weights) st.compute = end;
}

void DataParallel::finish(StageState& st) const {
  const auto& plan = s_.plan;
  if (s_.training.frozen) return; // adapters are too small to count
  const double element = bytes_per_element(s_.stack.gradient_precision);
  double dense = 0, experts = 0;
  for (std::int64_t c = 0; c < plan.vpp; ++c) {
    dense += chunk(st.stage, c).parameters;
    experts += chunk(st.stage, c).expert_parameters;
  }
  if (plan.schedule == workloads::Schedule::dualpipe) // both copies of the weights see half the microbatches
    st.gradients =
        collective(st, Role::mirror, CollectiveOp::all_reduce, (dense + experts) * element, st.compute, st.gradients);
  if (bucketed() && (!s_.stack.overlap.gradients || plan.schedule == workloads::Schedule::dualpipe))
    for (std::int64_t c = plan.vpp - 1; c >= 0; --c)
      reduce_gradients(st, c, std::vector<OpId>(std::size_t(buckets(st.stage, c)), st.compute));
  if (layerwise() && hybrid() && !plan.loose())
    st.gradients = collective(st, Role::replica, CollectiveOp::all_reduce, dense * element / double(plan.shard()),
                              st.compute, st.gradients);
  if (plan.loose()) { // a step's share of an exchange that happens once in inner_steps
    const double bytes = bytes_per_element(plan.outer.precision), share = 1 / double(plan.outer.inner_steps);
    // Overlapped it is a stream of its own, from the step's first second; the step's end waits for it.
    OpId& stream = plan.outer.overlap ? st.exchange : st.gradients;
    const OpId after = plan.outer.overlap ? no_op : st.compute;
    const double own = sharded() ? dense / double(plan.shard()) : dense; // each rank exchanges the weights it updates
    stream = collective(st, Role::replica, CollectiveOp::all_reduce, own * bytes, after, stream, share);
    if (experts > 0 && plan.expert_replicas() > 1)
      stream = collective(st, Role::expert_dp, CollectiveOp::all_reduce, experts * bytes, after, stream, share);
  }
}

double DataParallel::updated(std::int64_t stage) const {
  if (s_.training.frozen) return 0;
  double dense = 0, experts = 0;
  for (std::int64_t c = 0; c < s_.plan.vpp; ++c) {
    dense += chunk(stage, c).parameters;
    experts += chunk(stage, c).expert_parameters;
  }
  if (!sharded()) return dense + experts;
  return dense / double(s_.plan.shard()) + experts / double(s_.plan.expert_coupled());
}

double DataParallel::gradient_bytes(std::int64_t stage) const {
  if (s_.training.frozen) return 0;
  double held = 0;
  for (std::int64_t c = 0; c < s_.plan.vpp; ++c)
    held += chunk(stage, c).parameters + chunk(stage, c).expert_parameters;
  if (s_.plan.zero >= 2) held = updated(stage);
  const bool averages = s_.plan.coupled() > 1;
  return held * (s_.stack.gradient_bytes.value + (averages ? s_.stack.averaging_bytes.value : 0));
}

} // namespace weft::sim
