#include "sim/stage_builder.hpp"

#include <algorithm>

namespace weft::sim {

std::int32_t StageBuilder::add(Op op, std::initializer_list<std::int32_t> after) {
  const auto id = std::int32_t(program_.ops.size());
  if (op.kind == OpKind::collective) op.tag = next_tag_[std::size_t(op.role)]++;
  if (op.kind == OpKind::receive) op.waits = 1;
  if (op.kind != OpKind::compute) {
    auto& table = program_.by_tag[std::size_t(op.role)];
    if (table.size() <= std::size_t(op.tag)) table.resize(std::size_t(op.tag) + 1, -1);
    table[std::size_t(op.tag)] = id;
  }
  program_.ops.push_back(op);
  for (std::int32_t a : after)
    wait(id, a);
  return id;
}

void StageBuilder::wait(std::int32_t op, std::int32_t after) {
  if (after < 0) return;
  edges_.emplace_back(after, op);
  ++program_.ops[std::size_t(op)].waits;
}

StageProgram StageBuilder::take() {
  std::sort(edges_.begin(), edges_.end());
  for (const auto& [after, op] : edges_) {
    Op& from = program_.ops[std::size_t(after)];
    if (from.successor_count++ == 0) from.first_successor = std::int32_t(program_.successors.size());
    program_.successors.push_back(op);
  }
  return std::move(program_);
}

} // namespace weft::sim
