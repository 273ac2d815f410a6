#pragma once
// The software that runs the plan: which kernels, what it fuses, which streams run beside compute, how fast
// its host issues work. One of the inputs that matter most, so it is named and printed like a chip.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/figure.hpp"
#include "platforms/base/precision.hpp"
#include "platforms/base/units.hpp"
#include "workloads/plan.hpp"

#include <map>
#include <optional>
#include <string>

namespace weft::workloads {

/// Which traffic may run beside compute. What is false blocks the compute stream.
struct Overlap {
  bool gradients = false;        ///< dp reduce-scatter / all-reduce during backward
  bool parameters = false;       ///< dp all-gather during forward (zero 1 and 2)
  bool weights = false;          ///< gathers and reductions of sharded weights, layer by layer (zero 3)
  bool pipeline = false;         ///< sends between stages
  bool context = false;          ///< blocks of keys and values beside attention
  bool tp_regather = true;       ///< backward all-gather of a linear's input beside its data gradient
  bool tp_input_gradient = true; ///< reduction of a linear's input gradient beside its weight gradient
};

/// An algorithm by the name that `weft collective --algorithm` takes; sim knows which there are.
struct NamedAlgorithm {
  std::string name;
  Mark mark;
};

/// What a user makes the collective library run where it can; what is absent it chooses itself.
struct Collectives {
  std::optional<NamedAlgorithm> all_reduce, all_gather, reduce_scatter, all_to_all;
};

/// How much of a step the host replays instead of issuing it kernel by kernel.
enum class CudaGraph { none, partial, full };

/// Host time per layer and microbatch, forward plus backward.
struct HostIssue {
  Figure<Seconds> dense;   ///< least time of a dense layer
  Figure<Seconds> experts; ///< least time of a layer with experts
  /// Part of `experts` in which the host waits to learn the sizes of experts: none of it where dispatch runs beside
  /// another microbatch's compute.
  Figure<Seconds> size_waits;
  Figure<Seconds> expert_loop; ///< added per local expert where experts are launched one by one; 0 = one fused matmul
};

enum class Dispatcher {
  plain,       ///< every copy of a token travels to its expert's rank on its own
  deduplicated ///< a token crosses to a scale-up domain once, whatever number of its experts lie there
};

/// 16-bit weight gradients beside the buffer in which gradients accumulate.
enum class GradientCopies {
  none,         ///< the matmul writes into the buffer
  placeholders, ///< one tensor per shape of weight, handed to autograd instead of a gradient (Transformer Engine 2.3)
  all           ///< every weight's: added to the buffer after the pass (DeepSpeed's BF16_Optimizer)
};

struct Stack {
  std::string name;
  std::string about;
  std::string attention;                   ///< kernel family, a key of accelerator.attention
  std::string matmuls;                     ///< family, a key of accelerator.gemm_families; "" = the chip's
  bool fused_softmax_attention = true;     ///< false: scores are written to memory (unfused attention)
  bool recompute_early_stop = false;       ///< full recomputation leaves out a block's last matmul
  bool last_stage_recomputes = true;       ///< false: in a pipeline, the chunk with the head keeps its activations
  bool cp_balanced = true;                 ///< causal work is dealt evenly over cp ranks
  Figure<double> wgrad_accumulation_bytes; ///< per weight and microbatch; 0 = fused into the GEMM
  Figure<double> cross_entropy_bytes;      ///< per logit, forward; backward 0.6 of it
  std::optional<Figure<double>> elementwise_efficiency; ///< of HBM bandwidth, where it differs from the chip's
  Precision gradient_precision = Precision::fp32;       ///< of the reduced gradients and their buffer
  Precision parameter_precision = Precision::bf16;      ///< of gathered parameters
  Precision dispatch_precision = Precision::bf16;       ///< of tokens on their way to experts
  bool all_reduces_gradients = false;                   ///< zero 1 and 2 all the same, instead of reduce-scatter
  bool owner_broadcasts = false;  ///< zero 1 and 2: who updated a tensor broadcasts it whole, tensor owner by owner
  bool tp_low_precision = false;  ///< tp gathers carry activations already cast to the training precision
  bool tp_keeps_gathered = false; ///< a linear keeps its gathered input for the backward instead of gathering again
  Figure<double> tp_hidden_share; ///< share of a tp collective that runs inside its GEMM, net
  Overlap overlap;
  Collectives collectives;
  bool pipeline_scatter = true; ///< stage boundaries carry 1/tp of the activation per rank
  Dispatcher dispatcher = Dispatcher::plain;
  bool fused_expert_bias = false; ///< inside the experts' matmul; else passes of their own over the output
  Figure<Bytes> dp_bucket;        ///< gradient bytes per collective
  std::optional<Figure<BytesPerSecond>> dp_ring_rate; ///< most that a rank's dp ring moves, whatever the cards could
  std::map<CudaGraph, HostIssue> host;                ///< by what is replayed
  CudaGraph cuda_graph = CudaGraph::none;
  bool launch_blocking = false; ///< the host issues a kernel when the last one has ended: its time adds to the device's
  Figure<double> host_backward_ratio; ///< backward : forward share of it
  Figure<Seconds> step_overhead;      ///< host work once a step
  Figure<double> optimizer_bytes;     ///< memory traffic per parameter updated: unscaling, norm, clipping, Adam, cast
  Figure<double> gradient_bytes;      ///< per gradient (zero 2, 3: of the shard), once a step: zeroing
  Figure<double> averaging_bytes;     ///< the same, where replicas average by a pass of its own
  std::optional<Figure<double>> loss_memory_bytes; ///< per logit, the most alive around the loss, where not 6
  GradientCopies gradient_copies = GradientCopies::none;
  bool quantized_inputs = false;   ///< fp8 and fp4 keep a matmul's input in that precision (Transformer Engine)
  bool low_precision_shard = true; ///< zero 3 keeps a 16-bit shard beside the fp32 one (DeepSpeed; FSDP does not)
  Figure<Bytes> memory_reserve;    ///< context, communicators, fragmentation
  Mark mark;                       ///< where the scenario asks for it, for messages

  [[nodiscard]] const HostIssue& issue() const { return host.at(cuda_graph); }
};

/// Gradients of hybrid sharding (zero 1, 2) are reduced over all replicas at once, whatever the sharding groups.
bool reduces_at_once(const Plan& plan, const Stack& stack);

Result<Stack> read_stack(const Value& value);

} // namespace weft::workloads
