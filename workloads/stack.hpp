#pragma once
// The software that runs the plan: which kernels, what it fuses, which streams run beside compute, how fast
// its host issues work. One of the inputs that matter most, so it is named and printed like a chip.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/figure.hpp"
#include "platforms/base/precision.hpp"
#include "platforms/base/units.hpp"

#include <string>

namespace weft::workloads {

/// Which traffic may run beside compute. What is false blocks the compute stream.
struct Overlap {
  bool gradients = false;        ///< dp reduce-scatter / all-reduce during backward
  bool parameters = false;       ///< dp all-gather during forward (zero ≥ 1)
  bool pipeline = false;         ///< sends between stages
  bool tp_regather = true;       ///< backward all-gather of a linear's input beside its data gradient
  bool tp_input_gradient = true; ///< reduction of a linear's input gradient beside its weight gradient
};

struct Stack {
  std::string name;
  std::string about;
  std::string attention;                          ///< kernel family, a key of accelerator.attention
  bool fused_softmax_attention = true;            ///< false: scores are written to memory (unfused attention)
  Figure<double> wgrad_accumulation_bytes;        ///< per weight and microbatch; 0 = fused into the GEMM
  Figure<double> cross_entropy_bytes;             ///< per logit, forward; backward 0.6 of it
  Precision gradient_precision = Precision::fp32; ///< of the reduced gradients and their buffer
  Figure<double> tp_hidden_share;                 ///< share of a tp collective that runs inside its GEMM, net
  Overlap overlap;
  bool pipeline_scatter = true;       ///< stage boundaries carry 1/tp of the activation per rank
  Figure<Bytes> dp_bucket;            ///< gradient bytes per collective
  Figure<Seconds> host_issue;         ///< least time per layer and microbatch, forward plus backward
  Figure<double> host_backward_ratio; ///< backward : forward share of it
  Figure<Seconds> step_overhead;      ///< host work once a step
  Figure<double> optimizer_bytes;     ///< memory traffic per parameter updated
  Figure<Bytes> memory_reserve;       ///< context, communicators, fragmentation
  Mark mark;                          ///< where the scenario asks for it, for messages
};

Result<Stack> read_stack(const Value& value);

} // namespace weft::workloads
