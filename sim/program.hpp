#pragma once
// What each rank does: ops, what they wait for, what they cost. All ranks of a stage share one program.

#include "sim/collective.hpp"
#include "sim/ledger_entry.hpp"
#include "sim/placement.hpp"

#include <cstdint>
#include <numeric>
#include <vector>

namespace weft::sim {

/// Price of a compute op. `elastic` seconds stretch by 1+σ beside a collective; `rigid` ones do not (exposed
/// tp inside the slot, host waits, compute already slowed by tp beside it).
struct Cost {
  double elastic = 0;
  double rigid = 0;
  double scalable = 0; ///< part of rigid that a slow rank stretches too
  Breakdown parts{};   ///< sums to elastic + rigid
  double host = 0;     ///< s in which the host issues it, one op after the other, beside the device
  std::array<double, dim_count> collectives{}; ///< s of those inside the op, exposed or beside its kernels

  [[nodiscard]] double communicating() const { return std::accumulate(collectives.begin(), collectives.end(), 0.0); }
};

using Costs = std::vector<Cost>; ///< by Op::cost

enum class OpKind : std::uint8_t { compute, collective, send, receive };

struct Op {
  OpKind kind{};
  Role role{};               ///< collective, send, receive: the communicator
  std::int32_t cost = -1;    ///< compute: index into Prices::costs
  double share = 1;          ///< compute: part of that cost (a slot cut at bucket boundaries)
  std::int32_t message = -1; ///< collective, send: index into Prices::messages
  std::int32_t tag = -1;     ///< matches the op with its partners'; counted per role
  std::int32_t slot = -1;    ///< compute: identity for "mean over stages" (phase and chunk), -1 = none
  std::int32_t first_successor = 0, successor_count = 0;
  std::int32_t waits = 0; ///< ops (and one message, for a receive) that must end first
};

struct StageProgram {
  std::vector<Op> ops; ///< in program order
  std::vector<std::int32_t> successors;
  std::int32_t first_arrival = -1; ///< receive that the first slot waits for; -1 = none
  std::int32_t last_gather = -1;   ///< last gather of what the step before updated; -1 = none
  /// role → tag → op (-1 none): how a finished message finds the ops it completes.
  std::array<std::vector<std::int32_t>, role_count> by_tag;
};

/// A message's size and dimension; which communicator carries it is the op's role.
struct Message {
  workloads::CollectiveOp op{};
  Bytes size;
  Dim dim{};
  bool slows_compute = false; ///< its kernels take cores from compute beside it
  double share = 1;           ///< part of the operation: a stack's hidden share goes apart from the rest
  double rate = 0;            ///< > 0: bytes/s that the stack's ring moves per rank, whatever the links could carry
};

struct Program {
  std::vector<StageProgram> stages;
  std::vector<Message> messages;
  std::int32_t slot_kinds = 0;
  bool steps_apart = false; ///< stages begin the next step without waiting for each other
  RoleSet fused = 0;        ///< closed forms inside the compute ops; the groups' members compute in lockstep
};

/// What one simulation charges: everything that changes when dimensions are made ideal.
struct Prices {
  std::vector<Costs> costs; ///< by kind of rank (Placement::Cell)
  DimSet ideal = 0;         ///< dimensions whose bytes, latency and slow-down are removed
  TierSet ideal_tiers = 0;  ///< tiers whose links are infinitely wide and cost no hops (CollectivePricer::price)
};

} // namespace weft::sim
