#pragma once
// A scenario file: cluster + model + training + plan + stack, by catalog name or inline. The cluster stays an
// unread tree here, because this floor knows no hardware.

#include "platforms/base/document.hpp"
#include "workloads/jitter.hpp"
#include "workloads/model.hpp"
#include "workloads/plan.hpp"
#include "workloads/stack.hpp"

#include <functional>
#include <string>
#include <vector>

namespace weft::workloads {

/// A rank that computes at a fraction of the nominal speed, all step long.
struct SlowRank {
  std::int64_t rank = 0;
  double speed = 1;
  Mark mark;
};

struct Scenario {
  std::string name;
  std::string about;
  Value cluster; ///< for platforms::read_cluster
  Model model;
  Training training;
  Plan plan;
  Stack stack;
  std::vector<SlowRank> slow_ranks;
  Jitter jitter;
  [[nodiscard]] bool uneven() const { return !slow_ranks.empty() || jitter.any(); } ///< ranks compute at several speeds
  std::string canonical; ///< resolved inputs of this floor as text, for the inputs' hash
};

/// Resolves what stands for a catalog entry of a kind ("models", "stacks", "plans"): a name, or a map that
/// overrides the entry it names, or a map that says everything itself. platforms::resolve_entry is one.
using EntryLoader = std::function<Result<Value>(const std::string& kind, const Value& spec)>;

inline constexpr const char* default_stack = "megatron-te-2025";

/// Reads a scenario map; a missing stack is default_stack.
Result<Scenario> read_scenario(const Value& root, const EntryLoader& load);

} // namespace weft::workloads
