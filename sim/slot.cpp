#include "sim/slot.hpp"

#include <algorithm>

namespace weft::sim {

using workloads::TpCollective;
using workloads::Work;

namespace {

Dim dim_of(const TpCollective& c) {
  return c.loss ? Dim::other : Dim::tp;
}

void add(Breakdown& to, const Breakdown& from, double times = 1) {
  for (std::size_t i = 0; i < entry_count; ++i)
    to[i] += times * from[i];
}
double& part(Cost& cost, Entry e) {
  return cost.parts[std::size_t(e)];
}

} // namespace

TpTime SlotPricer::time_of(const TpCollective& collective) const {
  if (ideal_ & bit(dim_of(collective))) return {0, false};
  TpTime whole = tp_(collective);
  return {whole.seconds * collective.share, whole.slows && !collective.hidden};
}

void SlotPricer::serial(const TpCollective& c, Cost& cost) const {
  const double time = time_of(c).seconds;
  cost.rigid += time;
  part(cost, entry_of(dim_of(c))) += time;
}

void SlotPricer::beside(const TpCollective& c, const workloads::Kernel& kernel, Cost& cost) const {
  const TpTime tp = time_of(c);
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

Cost SlotPricer::price(const Recipe& recipe) const {
  Cost out;
  for (const Recipe::Part& p : recipe.parts) {
    Cost one = price(p.work);
    const double wait = std::max(0.0, p.host_floor - one.elastic - one.rigid);
    if (p.only_host) one = {};
    one.rigid += wait;
    part(one, Entry::host) += wait;
    out.elastic += p.times * one.elastic;
    out.rigid += p.times * one.rigid;
    out.scalable += p.times * one.scalable;
    add(out.parts, one.parts, p.times);
  }
  const double optimizer = kernels_.streaming(Bytes(recipe.optimizer_bytes));
  out.elastic += optimizer;
  part(out, Entry::optimizer) += optimizer;
  out.rigid += recipe.step_overhead;
  part(out, Entry::host) += recipe.step_overhead;
  return out;
}

} // namespace weft::sim
