#include "sim/calls.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <tuple>

namespace weft::sim {

using workloads::CollectiveOp;

Calls calls_of(const Lowered& lowered) {
  std::array<std::set<std::tuple<CollectiveOp, double, double>>, role_count> known;
  Calls out;
  auto add = [&](Role role, const Call& call) {
    if (known[index(role)].insert({call.op, call.bytes, call.rate}).second) out[index(role)].push_back(call);
  };
  std::vector<RoleSet> asked(lowered.program.messages.size(), 0);
  for (const StageProgram& stage : lowered.program.stages)
    for (const Op& op : stage.ops) {
      if (op.kind != OpKind::collective || (asked[std::size_t(op.message)] & bit(op.role))) continue;
      asked[std::size_t(op.message)] |= bit(op.role);
      const Message& m = lowered.program.messages[std::size_t(op.message)];
      add(op.role, {m.op, m.size.count(), m.rate});
    }
  for (const Recipe& recipe : lowered.recipes)
    for (const auto& part : recipe.parts)
      for (const auto& step : part.work)
        if (step.is_collective)
          add(role_of(step.collective.group), {step.collective.op, step.collective.bytes.count()});
  return out;
}

Result<void> check_forced(const Choice& choice, const Calls& calls, const Placement& placement) {
  for (const auto& [op, forced] : choice.forced()) {
    std::string refusal;
    bool runs = true; // nowhere asked for, it forces nothing
    for (const auto& c : placement.communicators) {
      if (c.patterns.empty()) continue; // a scalar for everybody takes none
      const auto& asked = calls[index(c.role)];
      if (std::none_of(asked.begin(), asked.end(), [&](const Call& call) { return call.op == op && call.rate == 0; }))
        continue;
      runs = choice.refusal(forced.algorithm, c.span).empty();
      if (runs) break;
      if (refusal.empty()) refusal = choice.refusal(forced.algorithm, c.span);
    }
    if (!runs)
      return fail(forced.mark, fmt::format("no {} of this step can run as the stack says: {}", op_name(op), refusal));
  }
  return {};
}

} // namespace weft::sim
