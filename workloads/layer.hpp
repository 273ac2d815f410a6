#pragma once
// What one layer, the embedding and the LM head do on one rank for one microbatch: kernels in FLOP and bytes,
// and the collectives between them, in order. Knows no hardware: sim prices it.

#include "platforms/base/units.hpp"
#include "workloads/model.hpp"
#include "workloads/plan.hpp"
#include "workloads/stack.hpp"

#include <cstdint>
#include <vector>

namespace weft::workloads {

enum class KernelKind {
  gemm,            ///< dense matmul at the training precision
  weight_gradient, ///< dense matmul that contracts over tokens
  grouped_gemm,    ///< matmuls of the local experts, forward and data gradient
  grouped_weight_gradient,
  attention, ///< fused attention core, forward
  attention_backward,
  attention_matmul, ///< batched matmul of unfused attention
  elementwise,      ///< norms, residuals, activations, casts: priced in bytes at elementwise efficiency
  streaming         ///< large regular traffic: softmax of unfused attention, cross-entropy, optimizer
};

struct Kernel {
  KernelKind kind{};
  Flops executed;       ///< done by the hardware
  Flops useful;         ///< counted in model FLOP (causal attention; 0 for recomputation and for flash's fifth matmul)
  Flops full_attention; ///< extra model FLOP under the s² convention
  Bytes bytes;          ///< to and from memory
  double input_elements = 0;  ///< gemm: activations that a low-precision format must cast first
  double rows = 0;            ///< grouped: tokens that one expert gets
  double launches = 1;        ///< kernels that this stands for
  std::int64_t sequence = 0;  ///< attention: tokens per sequence (of one block, where a ring cuts it)
  std::int64_t head_dim = 0;  ///< attention
  bool recomputation = false; ///< repeats forward work
};

enum class CollectiveOp {
  all_gather,
  reduce_scatter,
  all_reduce,
  all_to_all,
  all_to_all_back, ///< an all-to-all that returns what one brought: where that was uneven, its flows reversed
  broadcast,
  send
};

/// The group inside which a layer's collective runs.
enum class LayerGroup {
  tp,
  loss, ///< the tp group, for the vocabulary-parallel loss: counted as `other`
  cp,
  ep
};

/// A collective of the layer: `bytes` is the whole buffer S (nccl-tests' convention: for all-gather and
/// reduce-scatter of all ranks together, for all-reduce and all-to-all of one rank).
struct LayerCollective {
  CollectiveOp op{};
  LayerGroup group{};
  Bytes bytes;
  bool beside_next = false; ///< runs beside the next step's kernel instead of before it
  bool hideable = false;    ///< a stack's hidden share applies: it can be fused with an adjacent matmul
  double share = 1;         ///< part of the operation, where a stack hides the rest inside a matmul
  bool hidden = false;      ///< that rest: runs inside its matmul without slowing it
};

struct WorkStep {
  bool is_collective = false;
  Kernel kernel;
  LayerCollective collective;
};
using Work = std::vector<WorkStep>;

struct LayerContext {
  const Model& model;
  const Training& training;
  const Plan& plan;
  const Stack& stack;
  Recompute recompute = Recompute::none; ///< resolved
  double expert_load = 1;                ///< dropless: tokens that this rank's experts get over the mean
};

/// LayerContext::expert_load of the ranks of an ep group: of all but the busiest, and of that one. One value where all
/// get as many.
std::vector<double> expert_loads(const Model& model, const Plan& plan);

/// Which half of a backward pass: zero-bubble schedules run them apart.
enum class BackwardPart { both, input, weight };

/// Splits every hideable collective next to a matmul into the share that runs inside the matmul and the rest.
Work split_hidden(const Work& work, double hidden_share);

Work layer_forward(const LayerContext& context, LayerKind kind);
/// Includes what recomputation repeats, marked so (with the input half).
Work layer_backward(const LayerContext& context, LayerKind kind, BackwardPart part = BackwardPart::both);
Work embedding_forward(const LayerContext& context);
Work embedding_backward(const LayerContext& context);
/// Final norm, LM head, vocabulary-parallel cross-entropy.
Work head_forward(const LayerContext& context);
Work head_backward(const LayerContext& context, BackwardPart part = BackwardPart::both);
/// What a stage does with an activation that arrives in 1/tp pieces (arXiv 2104.04473, section 4.1).
Work boundary_gather(const LayerContext& context);
/// What a multi-token prediction module adds to its layer and head: two norms and a 2h → h projection.
Work mtp_forward(const LayerContext& context);
Work mtp_backward(const LayerContext& context, BackwardPart part = BackwardPart::both);

/// Bytes that a token's copies cross the border of a scale-up domain with, over the bytes of sending every copy on
/// its own: 1 for a plain dispatcher (see docs/expert.md).
double dispatch_share(const Model& model, const Stack& stack, std::int64_t domains);

/// Model FLOP of a step over all ranks : causal and full (twice the causal) attention.
struct ModelFlops {
  Flops causal;
  Flops full;
  Flops six_n; ///< 6 · active parameters · tokens plus causal attention: the self-check
};
ModelFlops model_flops(const Model& model, const Training& training);
/// FLOP of Muon's orthogonalisation for one layer's matrices, on all ranks together.
double muon_flops(const Model& model, LayerKind kind);

} // namespace weft::workloads
