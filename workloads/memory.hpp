#pragma once
// Bytes a rank of each stage needs. The worst stage decides whether a plan fits.

#include "platforms/base/units.hpp"
#include "workloads/layer.hpp"

#include <vector>

namespace weft::workloads {

struct Slot;

struct MemoryNeed {
  Bytes weights;
  Bytes gradients;
  Bytes optimizer;
  Bytes activations;
  Bytes workspace; ///< logits, gathered buffers of the layer in work, the stack's reserve
  std::int64_t stage = 0;
  [[nodiscard]] Bytes total() const { return weights + gradients + optimizer + activations + workspace; }
};

/// Activation bytes one layer keeps for one microbatch on one rank between its forward and its backward.
Bytes activation_bytes(const LayerContext& context, LayerKind kind = LayerKind::dense);

/// Of these, what a split backward keeps for the weight gradient, with the output gradients it reads: the inputs and
/// output gradients of the layer's matmuls.
Bytes weight_gradient_bytes(const LayerContext& context, LayerKind kind = LayerKind::dense);

/// Need of every stage.
std::vector<MemoryNeed> memory_of_stages(const LayerContext& context);
/// The stage with the largest total, the first of equals.
MemoryNeed worst(const std::vector<MemoryNeed>& stages);
MemoryNeed worst_memory(const LayerContext& context);

/// The order of all stages' slots; schedules with split backward are laid out for the FLOP of the model's layers.
std::vector<std::vector<Slot>> scenario_slots(const LayerContext& context);

} // namespace weft::workloads
