#include "sim/engine_state.hpp"

#include "sim/lockstep.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace weft::sim {

EngineState::EngineState(const EngineInput& in) : in_(in) {
  make_ranks();
  make_cells();
  make_exchanges();
}

void EngineState::make_ranks() {
  const std::size_t count = in_.folded.ranks.size();
  std::size_t ops = 0;
  for (const auto& folded : in_.folded.ranks)
    ops += in_.program.stages[std::size_t(folded.stage)].ops.size();
  waits_.reserve(ops);
  run_.compute.resize(count);
  for (std::size_t rc = 0; rc < count; ++rc) {
    const auto& folded = in_.folded.ranks[rc];
    const StageProgram& program = in_.program.stages[std::size_t(folded.stage)];
    Rank& rank = ranks_.emplace_back();
    rank.program = &program;
    rank.waits = waits_.data() + waits_.size(); // reserved above: it stays there
    rank.communicator = folded.communicator.data();
    std::size_t computes = 0;
    for (const Op& op : program.ops) {
      if (op.waits > std::numeric_limits<std::uint16_t>::max())
        throw std::length_error("an op waits for more than 65,535 others");
      waits_.push_back(std::uint16_t(op.waits));
      computes += op.kind == OpKind::compute;
    }
    run_.compute[rc].reserve(computes);
    unfinished_ += std::int64_t(program.ops.size());
  }
  run_.begin.assign(count, 0);
  run_.lead.assign(count, 0);
  gathered_.assign(count, 0);
}

void EngineState::make_cells() {
  for (const auto& group : lockstep_groups(in_.program, in_.folded, in_.placement)) {
    const auto id = std::int32_t(cells_.size());
    Cell& cell = cells_.emplace_back();
    if (group.size() > 1) cell.arrived.assign(rank(group.front()).program->ops.size(), 0);
    for (std::int32_t rc : group) {
      cell.members.push_back({rc});
      rank(rc).cell = id;
    }
  }
}

void EngineState::make_exchanges() {
  const auto& communicators = in_.folded.communicators;
  exchanges_.resize(communicators.size());
  run_.messages.resize(communicators.size());
  for (std::size_t c = 0; c < communicators.size(); ++c) {
    const auto& real = in_.placement.communicators[std::size_t(communicators[c].representative)];
    std::size_t tags = 0;
    for (std::int32_t m : communicators[c].members)
      tags = std::max(tags, rank(m).program->by_tag[index(real.role)].size());
    run_.messages[c].resize(tags);
    Exchange& exchange = exchanges_[c];
    exchange.folded = &communicators[c];
    exchange.spans = run_.messages[c].data();
    exchange.role = real.role;
    if (is_channel(real.role)) {
      const auto members = in_.placement.members_of(real);
      exchange.sender = in_.folded.rank_class[std::size_t(members[0])];
      exchange.receiver = in_.folded.rank_class[std::size_t(members[1])];
    } else
      exchange.arrived.assign(tags, 0);
  }
}

} // namespace weft::sim
