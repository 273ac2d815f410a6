#pragma once
// What one slot of a stage is made of: compute and, where they cannot be closed forms inside it, the layers'
// collectives as ops of their own. Used by lower only.

#include "sim/lower.hpp"
#include "workloads/chunk.hpp"
#include "workloads/schedule.hpp"

#include <map>
#include <tuple>
#include <vector>

namespace weft::sim {

/// One op of a slot's template.
struct Segment {
  bool is_collective = false;
  bool beside = false;  ///< collective: the next compute segment does not wait for it
  Role role{};          ///< collective
  std::int32_t id = -1; ///< cost or message
};
using Segments = std::vector<Segment>;

/// A slot cut where sharded weights are gathered: embedding, each layer, head.
struct Unit {
  Segments segments;
  double parameters = 0, expert_parameters = 0; ///< on this rank, before sharding
};

class Segmenter {
public:
  /// Writes recipes and messages into `out`. Collectives of roles in `fused` stay inside the compute.
  Segmenter(const workloads::Scenario& scenario, const workloads::LayerContext& context, RoleSet fused, Lowered& out);

  const Segments& slot(const workloads::Chunk& chunk, workloads::Phase phase);
  const std::vector<Unit>& units(const workloads::Chunk& chunk, workloads::Phase phase);
  std::int32_t message(const Message& m);
  std::int32_t recipe(Recipe r);
  std::int32_t nothing(); ///< a cost of zero: where two streams meet

private:
  struct Item {
    Recipe::Part part;
    double parameters = 0, expert_parameters = 0; ///< of one of its `times` copies
  };
  [[nodiscard]] std::vector<Item> items(const workloads::Chunk& chunk, workloads::Phase phase) const;
  void layers(std::vector<Item>& out, workloads::LayerKind kind, std::int64_t count, std::int64_t repeated,
              workloads::Phase phase) const;
  [[nodiscard]] Item layer(workloads::LayerKind kind, workloads::Phase phase, const workloads::LayerContext& c) const;
  [[nodiscard]] bool all_fused(const workloads::Work& work) const;
  void explode(const Recipe::Part& part, Segments& out);
  [[nodiscard]] double host_share(workloads::Phase phase, bool full) const;

  const workloads::Scenario& s_;
  workloads::LayerContext context_, plain_; ///< plain: layers that recomputation leaves alone
  RoleSet fused_;
  Lowered& out_;
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, bool, bool, workloads::Phase>;
  std::map<Key, Segments> slots_;
  std::map<Key, std::vector<Unit>> units_;
  std::map<std::tuple<workloads::CollectiveOp, double, Dim, bool, double, double>, std::int32_t> messages_;
  std::int32_t nothing_ = -1;
};

} // namespace weft::sim
