#pragma once
// A transformer's shape and its parameter counts. Knows no hardware and no plan.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/figure.hpp"

#include <cstdint>
#include <string>

namespace weft::workloads {

struct Model {
  std::string name;
  std::string about;
  std::int64_t layers = 0;
  std::int64_t hidden = 0;
  std::int64_t ffn = 0;   ///< inner width of the MLP
  bool gated_mlp = false; ///< three matrices (SwiGLU) instead of two
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;           ///< < heads: grouped-query attention
  std::int64_t head_dim = 0;           ///< default hidden / heads
  std::int64_t vocab = 0;              ///< as embedded; padding to a multiple of tp is not modelled
  bool tied_embeddings = false;        ///< LM head shares the embedding's weights
  Figure<double> published_parameters; ///< the count the authors print

  [[nodiscard]] double attention_parameters() const; ///< one layer: query, key, value and output matrices
  [[nodiscard]] double mlp_parameters() const;       ///< one layer
  [[nodiscard]] double layer_parameters() const;     ///< the two above and the norms
  [[nodiscard]] double embedding_parameters() const; ///< vocab × hidden
  [[nodiscard]] double parameters() const;           ///< whole model
};

/// Reads and checks a model: heads divide, kv_heads divide heads, head_dim defaults to hidden / heads.
Result<Model> read_model(const Value& value);

} // namespace weft::workloads
