#pragma once
// What each virtual stage of the pipeline holds.

#include "workloads/model.hpp"
#include "workloads/plan.hpp"

#include <cstdint>
#include <vector>

namespace weft::workloads {

/// One virtual stage.
struct Chunk {
  std::int64_t dense_layers = 0, expert_layers = 0;
  bool embedding = false, head = false;
  double tables = 0;     ///< embedding tables held: of the embedding, an untied head, look-ups beside the head
  std::int64_t mtp = 0;  ///< multi-token prediction modules, on the chunk with the head
  double parameters = 0; ///< without routed experts, on one rank of the tp group; a tied head elsewhere is a copy
  double replicated_parameters = 0; ///< of them, what every rank of the tp group holds whole
  double expert_parameters = 0;     ///< routed experts on one rank of the ep group
  [[nodiscard]] std::int64_t layers() const { return dense_layers + expert_layers; }
};

/// Layers of a chunk to which the plan's recomputation applies: the first `recompute_layers`, or the share of each
/// kind, rounded.
struct RecomputedLayers {
  std::int64_t dense = 0, experts = 0;
};
/// `last_stage`: whether a pipeline's last stage, whose backward follows its forward at once, recomputes too.
RecomputedLayers recomputed_layers(const Plan& plan, const Chunk& chunk, bool last_stage = true);

/// How a schedule's chunks map to virtual stages.
enum class Shape {
  loop,         ///< chunk c of stage s is virtual stage c·pp + s
  vee,          ///< odd chunks run backwards: 0 1 2 3 | 3 2 1 0
  bidirectional ///< two copies of the model, one from each end: chunk 0 is stage s, chunk 1 is stage pp-1-s
};
Shape shape_of(Schedule schedule);
/// First and last virtual stage lie on one stage, or (two copies) each holds what the other does: one table serves.
bool ends_together(const Plan& plan);
std::int64_t virtual_stages(const Plan& plan);
std::int64_t virtual_stage(Shape shape, std::int64_t pp, std::int64_t stage, std::int64_t chunk);
std::int64_t virtual_stage(const Plan& plan, std::int64_t stage, std::int64_t chunk);
/// The stage that holds virtual stage v, for the chunk of the same copy.
std::int64_t stage_of(Shape shape, std::int64_t pp, std::int64_t v, std::int64_t chunk);
std::int64_t stage_of(const Plan& plan, std::int64_t v, std::int64_t chunk);

/// Layers of each virtual stage (their sum = model.layers).
std::vector<std::int64_t> split_layers(const Model& model, const Plan& plan);
/// All virtual stages.
std::vector<Chunk> chunks_of(const Model& model, const Plan& plan);
/// What chunk `chunk` of stage `stage` holds.
const Chunk& chunk_at(const std::vector<Chunk>& chunks, const Plan& plan, std::int64_t stage, std::int64_t chunk);

} // namespace weft::workloads
