#pragma once
// Builds one stage's program: ops with dependencies, in program order. Used by lower only.

#include "sim/program.hpp"

#include <initializer_list>
#include <utility>
#include <vector>

namespace weft::sim {

class StageBuilder {
public:
  /// Adds an op that waits for the given ops (-1 = none) and returns its index. Receives also wait for their
  /// message. Tags: sends and receives bring theirs, collectives get the next one of their role.
  std::int32_t add(Op op, std::initializer_list<std::int32_t> after);
  void wait(std::int32_t op, std::int32_t after);
  StageProgram take();

private:
  StageProgram program_;
  std::vector<std::pair<std::int32_t, std::int32_t>> edges_; ///< (after, op)
  std::array<std::int32_t, role_count> next_tag_{};
};

} // namespace weft::sim
