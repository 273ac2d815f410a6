#include "sim/ideal.hpp"

#include "sim/simulate.hpp"

namespace weft::sim {

DimSet dims_present(const workloads::Plan& plan, bool experts) {
  DimSet dims = 0;
  if (plan.tp > 1) dims |= bit(Dim::tp);
  if (plan.pp > 1) dims |= bit(Dim::pp);
  if (plan.cp > 1) dims |= bit(Dim::cp);
  if (plan.ep > 1) dims |= bit(Dim::ep);
  if (plan.replicas() > 1 || (experts && plan.expert_replicas() > 1) || plan.schedule == workloads::Schedule::dualpipe)
    dims |= bit(Dim::dp);
  if (plan.ranks() > 1) dims |= bit(Dim::other);
  return dims;
}

std::vector<Ideal> ideal_sets(DimSet dims, TierSet tiers, const Options& options) {
  std::vector<Ideal> sets{{}};
  if (dims == 0) return sets;
  if (options.ideal_run || options.all_subsets) sets.push_back({dims});
  if (options.all_subsets)
    for (unsigned s = 1; s < dims; ++s)
      if ((s & ~unsigned(dims)) == 0) sets.push_back({DimSet(s)});
  if (options.tier_subsets)
    for (TierSet s = tiers; s != 0; s = (s - 1) & tiers) // all subsets, the whole one first
      sets.push_back({0, s});
  return sets;
}

} // namespace weft::sim
