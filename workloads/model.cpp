#include "workloads/model.hpp"

#include "platforms/base/fields.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft {

using workloads::Experts;
using workloads::LatentAttention;
using workloads::Window;

namespace {
const auto positive = between<std::int64_t>(1, 1'000'000'000);
const auto countable = between<std::int64_t>(0, 1'000'000'000);
} // namespace

Result<void> read_value(const Value& value, LatentAttention& out) {
  static const Fields<LatentAttention> table{
      optional("query_rank", &LatentAttention::query_rank, "low rank of the queries; 0 = none", countable),
      required("kv_rank", &LatentAttention::kv_rank, "low rank of keys and values", positive),
      required("nope_dim", &LatentAttention::nope_dim, "of a head's query and key, without positions", positive),
      required("rope_dim", &LatentAttention::rope_dim, "of a head's query and key, with positions", countable),
      required("value_dim", &LatentAttention::value_dim, "of a head's value", positive)};
  return read_fields(value, table, out, "latent attention");
}

Result<void> read_value(const Value& value, Experts& out) {
  static const Fields<Experts> table{
      required("count", &Experts::count, "routed experts", positive),
      required("top_k", &Experts::top_k, "routed experts of a token", positive),
      required("ffn", &Experts::ffn, "inner width of a routed expert", positive),
      optional("shared", &Experts::shared, "shared experts", countable),
      optional("shared_ffn", &Experts::shared_ffn, "inner width of all shared experts together", countable),
      optional("dense_layers", &Experts::dense_layers, "first layers that keep a plain MLP", countable),
      optional("every", &Experts::every, "of the others, every n-th has experts", positive),
      optional("groups", &Experts::groups, "groups of experts for node-limited routing", positive),
      optional("limited_groups", &Experts::limited_groups, "groups that a token may visit", positive),
      optional("capacity", &Experts::capacity, "experts are filled or cut to this share of the mean; 0 = dropless",
               [](const double& v) { return v >= 0 && v <= 1000 ? std::string{} : "must be between 0 and 1000"; }),
      optional("bias", &Experts::bias, "experts add a bias to their output"),
      optional("skew", &Experts::skew, "load of the busiest rank over the mean",
               [](const double& v) { return v >= 1 && v <= 1000 ? std::string{} : "must be between 1 and 1000"; })};
  if (auto ok = read_fields(value, table, out, "experts"); !ok) return ok;
  if (out.top_k > out.count)
    return fail(value.mark, fmt::format("top_k {} exceeds the {} routed experts", out.top_k, out.count));
  if (out.limited_groups > out.groups || out.count % out.groups != 0)
    return fail(value.mark, fmt::format("{} experts cannot stand in {} groups of which a token visits {}", out.count,
                                        out.groups, out.limited_groups));
  if (out.shared_ffn == 0) out.shared_ffn = out.shared * out.ffn;
  return {};
}

Result<void> read_value(const Value& value, Window& out) {
  static const Fields<Window> table{
      required("tokens", &Window::tokens, "that a token sees", positive),
      optional("every", &Window::every, "every n-th layer sees all; 0 = none does", countable)};
  return read_fields(value, table, out, "window");
}

} // namespace weft

namespace weft::workloads {

LayerKind Model::kind(std::int64_t layer) const {
  if (!experts || layer < experts->dense_layers) return LayerKind::dense;
  return (layer - experts->dense_layers + 1) % experts->every == 0 ? LayerKind::experts : LayerKind::dense;
}
std::int64_t Model::expert_layers() const {
  return experts ? std::max<std::int64_t>(0, layers - experts->dense_layers) / experts->every : 0;
}
double Model::query_width() const {
  return double(heads) * double(latent ? latent->nope_dim + latent->rope_dim : head_dim);
}
double Model::value_width() const {
  return double(heads) * double(latent ? latent->value_dim : head_dim);
}
double Model::attention_parameters() const {
  const double h = double(hidden), d = double(head_dim), a = double(heads);
  if (!latent) return h * d * (2 * a + 2 * double(kv_heads)); // query and output, key and value
  const double q = double(latent->query_rank), kv = double(latent->kv_rank);
  const double queries = q > 0 ? h * q + q * query_width() : h * query_width();
  return queries + h * (kv + double(latent->rope_dim)) + kv * a * double(latent->nope_dim + latent->value_dim) +
         value_width() * h;
}
double Model::mlp_parameters() const {
  return (gated_mlp ? 3.0 : 2.0) * double(hidden) * double(ffn);
}
double Model::expert_parameters() const {
  return experts ? double(experts->count) * (gated_mlp ? 3.0 : 2.0) * double(hidden) * double(experts->ffn) : 0;
}
double Model::router_parameters() const {
  if (!experts) return 0;
  return double(hidden) * (double(experts->count) + (gated_mlp ? 3.0 : 2.0) * double(experts->shared_ffn));
}
double Model::dense_parameters(LayerKind kind) const {
  return attention_parameters() + (kind == LayerKind::dense ? mlp_parameters() : router_parameters()) +
         2 * double(hidden);
}
double Model::replicated_parameters(LayerKind kind) const {
  double out = 2 * double(hidden);
  if (kind == LayerKind::experts) out += double(hidden) * double(experts->count);
  if (latent) out += double(hidden) * double(latent->query_rank + latent->kv_rank + latent->rope_dim);
  return out;
}
double Model::rank_parameters(LayerKind kind, double tp) const {
  const double whole = replicated_parameters(kind);
  return (dense_parameters(kind) - whole) / tp + whole;
}
double Model::active_parameters(LayerKind kind) const {
  if (kind == LayerKind::dense) return attention_parameters() + mlp_parameters();
  return attention_parameters() + router_parameters() +
         expert_parameters() * double(experts->top_k) / double(experts->count);
}
double Model::embedding_parameters() const {
  return double(vocab) * double(hidden);
}
double Model::mtp_projection_parameters() const {
  return 2 * double(hidden) * double(hidden);
}
double Model::attended_share(double sequence) const {
  constexpr double causal = 0.5;
  if (!window || double(window->tokens) >= sequence) return causal;
  const double w = double(window->tokens) / sequence;
  const double inside = w - w * w / 2; // the first w tokens see fewer
  const double all = window->every > 0 ? 1.0 / double(window->every) : 0;
  return all * causal + (1 - all) * inside;
}
double Model::parameters() const {
  const double with = double(expert_layers()), without = double(layers) - with;
  return without * dense_parameters(LayerKind::dense) +
         with * (dense_parameters(LayerKind::experts) + expert_parameters()) +
         (tied_embeddings ? 1.0 : 2.0) * embedding_parameters() + double(positions) * double(hidden) + double(hidden);
}
double Model::parameters_active() const {
  const double with = double(expert_layers()), without = double(layers) - with;
  double out = without * active_parameters(LayerKind::dense) + embedding_parameters();
  if (experts) out += with * active_parameters(LayerKind::experts);
  return out;
}

namespace {

Result<void> check_shape(const Value& value, Model& out) {
  auto at = [&value](const char* key) { return value.find(key) ? value.find(key)->mark : value.mark; };
  if (out.kv_heads == 0) out.kv_heads = out.heads;
  if (out.heads % out.kv_heads != 0)
    return fail(at("kv_heads"), fmt::format("{} heads cannot share {} kv_heads evenly", out.heads, out.kv_heads));
  if (out.head_dim == 0 && out.latent) out.head_dim = out.latent->nope_dim + out.latent->rope_dim;
  if (out.head_dim == 0) {
    if (out.hidden % out.heads != 0)
      return fail(at("heads"), fmt::format("hidden {} does not divide by {} heads; state head_dim if that is meant",
                                           out.hidden, out.heads));
    out.head_dim = out.hidden / out.heads;
  }
  if (out.experts && out.experts->dense_layers > out.layers)
    return fail(at("experts"), fmt::format("{} dense layers of {}", out.experts->dense_layers, out.layers));
  bool dense = false;
  for (std::int64_t i = 0; i < out.layers + out.mtp_depth; ++i)
    dense = dense || out.kind(i) == LayerKind::dense;
  if (dense && out.ffn == 0) return fail(value.mark, "model lacks `ffn` (some of its layers have a plain MLP)");
  return {};
}

} // namespace

Result<Model> read_model(const Value& value) {
  static const Fields<Model> table{
      required("name", &Model::name, "catalog name"),
      optional("about", &Model::about, "one line"),
      required("layers", &Model::layers, "transformer layers", between<std::int64_t>(1, 100'000)),
      required("hidden", &Model::hidden, "model width", positive),
      optional("ffn", &Model::ffn, "inner width of the MLP of dense layers", countable),
      optional("gated_mlp", &Model::gated_mlp, "three MLP matrices instead of two"),
      required("heads", &Model::heads, "query heads", positive),
      optional("kv_heads", &Model::kv_heads, "key and value heads; default = heads", positive),
      optional("head_dim", &Model::head_dim, "width of a head; default hidden / heads", positive),
      required("vocab", &Model::vocab, "vocabulary size", positive),
      optional("positions", &Model::positions, "learned position vectors", countable),
      optional("tied_embeddings", &Model::tied_embeddings, "LM head shares the embedding"),
      optional("parallel_block", &Model::parallel_block, "attention and MLP side by side"),
      optional("mtp_depth", &Model::mtp_depth, "multi-token prediction modules", between<std::int64_t>(0, 16)),
      optional("latent", &Model::latent, "multi-head latent attention"),
      optional("experts", &Model::experts, "mixture of experts"),
      optional("window", &Model::window, "sliding-window attention"),
      optional("published_parameters", &Model::published_parameters, "count that the authors print")};
  Model out;
  if (auto ok = read_fields(value, table, out, "model"); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_shape(value, out); !ok) return tl::unexpected(ok.error());
  return out;
}

} // namespace weft::workloads
