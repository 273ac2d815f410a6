#include "workloads/chunk.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weft::workloads {

RecomputedLayers recomputed_layers(const Plan& plan, const Chunk& chunk, bool last_stage) {
  if (!last_stage && plan.pp > 1 && chunk.head) return {};
  if (plan.recompute_layers > 0) {
    const std::int64_t dense = std::min(plan.recompute_layers, chunk.dense_layers);
    return {dense, std::min(plan.recompute_layers - dense, chunk.expert_layers)};
  }
  auto share = [&](std::int64_t layers) { return std::int64_t(std::llround(plan.recompute_share * double(layers))); };
  return {share(chunk.dense_layers), share(chunk.expert_layers)};
}

Shape shape_of(Schedule schedule) {
  switch (schedule) {
  case Schedule::zb_v:
  case Schedule::v_half:
  case Schedule::v_min: return Shape::vee;
  case Schedule::dualpipe: return Shape::bidirectional;
  default: return Shape::loop;
  }
}
bool ends_together(const Plan& plan) {
  return plan.pp == 1 || shape_of(plan.schedule) != Shape::loop;
}
std::int64_t virtual_stages(const Plan& plan) {
  return shape_of(plan.schedule) == Shape::bidirectional ? plan.pp : plan.pp * plan.vpp;
}
std::int64_t virtual_stage(Shape shape, std::int64_t pp, std::int64_t stage, std::int64_t chunk) {
  const std::int64_t mirrored = pp - 1 - stage;
  switch (shape) {
  case Shape::loop: return chunk * pp + stage;
  case Shape::vee: return chunk * pp + (chunk % 2 == 0 ? stage : mirrored);
  case Shape::bidirectional: return chunk == 0 ? stage : mirrored;
  }
  return 0;
}
std::int64_t virtual_stage(const Plan& plan, std::int64_t stage, std::int64_t chunk) {
  return virtual_stage(shape_of(plan.schedule), plan.pp, stage, chunk);
}
std::int64_t stage_of(Shape shape, std::int64_t pp, std::int64_t v, std::int64_t chunk) {
  const std::int64_t at = v % pp;
  const bool backwards = shape == Shape::vee ? v / pp % 2 == 1 : shape == Shape::bidirectional && chunk == 1;
  return backwards ? pp - 1 - at : at;
}
std::int64_t stage_of(const Plan& plan, std::int64_t v, std::int64_t chunk) {
  return stage_of(shape_of(plan.schedule), plan.pp, v, chunk);
}

std::vector<std::int64_t> split_layers(const Model& model, const Plan& plan) {
  if (!plan.layers_per_chunk.empty()) return plan.layers_per_chunk;
  const std::int64_t chunks = virtual_stages(plan);
  const bool divides = model.layers % chunks == 0;
  const bool both_ends = (model.layers + 2) % chunks == 0 && (model.layers + 2) / chunks >= 1 && chunks > 1;
  const bool as_layers = plan.stage_split == StageSplit::embedding_and_head ||
                         (plan.stage_split == StageSplit::automatic && !divides && both_ends);
  // Head and multi-token prediction weigh as much as layers: the last chunk takes what the others leave
  // (Megatron-Bridge's DeepSeek-V3 layouts: 61 layers are 15 × 4 + 1 or 7 × 8 + 5).
  const std::int64_t most = (model.layers + chunks - 1) / chunks, left = model.layers - most * (chunks - 1);
  if (plan.stage_split == StageSplit::automatic && model.mtp_depth > 0 && !divides && !as_layers && left >= 0) {
    std::vector<std::int64_t> out(std::size_t(chunks), most);
    out.back() = left;
    return out;
  }
  const std::int64_t things = model.layers + (as_layers ? 2 : 0);
  std::vector<std::int64_t> out(std::size_t(chunks), things / chunks);
  for (std::int64_t i = 0; i < things % chunks; ++i)
    ++out[std::size_t(i)];
  if (as_layers) {
    --out.front();
    --out.back();
  }
  return out;
}

std::vector<Chunk> chunks_of(const Model& model, const Plan& plan) {
  std::vector<Chunk> out;
  const auto layers = split_layers(model, plan);
  std::int64_t layer = 0;
  const double tp = double(plan.tp), experts_over = double(plan.ep) * double(plan.expert_tp);
  for (std::size_t v = 0; v < layers.size(); ++v) {
    Chunk c;
    c.embedding = v == 0;
    c.head = v + 1 == layers.size();
    auto hold = [&](LayerKind kind) {
      c.parameters += model.rank_parameters(kind, tp);
      c.replicated_parameters += model.replicated_parameters(kind);
      if (kind == LayerKind::experts) c.expert_parameters += model.expert_parameters() / experts_over;
    };
    for (std::int64_t i = 0; i < layers[v]; ++i) {
      const LayerKind kind = model.kind(layer++);
      ++(kind == LayerKind::dense ? c.dense_layers : c.expert_layers);
      hold(kind);
    }
    if (c.head && model.mtp_depth > 0) {
      c.mtp = model.mtp_depth;
      for (std::int64_t i = 0; i < c.mtp; ++i)
        hold(model.kind(model.layers + i));
      c.parameters += double(c.mtp) * model.mtp_projection_parameters() / tp;
    }
    const bool own_head = c.head && !(model.tied_embeddings && ends_together(plan));
    const bool copy = c.mtp > 0 && !model.tied_embeddings && !ends_together(plan); // its look-ups need the table
    c.tables = double(c.embedding) + double(own_head) + double(copy);
    c.parameters += c.tables * model.embedding_parameters() / tp;
    out.push_back(c);
  }
  return out;
}

const Chunk& chunk_at(const std::vector<Chunk>& chunks, const Plan& plan, std::int64_t stage, std::int64_t chunk) {
  return chunks[std::size_t(virtual_stage(plan, stage, chunk))];
}

} // namespace weft::workloads
