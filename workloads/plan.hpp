#pragma once
// How a model is trained (batch, sequence, precision, optimizer) and how the work is cut (the plan): degrees of
// parallelism, schedule, sharding, recomputation, offloading; what is legal; which rank has which coordinates.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/precision.hpp"
#include "workloads/model.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::workloads {

enum class Optimizer {
  adam,      ///< fp32 master weights and two fp32 moments
  adam_bf16, ///< fp32 master weights and two bf16 moments
  muon       ///< fp32 master weights and momentum; matrices are orthogonalised by Newton-Schulz steps
};

struct Training {
  std::int64_t global_batch = 0;         ///< sequences per step
  std::int64_t sequence = 0;             ///< tokens per sequence
  Precision precision = Precision::bf16; ///< of the GEMMs
  Optimizer optimizer = Optimizer::adam;
  bool frozen = false; ///< only low-rank adapters are trained (LoRA): no weight gradients of the model's own matrices
  Mark mark;           ///< of the precision, for messages
  [[nodiscard]] double tokens() const { return double(global_batch) * double(sequence); }
};

enum class Schedule { one_f_one_b, interleaved, gpipe, zb_h1, zb_1p, zb_2p, zb_v, v_half, v_min, dualpipe, async };
enum class Recompute {
  none,
  selective, ///< the parts that `recompute_parts` names
  full,      ///< every layer from its input
  automatic  ///< the least of the three that fits in memory
};
enum class RecomputePart {
  core_attention,     ///< scores, softmax, values
  norms,              ///< layer norms
  activation,         ///< the MLP's or the experts' activation function
  latent_up,          ///< up-projections of latent attention
  mlp,                ///< the whole MLP of dense layers and shared experts
  experts,            ///< the whole expert layer, dispatch included
  every_second_matmul ///< TorchTitan's per-op selection: norms, activation and every second matmul
};
enum class ContextAlgorithm {
  ring,       ///< blocks of keys and values travel beside the attention of the block before
  all_gather, ///< keys and values are gathered before attention
  all_to_all  ///< heads are exchanged for sequence before and after attention
};
/// Parallel dimensions in the order of the rank map.
enum class Dimension { tp, cp, ep, dp, pp };
/// How layers are dealt to the chunks when no explicit split is given.
enum class StageSplit {
  automatic, ///< layers if they divide, else embedding_and_head if that divides, else with multi-token prediction the
             ///< last chunk takes what the others leave, else layers with the remainder first
  layers,    ///< floor, plus one on the first chunks
  embedding_and_head ///< embedding and head each count as one layer
};

/// Loosely coupled replicas (local SGD, DiLoCo): replicas average their weights once in `inner_steps` steps.
/// What that costs in convergence is not modelled.
struct Outer {
  std::int64_t inner_steps = 1;          ///< 1: coupled in every step
  std::int64_t replicas = 0;             ///< loosely coupled groups of dp ranks; 0 = every dp rank by itself
  Precision precision = Precision::fp32; ///< of the exchanged weight differences
  bool overlap = false;                  ///< the exchange runs beside the next inner steps (streaming DiLoCo)
};

