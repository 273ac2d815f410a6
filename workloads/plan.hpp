#pragma once
// How a model is trained (batch, sequence, precision) and how the work is cut (the plan): degrees of
// parallelism, schedule, sharding, recomputation; what is legal; which rank has which coordinates.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/precision.hpp"
#include "workloads/model.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::workloads {

struct Training {
  std::int64_t global_batch = 0;         ///< sequences per step
  std::int64_t sequence = 0;             ///< tokens per sequence
  Precision precision = Precision::bf16; ///< of the GEMMs
  Mark mark;                             ///< of the precision, for messages
  [[nodiscard]] double tokens() const { return double(global_batch) * double(sequence); }
};

enum class Schedule { one_f_one_b, interleaved };
enum class Recompute {
  none,
  selective, ///< the attention core
  full,      ///< every layer from its input
  automatic  ///< the least of the three that fits in memory
};
/// Parallel dimensions in the order of the rank map.
enum class Dimension { tp, cp, ep, dp, pp };
/// How layers are dealt to the pp·vpp chunks when no explicit split is given.
enum class StageSplit {
  automatic, ///< layers if they divide, else embedding_and_head if that divides, else layers with the remainder first
  layers,    ///< floor, plus one on the first chunks
  embedding_and_head ///< embedding and head each count as one layer
};

struct Plan {
  std::int64_t tp = 1, cp = 1, ep = 1, pp = 1, vpp = 1, dp = 1;
  bool sp = true;                            ///< sequence parallelism beside tp
  std::int64_t zero = 0;                     ///< 0 replicated, 1 optimizer, 2 + gradients
  std::int64_t microbatch = 1;               ///< sequences
  Schedule schedule = Schedule::one_f_one_b; ///< interleaved needs vpp > 1
  Recompute recompute = Recompute::none;
  StageSplit stage_split = StageSplit::automatic;
  std::vector<std::int64_t> layers_per_chunk; ///< explicit split, by virtual stage (chunk·pp + stage); wins
  std::vector<Dimension> order{Dimension::tp, Dimension::cp, Dimension::ep, Dimension::dp, Dimension::pp};
  Mark mark; ///< where the plan stands, for messages
  [[nodiscard]] std::int64_t ranks() const { return tp * cp * pp * dp; }
};

Result<Training> read_training(const Value& value);
Result<Plan> read_plan(const Value& value);

/// Microbatches that one pipeline processes in a step.
std::int64_t microbatches(const Plan& plan, const Training& training);

/// Layers of each virtual stage v = chunk·pp + stage (pp·vpp entries, their sum = model.layers).
std::vector<std::int64_t> split_layers(const Model& model, const Plan& plan);

/// What one virtual stage holds.
struct Chunk {
  std::int64_t layers = 0;
  bool embedding = false, head = false;
  double parameters = 0; ///< on one rank of the tp group; a tied head on another stage holds a copy
};
/// All virtual stages, v = chunk·pp + stage.
std::vector<Chunk> chunks_of(const Model& model, const Plan& plan);

/// Everything that forbids the plan for this model and batch: what does not divide (with the numbers and the
/// nearest values that would), ranks ≠ accelerators, unsupported combinations. Marks point at the plan.
Result<void> check_legal(const Model& model, const Training& training, const Plan& plan, std::int64_t ranks);

/// Coordinates of a rank. ep does not occupy ranks of its own (it overlays dp).
struct Coordinates {
  std::int64_t tp = 0, cp = 0, dp = 0, pp = 0;
};
/// Rank ↔ coordinates for plan.order (innermost first).
class RankMap {
public:
  explicit RankMap(const Plan& plan);
  [[nodiscard]] Coordinates coordinates(std::int64_t rank) const;
  [[nodiscard]] std::int64_t rank(const Coordinates& at) const;

private:
  std::array<std::int64_t, 4> stride_{}; ///< tp, cp, dp, pp
  std::array<std::int64_t, 4> size_{};
};

} // namespace weft::workloads
