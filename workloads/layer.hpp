#pragma once
// What one layer, the embedding and the LM head do on one rank for one microbatch: kernels in FLOP and bytes,
// and the tp collectives between them, in order. Knows no hardware: sim prices it.

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
  attention,       ///< fused attention core, forward
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
  std::int64_t sequence = 0;  ///< attention: tokens per sequence
  std::int64_t head_dim = 0;  ///< attention
  bool recomputation = false; ///< repeats forward work
};

enum class CollectiveOp { all_gather, reduce_scatter, all_reduce, broadcast, send };

/// A tp collective of the layer: `bytes` is the whole buffer S (nccl-tests' convention).
struct TpCollective {
  CollectiveOp op{};
  Bytes bytes;
  bool beside_next = false; ///< runs beside the next step's kernel instead of before it
  bool hideable = false;    ///< a stack's hidden share applies: it can be fused with an adjacent matmul
  double share = 1;         ///< part of the operation, where a stack hides the rest inside a matmul
  bool hidden = false;      ///< that rest: runs inside its matmul without slowing it
  bool loss = false;        ///< vocabulary-parallel loss: counted as `other`, not as tp
};

struct WorkStep {
  bool is_collective = false;
  Kernel kernel;
  TpCollective collective;
};
using Work = std::vector<WorkStep>;

struct LayerContext {
  const Model& model;
  const Training& training;
  const Plan& plan;
  const Stack& stack;
  Recompute recompute = Recompute::none; ///< resolved
};

/// Splits every hideable collective next to a matmul into the share that runs inside the matmul and the rest.
Work split_hidden(const Work& work, double hidden_share);

Work layer_forward(const LayerContext& context);
/// Includes what recomputation repeats, marked so.
Work layer_backward(const LayerContext& context);
Work embedding_forward(const LayerContext& context);
Work embedding_backward(const LayerContext& context);
/// Final norm, LM head, vocabulary-parallel cross-entropy.
Work head_forward(const LayerContext& context);
Work head_backward(const LayerContext& context);

/// Model FLOP of a step over all ranks : causal (s²/2) and full (s²) attention.
struct ModelFlops {
  Flops causal;
  Flops full;
  Flops six_n; ///< 6 · matmul parameters · tokens plus causal attention: the self-check
};
ModelFlops model_flops(const Model& model, const Training& training);

} // namespace weft::workloads
