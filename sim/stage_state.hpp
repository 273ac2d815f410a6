#pragma once
// What lowering one stage keeps track of: the ends of its streams. Used by lower and data_parallel only.

#include "sim/segments.hpp"
#include "sim/stage_builder.hpp"

#include <map>
#include <optional>
#include <vector>

namespace weft::sim {

using OpId = std::int32_t;
inline constexpr OpId no_op = -1;

struct StageState {
  std::int64_t stage = 0;
  StageBuilder builder;
  OpId compute = no_op;              ///< last op of the compute stream
  OpId gradients = no_op;            ///< last op of the stream that reduces gradients and gathers parameters or weights
  OpId experts = no_op;              ///< last dispatch or combine
  OpId exchange = no_op;             ///< last exchange of loosely coupled groups beside the step
  std::optional<OpId> first_arrival; ///< what the first slot receives
  OpId next = no_op, previous = no_op;    ///< last send to the next and to the previous stage
  std::vector<std::vector<OpId>> gathers; ///< by chunk, bucket by bucket
  std::vector<bool> gathered;
  std::map<std::pair<bool, std::int64_t>, OpId> turned; ///< (backward, microbatch): passed on inside this stage

  static Op compute_op(std::int32_t cost, std::int32_t slot, double share = 1) {
    Op op;
    op.kind = OpKind::compute;
    op.cost = cost;
    op.slot = slot;
    op.share = share;
    return op;
  }
  static Op message_op(OpKind kind, Role role, std::int32_t id, std::int32_t tag = -1) {
    Op op;
    op.kind = kind;
    op.role = role;
    op.message = id;
    op.tag = tag;
    return op;
  }
};

/// Gradients and parameters of a stage's replicas: ZeRO 0 to 2 by buckets, ZeRO 3 by layers, experts among their
/// own replicas, loosely coupled replicas once in many steps.
class DataParallel {
public:
  DataParallel(const workloads::Scenario& scenario, const std::vector<workloads::Chunk>& chunks, Segmenter& segmenter)
      : s_(scenario), chunks_(chunks), segmenter_(segmenter) {}

  /// Weights are gathered and gradients reduced layer by layer in every microbatch (ZeRO 3 without a pipeline).
  [[nodiscard]] bool layerwise() const;
  /// Gradients leave once a step, in buckets.
  [[nodiscard]] bool bucketed() const;
  [[nodiscard]] std::int64_t buckets(std::int64_t stage, std::int64_t chunk) const;
  /// Parameters that the last step updated, before the first forward.
  void gather_parameters(StageState& st) const;
  /// One reduction per end.
  void reduce_gradients(StageState& st, std::int64_t chunk, const std::vector<OpId>& ends) const;
  /// The unit's weights; returns what its compute waits for.
  OpId gather_unit(StageState& st, const Unit& unit, OpId not_before) const;
  void reduce_unit(StageState& st, const Unit& unit) const;
  /// What is left once all microbatches are done.
  void finish(StageState& st) const;
  /// Parameters that one rank of the stage updates, and the stage's in all.
  [[nodiscard]] double updated(std::int64_t stage) const;
  /// Bytes that zeroing and averaging gradients move on a rank of the stage once a step: all, under zero 2 and 3 its
  /// shard (what is reduced early is averaged beside the backward).
  [[nodiscard]] double gradient_bytes(std::int64_t stage) const;

private:
  [[nodiscard]] const workloads::Chunk& chunk(std::int64_t stage, std::int64_t c) const {
    return workloads::chunk_at(chunks_, s_.plan, stage, c);
  }
  [[nodiscard]] bool sharded() const { return s_.plan.zero >= 1; }
  [[nodiscard]] bool hybrid() const { return s_.plan.shard() < s_.plan.replicas(); }
  /// The group that reduces every step (with hybrid sharding: inside it first).
  [[nodiscard]] Role coupled_role() const { return hybrid() ? Role::shard : Role::dp; }
  OpId collective(StageState& st, Role role, workloads::CollectiveOp op, double bytes, OpId a, OpId b = no_op,
                  double share = 1) const;
  OpId reduce(StageState& st, double dense, double experts, OpId after, OpId stream) const;
  /// In so many pieces, one after the other.
  OpId gather(StageState& st, double dense, double experts, OpId after, OpId stream, double pieces = 1) const;
  [[nodiscard]] double broadcasts(std::int64_t stage, std::int64_t chunk) const;

  const workloads::Scenario& s_;
  const std::vector<workloads::Chunk>& chunks_;
  Segmenter& segmenter_;
};

} // namespace weft::sim
