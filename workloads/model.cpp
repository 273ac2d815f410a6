#include "workloads/model.hpp"

#include "platforms/base/fields.hpp"

#include <fmt/format.h>

namespace weft::workloads {

double Model::attention_parameters() const {
  const double h = double(hidden), d = double(head_dim);
  return h * d * (2 * double(heads) + 2 * double(kv_heads)); // query and output, key and value
}
double Model::mlp_parameters() const {
  return (gated_mlp ? 3.0 : 2.0) * double(hidden) * double(ffn);
}
double Model::layer_parameters() const {
  return attention_parameters() + mlp_parameters() + 2 * double(hidden);
}
double Model::embedding_parameters() const {
  return double(vocab) * double(hidden);
}
double Model::parameters() const {
  return double(layers) * layer_parameters() + (tied_embeddings ? 1.0 : 2.0) * embedding_parameters() + double(hidden);
}

Result<Model> read_model(const Value& value) {
  const auto positive = between<std::int64_t>(1, 1'000'000'000);
  static const Fields<Model> table{
      required("name", &Model::name, "catalog name"),
      optional("about", &Model::about, "one line"),
      required("layers", &Model::layers, "transformer layers", between<std::int64_t>(1, 100'000)),
      required("hidden", &Model::hidden, "model width", positive),
      required("ffn", &Model::ffn, "inner width of the MLP", positive),
      optional("gated_mlp", &Model::gated_mlp, "three MLP matrices instead of two"),
      required("heads", &Model::heads, "query heads", positive),
      optional("kv_heads", &Model::kv_heads, "key and value heads; default = heads", positive),
      optional("head_dim", &Model::head_dim, "width of a head; default hidden / heads", positive),
      required("vocab", &Model::vocab, "vocabulary size", positive),
      optional("tied_embeddings", &Model::tied_embeddings, "LM head shares the embedding"),
      optional("published_parameters", &Model::published_parameters, "count that the authors print")};
  Model out;
  if (auto ok = read_fields(value, table, out, "model"); !ok) return tl::unexpected(ok.error());
  auto at = [&value](const char* key) { return value.find(key) ? value.find(key)->mark : value.mark; };
  if (out.kv_heads == 0) out.kv_heads = out.heads;
  if (out.heads % out.kv_heads != 0)
    return fail(at("kv_heads"), fmt::format("{} heads cannot share {} kv_heads evenly", out.heads, out.kv_heads));
  if (out.head_dim == 0) {
    if (out.hidden % out.heads != 0)
      return fail(at("heads"), fmt::format("hidden {} does not divide by {} heads; state head_dim if that is meant",
                                           out.hidden, out.heads));
    out.head_dim = out.hidden / out.heads;
  }
  return out;
}

} // namespace weft::workloads
