#include "sim/estimate.hpp"

#include <algorithm>

namespace weft::sim {

std::int64_t Estimate::activities(DimSet ideal) const {
  std::int64_t out = compute;
  for (std::size_t d = 0; d < dim_count; ++d)
    if (!(ideal & bit(Dim(d)))) out += messages[d];
  return out;
}

Estimate estimate(const Program& program, const Folded& folded, const Placement& placement) {
  struct OfStage {
    std::int64_t compute = 0;
    std::array<std::array<std::int64_t, dim_count>, role_count> messages{};
  };
  std::vector<OfStage> stages;
  for (const StageProgram& stage : program.stages) {
    OfStage& s = stages.emplace_back();
    for (const Op& op : stage.ops)
      if (op.kind == OpKind::compute)
        ++s.compute;
      else if (op.kind != OpKind::receive)
        ++s.messages[index(op.role)][std::size_t(program.messages[std::size_t(op.message)].dim)];
  }
  Estimate out;
  double compute = 0;
  for (const auto& rank : folded.ranks) {
    std::size_t lockstep = 1; // classes that share a timer
    for (std::size_t role = 0; role < role_count; ++role)
      if (program.fused & bit(Role(role)) && rank.communicator[role] >= 0)
        lockstep = std::max(lockstep, folded.communicators[std::size_t(rank.communicator[role])].members.size());
    compute += double(stages[std::size_t(rank.stage)].compute) / double(lockstep);
  }
  out.compute = std::int64_t(compute + 0.5);
  for (const auto& c : folded.communicators) {
    const auto& real = placement.communicators[std::size_t(c.representative)];
    // A channel's ops are its sender's; a collective's are alike on all members.
    const std::int32_t one = folded.rank_class[std::size_t(placement.members_of(real).front())];
    const auto& of_role = stages[std::size_t(folded.ranks[std::size_t(one)].stage)].messages[index(real.role)];
    const bool flows = std::any_of(c.paths.begin(), c.paths.end(), [](const auto& path) { return !path.uses.empty(); });
    for (std::size_t d = 0; d < dim_count; ++d)
      out.messages[d] += of_role[d] * (flows ? 2 : 1);
  }
  return out;
}

} // namespace weft::sim
