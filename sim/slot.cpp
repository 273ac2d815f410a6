#include "sim/slot.hpp"

#include <algorithm>

namespace weft::sim {

using workloads::LayerCollective;
using workloads::LayerGroup;
using workloads::Work;

namespace {

void add(Breakdown& to, const Breakdown& from, double times = 1) {
  for (std::size_t i = 0; i < entry_count; ++i)
    to[i] += times * from[i];
}
double& part(Cost& cost, Entry e) {
  return cost.parts[std::size_t(e)];
}

} // namespace

Dim dim_of(const LayerCollective& c) {
  switch (c.group) {
  case LayerGroup::tp: return Dim::tp;
  case LayerGroup::loss: return Dim::other;
  case LayerGroup::cp: return Dim::cp;
  case LayerGroup::ep: return Dim::ep;
  }
  return Dim::other;
}

LayerTime SlotPricer::time_of(const LayerCollective& collective) const {
  if (ideal_ & bit(dim_of(collective))) return {0, false};
  const LayerTime whole = timer_(collective);
  return {whole.seconds * collective.share, whole.slows && !collective.hidden};
}

void SlotPricer::serial(const LayerCollective& c, Cost& cost) const {
  const double time = time_of(c).seconds;
  cost.rigid += time;
  part(cost, entry_of(dim_of(c))) += time;
  cost.collectives[std::size_t(dim_of(c))] += time;
}

void SlotPricer::beside(const LayerCollective& c, const workloads::Kernel& kernel, Cost& cost) const {
  const LayerTime tp = time_of(c);
  const double sigma = tp.slows ? sigma_ : 0;
  const Breakdown parts = kernels_.price(kernel);
  const double compute = total(parts);
  add(cost.parts, parts);
  // Work done while the collective runs goes at 1/(1+σ); what is left after it is ordinary compute.
  const double during = std::min(compute, tp.seconds / (1 + sigma));
  const double slowed = during * sigma;
  const double exposed = std::max(0.0, tp.seconds - compute * (1 + sigma));
  cost.elastic += compute - during;
  cost.rigid += during + slowed + exposed;
  cost.scalable += during + slowed;
  cost.collectives[std::size_t(dim_of(c))] += tp.seconds;
  part(cost, Entry::overlap_slowdown) += slowed;
  part(cost, entry_of(dim_of(c))) += exposed;
}

Cost SlotPricer::price(const Work& plain) const {
  const Work work = workloads::split_hidden(plain, hidden_);
  Cost cost;
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (!work[i].is_collective) {
      const Breakdown parts = kernels_.price(work[i].kernel);
      add(cost.parts, parts);
      cost.elastic += total(parts);
    } else if (work[i].collective.beside_next && i + 1 < work.size() && !work[i + 1].is_collective) {
      beside(work[i].collective, work[i + 1].kernel, cost);
      ++i;
    } else {
      serial(work[i].collective, cost);
    }
  }
  return cost;
}

/// Seconds that the device spends on experts' matmuls.
double SlotPricer::experts(const Work& work) const {
  double seconds = 0;
  for (const workloads::WorkStep& step : work)
    if (!step.is_collective && (step.kernel.kind == workloads::KernelKind::grouped_gemm ||
                                step.kernel.kind == workloads::KernelKind::grouped_weight_gradient))
      seconds += total(kernels_.price(step.kernel));
  return seconds;
}

Cost SlotPricer::price(const Recipe& recipe) const {
  Cost out;
  for (const Recipe::Part& p : recipe.parts) {
    Cost one = price(p.work);
    // The host issues beside the device until it becomes the slower one. Before a loop over experts it has waited for
    // the device, so there it has no lead: expert by expert, the slower of the two counts.
    const double device = one.elastic + one.rigid;
    const double transfer = std::max(0.0, kernels_.host_transfer(Bytes(p.host_link_bytes)) - device);
    const bool in_turn = p.host_in_turn;
    const double beside = p.host_loop > 0 && !in_turn ? experts(p.work) : 0;
    const double loop = std::max(0.0, p.host_loop - beside);
    double wait = transfer;
    if (in_turn)
      wait += loop + p.host_floor;
    else if (p.host_ahead)
      out.host += p.times * (p.host_floor + p.host_loop);
    else
      wait = std::max(device + transfer + loop, p.host_floor) - device;
    if (p.only_host) one = {};
    one.rigid += wait;
    part(one, Entry::host) += wait;
    out.elastic += p.times * one.elastic;
    out.rigid += p.times * one.rigid;
    out.scalable += p.times * one.scalable;
    add(out.parts, one.parts, p.times);
    for (std::size_t d = 0; d < dim_count; ++d)
      out.collectives[d] += p.times * one.collectives[d];
  }
  const double optimizer =
      kernels_.streaming(Bytes(recipe.optimizer_bytes)) + recipe.optimizer_flops / kernels_.gemm_rate();
  out.elastic += optimizer;
  part(out, Entry::optimizer) += optimizer;
  out.rigid += recipe.step_overhead;
  part(out, Entry::host) += recipe.step_overhead;
  return out;
}

} // namespace weft::sim
