#include "analysis/same_work.hpp"

#include "platforms/base/precision_names.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>

namespace weft::analysis {
namespace {

using Written = std::vector<std::pair<std::string, std::string>>; ///< field, value

// Structured bindings name every member: one that is added later does not compile until somebody decides here whether
// it is part of the work.

template <class T> std::string text(const T& value) {
  return fmt::format("{}", value);
}
template <class E> std::string names(const std::vector<E>& values) {
  std::vector<std::string> out;
  for (const E& e : values)
    out.emplace_back(enum_name(e));
  return fmt::format("{}", fmt::join(out, " "));
}

void write(Written& out, const workloads::LatentAttention& latent) {
  const auto& [query_rank, kv_rank, nope_dim, rope_dim, value_dim] = latent;
  out.insert(out.end(), {{"latent.query_rank", text(query_rank)},
                         {"latent.kv_rank", text(kv_rank)},
                         {"latent.nope_dim", text(nope_dim)},
                         {"latent.rope_dim", text(rope_dim)},
                         {"latent.value_dim", text(value_dim)}});
}

void write(Written& out, const workloads::Experts& experts) {
  const auto& [count, top_k, ffn, shared, shared_ffn, dense_layers, every, groups, limited_groups, capacity, bias,
               skew] = experts;
  out.insert(out.end(), {{"experts.count", text(count)},
                         {"experts.top_k", text(top_k)},
                         {"experts.ffn", text(ffn)},
                         {"experts.shared", text(shared)},
                         {"experts.shared_ffn", text(shared_ffn)},
                         {"experts.dense_layers", text(dense_layers)},
                         {"experts.every", text(every)},
                         {"experts.groups", text(groups)},
                         {"experts.limited_groups", text(limited_groups)},
                         {"experts.capacity", text(capacity)},
                         {"experts.bias", text(bias)},
                         {"experts.skew", text(skew)}});
}

Written written(const workloads::Model& model) {
  [[maybe_unused]] const auto& [name, about, layers, hidden, ffn, gated_mlp, heads, kv_heads, head_dim, vocab,
                                positions, tied_embeddings, parallel_block, mtp_depth, latent, experts, window,
                                published_parameters] = model;
  Written out{{"layers", text(layers)},
              {"hidden", text(hidden)},
              {"ffn", text(ffn)},
              {"gated_mlp", text(gated_mlp)},
              {"heads", text(heads)},
              {"kv_heads", text(kv_heads)},
              {"head_dim", text(head_dim)},
              {"vocab", text(vocab)},
              {"positions", text(positions)},
              {"tied_embeddings", text(tied_embeddings)},
              {"parallel_block", text(parallel_block)},
              {"mtp_depth", text(mtp_depth)}};
  if (latent) write(out, *latent);
  if (experts) write(out, *experts);
  if (window) {
    out.emplace_back("window.tokens", text(window->tokens));
    out.emplace_back("window.every", text(window->every));
  }
  return out;
}

Written written(const workloads::Training& training) {
  [[maybe_unused]] const auto& [global_batch, sequence, precision, optimizer, frozen, mark] = training;
  return {{"global_batch", text(global_batch)},
          {"sequence", text(sequence)},
          {"precision", std::string(enum_name(precision))},
          {"optimizer", std::string(enum_name(optimizer))},
          {"frozen", text(frozen)}};
}

Written written(const workloads::Plan& plan) {
  [[maybe_unused]] const auto& [tp, cp, ep, pp, vpp, dp, expert_tp, sp, cp_algorithm, zero, shard_group, microbatch,
                                schedule, recompute, recompute_parts, recompute_share, recompute_layers, offload_layers,
                                ep_overlap, stage_split, layers_per_chunk, order, outer, mark] = plan;
  return {{"tp", text(tp)},
          {"cp", text(cp)},
          {"ep", text(ep)},
          {"pp", text(pp)},
          {"vpp", text(vpp)},
          {"dp", text(dp)},
          {"expert_tp", text(expert_tp)},
          {"sp", text(sp)},
          {"cp_algorithm", std::string(enum_name(cp_algorithm))},
          {"zero", text(zero)},
          {"shard_group", text(shard_group)},
          {"microbatch", text(microbatch)},
          {"schedule", std::string(enum_name(schedule))},
          {"recompute_parts", names(recompute_parts)},
          {"recompute_share", text(recompute_share)},
          {"recompute_layers", text(recompute_layers)},
          {"offload_layers", text(offload_layers)},
          {"ep_overlap", text(ep_overlap)},
          {"stage_split", std::string(enum_name(stage_split))},
          {"layers_per_chunk", fmt::format("{}", fmt::join(layers_per_chunk, " "))},
          {"order", names(order)},
          {"outer.inner_steps", text(outer.inner_steps)},
          {"outer.replicas", text(outer.replicas)},
          {"outer.precision", std::string(enum_name(outer.precision))},
          {"outer.overlap", text(outer.overlap)}};
}

void write(Written& out, const std::string& name, const std::optional<workloads::Variation>& variation) {
  if (!variation) return;
  out.emplace_back(name + ".distribution", text(int(variation->distribution)));
  out.emplace_back(name + ".spread", text(variation->spread));
}

Written written_unevenness(const workloads::Scenario& s) {
  Written out{{"jitter.seed", text(s.jitter.seed)}};
  write(out, "jitter.rank", s.jitter.rank);
  write(out, "jitter.step", s.jitter.step);
  std::string slow;
  for (const workloads::SlowRank& rank : s.slow_ranks)
    slow += fmt::format("{}{} at {}", slow.empty() ? "" : " ", rank.rank, rank.speed);
  out.emplace_back("slow_ranks", slow);
  return out;
}

std::vector<std::string> compare(const Written& a, const Written& b) {
  std::vector<std::string> out;
  auto value = [](const Written& of, const std::string& name) {
    const auto at = std::find_if(of.begin(), of.end(), [&](const auto& f) { return f.first == name; });
    return at == of.end() || at->second.empty() ? std::string("none") : at->second;
  };
  for (const auto& [name, said] : a)
    if (const std::string other = value(b, name); value(a, name) != other)
      out.push_back(fmt::format("{} ({} and {})", name, value(a, name), other));
  for (const auto& [name, said] : b)
    if (std::none_of(a.begin(), a.end(), [&, &n = name](const auto& f) { return f.first == n; }))
      out.push_back(fmt::format("{} (none and {})", name, said));
  return out;
}

} // namespace

std::vector<std::string> differences(const workloads::Model& a, const workloads::Model& b) {
  return compare(written(a), written(b));
}
std::vector<std::string> differences(const workloads::Training& a, const workloads::Training& b) {
  return compare(written(a), written(b));
}
std::vector<std::string> differences(const workloads::Plan& a, const workloads::Plan& b) {
  return compare(written(a), written(b));
}
std::vector<std::string> unevenness_differences(const workloads::Scenario& a, const workloads::Scenario& b) {
  return compare(written_unevenness(a), written_unevenness(b));
}

} // namespace weft::analysis
