#pragma once
// A transformer's shape and its parameter counts. Knows no hardware and no plan.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/figure.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace weft::workloads {

/// Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1): queries, keys and values come out of
/// low-rank latents; a head's query and key have a part without and a part with rotary positions.
struct LatentAttention {
  std::int64_t query_rank = 0; ///< 0: queries straight from the hidden state
  std::int64_t kv_rank = 0;
  std::int64_t nope_dim = 0;  ///< of a head's query and key, without positions
  std::int64_t rope_dim = 0;  ///< of a head's query and key, with positions; one key part shared by all heads
  std::int64_t value_dim = 0; ///< of a head's value
};

/// Mixture of experts in place of the MLP.
struct Experts {
  std::int64_t count = 0; ///< routed experts
  std::int64_t top_k = 1; ///< routed experts that a token visits
  std::int64_t ffn = 0;   ///< inner width of a routed expert
  std::int64_t shared = 0;
  std::int64_t shared_ffn = 0;                 ///< inner width of all shared experts together; default shared × ffn
  std::int64_t dense_layers = 0;               ///< the first layers keep a plain MLP
  std::int64_t every = 1;                      ///< of the others, every n-th has experts
  std::int64_t groups = 1, limited_groups = 1; ///< node-limited routing: experts of a token lie in that many groups
  double capacity = 0;                         ///< > 0: experts are filled or cut to capacity × the mean; 0 = dropless
  bool bias = false;                           ///< each expert adds a bias to its output, weighed like the output
  double skew = 1; ///< load of an ep group's busiest rank over the mean; 1 = balanced router
};

/// Sliding-window attention: a token sees the last `tokens`, except in every `every`-th layer, which sees all.
struct Window {
  std::int64_t tokens = 0;
  std::int64_t every = 0; ///< 0: no layer sees all
};

enum class LayerKind { dense, experts };

struct Model {
  std::string name;
  std::string about;
  std::int64_t layers = 0;
  std::int64_t hidden = 0;
  std::int64_t ffn = 0;   ///< inner width of the MLP of dense layers
  bool gated_mlp = false; ///< three matrices (SwiGLU) instead of two
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;    ///< < heads: grouped-query attention
  std::int64_t head_dim = 0;    ///< default hidden / heads
  std::int64_t vocab = 0;       ///< as embedded; padding to a multiple of tp is not modelled
  std::int64_t positions = 0;   ///< learned position vectors
  bool tied_embeddings = false; ///< LM head shares the embedding's weights
  bool parallel_block = false;  ///< attention and MLP read the same norm and are added together
  std::int64_t mtp_depth = 0;   ///< multi-token prediction: that many further layers, each with an LM head pass
  std::optional<LatentAttention> latent;
  std::optional<Experts> experts;
  std::optional<Window> window;
  Figure<double> published_parameters; ///< the count that the authors print

  [[nodiscard]] LayerKind kind(std::int64_t layer) const; ///< of layer 0 .. layers-1 (and past: mtp layers)
  /// Widths of one token's query and key, and of its value, over all heads.
  [[nodiscard]] double query_width() const;
  [[nodiscard]] double value_width() const;
  [[nodiscard]] double attention_parameters() const;           ///< one layer
  [[nodiscard]] double mlp_parameters() const;                 ///< one dense layer
  [[nodiscard]] double expert_parameters() const;              ///< one layer: routed experts
  [[nodiscard]] double router_parameters() const;              ///< one layer: router and shared experts
  [[nodiscard]] double dense_parameters(LayerKind kind) const; ///< one layer without routed experts
  /// Of these, what every tp rank holds whole: norms, router, down-projections to latents.
  [[nodiscard]] double replicated_parameters(LayerKind kind) const;
  /// What one of `tp` ranks holds of a layer without routed experts.
  [[nodiscard]] double rank_parameters(LayerKind kind, double tp) const;
  [[nodiscard]] double active_parameters(LayerKind kind) const; ///< one layer: matrices that a token is multiplied with
  [[nodiscard]] double embedding_parameters() const;            ///< vocab × hidden (and learned positions)
  /// First and last virtual stage hold copies of the embedding: a tied head, or look-ups of multi-token prediction.
  [[nodiscard]] bool shares_embedding() const { return tied_embeddings || mtp_depth > 0; }
  [[nodiscard]] double mtp_projection_parameters() const; ///< 2·hidden × hidden
  [[nodiscard]] std::int64_t expert_layers() const;       ///< of `layers`
  /// Share of s² query-key pairs that are computed, mean over layers: 1/2 when causal and no window.
  [[nodiscard]] double attended_share(double sequence) const;
  [[nodiscard]] double parameters() const;        ///< whole model, mtp modules left out
  [[nodiscard]] double parameters_active() const; ///< per token, embedding look-up left out
};

/// Reads and checks a model: heads divide, kv_heads divide heads, head_dim defaults to hidden / heads.
Result<Model> read_model(const Value& value);

} // namespace weft::workloads
