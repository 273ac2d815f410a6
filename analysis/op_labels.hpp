#pragma once
// What an op of a stage is to a person: forward of chunk 3 with microbatch 5, a reduce-scatter of dp.

#include "sim/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weft::analysis {

struct OpLabel {
  enum class What : std::uint8_t { forward, backward, input_gradients, weight_gradients, optimizer, other };
  What what = What::other;
  std::int32_t chunk = -1, microbatch = -1; ///< -1: none
};

class OpLabels {
public:
  explicit OpLabels(const sim::StepResult& result);
  [[nodiscard]] OpLabel of(std::int32_t stage, std::int32_t op) const {
    return labels_[std::size_t(stage)][std::size_t(op)];
  }
  /// "forward c3 m5" of a compute op, "reduce-scatter", "send to next stage" of the others.
  [[nodiscard]] std::string name(std::int32_t stage, std::int32_t op) const;

private:
  const sim::StepResult& result_;
  std::vector<std::vector<OpLabel>> labels_; ///< by stage and op
};

} // namespace weft::analysis