struct Plan {
  std::int64_t tp = 1, cp = 1, ep = 1, pp = 1, vpp = 1, dp = 1;
  std::int64_t expert_tp = 1; ///< tensor parallelism inside an expert: 1 or tp
  bool sp = true;             ///< sequence parallelism beside tp
  ContextAlgorithm cp_algorithm = ContextAlgorithm::ring;
  std::int64_t zero = 0;        ///< 0 replicated, 1 optimizer, 2 + gradients, 3 + weights (FSDP)
  std::int64_t shard_group = 0; ///< ranks over which ZeRO shards; 0 = all of dp × cp; less = hybrid sharding
  std::int64_t microbatch = 1;  ///< sequences
  Schedule schedule = Schedule::one_f_one_b;
  Recompute recompute = Recompute::none;
  std::vector<RecomputePart> recompute_parts{RecomputePart::core_attention};
  double recompute_share = 1;        ///< share of a chunk's layers to which `recompute` applies
  std::int64_t recompute_layers = 0; ///< instead of the share: the first layers of every chunk; 0 = by share
  std::int64_t offload_layers = 0;   ///< layers of the model whose activations go to the host between passes
  bool ep_overlap = false;           ///< dispatch and combine of one microbatch run beside the compute of another
  StageSplit stage_split = StageSplit::automatic;
  std::vector<std::int64_t> layers_per_chunk; ///< explicit split, by virtual stage; wins
  std::vector<Dimension> order{Dimension::tp, Dimension::cp, Dimension::ep, Dimension::dp, Dimension::pp};
  Outer outer;
  Mark mark; ///< where the plan stands, for messages
  [[nodiscard]] std::int64_t ranks() const { return tp * cp * pp * dp; }
  [[nodiscard]] std::int64_t replicas() const { return dp * cp; } ///< ranks that hold the same dense weights
  [[nodiscard]] bool loose() const { return outer.inner_steps > 1; }
  [[nodiscard]] std::int64_t loose_groups() const { return !loose() ? 1 : outer.replicas > 0 ? outer.replicas : dp; }
  /// Ranks with the same dense weights that reduce every step, and among them those over which ZeRO shards.
  [[nodiscard]] std::int64_t coupled() const { return replicas() / loose_groups(); }
  [[nodiscard]] std::int64_t shard() const { return shard_group > 0 ? shard_group : coupled(); }
  [[nodiscard]] std::int64_t expert_replicas() const { return tp * cp * dp / (ep * expert_tp); }
  [[nodiscard]] std::int64_t expert_coupled() const {
    return std::max<std::int64_t>(1, expert_replicas() / loose_groups());
  }
  /// Weights are gathered and gradients reduced layer by layer.
  [[nodiscard]] bool layerwise() const { return zero >= 3 && pp == 1 && coupled() > 1; }
  /// Dispatch and combine of one microbatch run beside the compute of another.
  [[nodiscard]] bool overlaps_experts() const {
    return ep > 1 && (ep_overlap || schedule == Schedule::dualpipe) && !layerwise();
  }
  [[nodiscard]] bool recomputes(RecomputePart part) const;
};

Result<Training> read_training(const Value& value);
Result<Plan> read_plan(const Value& value);

/// Microbatches that one pipeline (dualpipe: the two directions together) processes in a step.
std::int64_t microbatches(const Plan& plan, const Training& training);

/// Everything that forbids the plan for this model and batch: what does not divide (with the numbers and the
/// nearest values that would), ranks ≠ accelerators, unsupported combinations. Marks point at the plan.
Result<void> check_legal(const Model& model, const Training& training, const Plan& plan, std::int64_t ranks);

/// Coordinates of a rank. ep does not occupy ranks of its own: it overlays tp × cp × dp (see expert_index).
struct Coordinates {
  std::int64_t tp = 0, cp = 0, dp = 0, pp = 0;
};
/// Rank ↔ coordinates for plan.order (innermost first).
class RankMap {
public:
  explicit RankMap(const Plan& plan);
  [[nodiscard]] Coordinates coordinates(std::int64_t rank) const;
  [[nodiscard]] std::int64_t rank(const Coordinates& at) const;
  /// Position of a rank among those of its pipeline stage, in the plan's order: experts are dealt along it,
  /// expert tensor parallelism innermost, then ep, then the expert replicas.
  [[nodiscard]] std::int64_t in_stage(std::int64_t rank) const;
  [[nodiscard]] std::int64_t rank_of(std::int64_t stage, std::int64_t in_stage) const;

private:
  std::array<std::int64_t, 4> stride_{}; ///< tp, cp, dp, pp
  std::array<std::int64_t, 4> size_{};
};

} // namespace weft::workloads
