// From a published run to the scenarios it could be (declared in published.hpp).
#include "analysis/published_scan.hpp"
#include "platforms/base/fields.hpp"
#include "platforms/catalog.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <functional>
#include <initializer_list>
#include <map>
#include <numeric>

namespace weft::analysis {
namespace {

constexpr std::size_t most_candidates = 64;

/// Whole numbers of a text, in order.
std::vector<std::int64_t> numbers(const std::string& text) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < text.size();) {
    if (!std::isdigit(std::uint8_t(text[i]))) {
      ++i;
      continue;
    }
    std::int64_t n = 0;
    for (; i < text.size() && std::isdigit(std::uint8_t(text[i])) && n < 1'000'000'000; ++i)
      n = 10 * n + (text[i] - '0');
    out.push_back(n);
  }
  return out;
}

std::string attention_text(Row& r) {
  const std::string words = r.word("model", "attention");
  const auto n = numbers(words);
  if (words.starts_with("MLA")) {
    // "MLA q_lora 1536, kv_lora 512, nope 128, rope 64, v 128"; a bare "MLA" takes DeepSeek-V2's sizes.
    const std::vector<std::int64_t> sizes = n.size() == 5 ? n : std::vector<std::int64_t>{1536, 512, 128, 64, 128};
    return fmt::format(", latent: {{query_rank: {}, kv_rank: {}, nope_dim: {}, rope_dim: {}, value_dim: {}}}", sizes[0],
                       sizes[1], sizes[2], sizes[3], sizes[4]);
  }
  if (words.find("sliding window") != std::string::npos && !n.empty()) // "alternating sliding window 128 / full"
    return fmt::format(", window: {{tokens: {}, every: {}}}", n[0], words.starts_with("alternating") ? 2 : 0);
  return {};
}

std::string precision_of(const Row& r) {
  const std::string p = r.word("normalized", "precision");
  return p.starts_with("fp8") ? "fp8" : p; // tensor-wise and row-wise scaling share the fp8 timings
}

/// As the run says, else as the catalog's model of that name: sources state shapes, not biases.
bool experts_have_bias(const Row& r) {
  if (r.find("model", "expert_bias")) return r.yes("model", "expert_bias");
  const std::string known = catalog_model(r);
  if (known.empty()) return false;
  const auto tree = platforms::load_entry("models", known, {});
  const Value* bias = tree ? find_path(*tree, "experts.bias") : nullptr;
  return bias && bias->scalar == "true";
}

std::string model_text(Row& r, const Choices& c, std::int64_t more_layers = 0) {
  if (!shape_stated(r)) return catalog_model(r);
  if (!r.find("model", "gated_mlp")) r.wrong("model", "model.gated_mlp is unknown");
  const std::string notes = r.word("model", "notes");
  const bool gated = r.yes("model", "gated_mlp");
  std::string out = fmt::format("{{name: {}, layers: {}, hidden: {}, heads: {}, vocab: {}, gated_mlp: {}",
                                quoted(r.word("model", "name")), r.needed("model", "layers") + more_layers,
                                r.needed("model", "hidden"), r.needed("model", "heads"), c.at("vocab"), gated);
  const std::string attention = attention_text(r);
  if (const auto kv = r.integer("model", "kv_heads"); kv && attention.find("latent") == std::string::npos)
    out += fmt::format(", kv_heads: {}", *kv);
  if (const auto d = r.integer("model", "head_dim")) out += fmt::format(", head_dim: {}", *d);
  if (const auto f = r.integer("model", "ffn")) out += fmt::format(", ffn: {}", *f);
  if (const auto d = r.integer("model", "mtp_depth")) out += fmt::format(", mtp_depth: {}", *d);
  if (r.word("model", "position") == "learned") out += fmt::format(", positions: {}", c.at("sequence"));
  // GPT-like models of the Megatron and MPT families tie their embeddings; those with gated MLPs do not.
  const bool tied = r.find("model", "tied_embeddings") ? r.yes("model", "tied_embeddings") : !gated;
  out += fmt::format(", tied_embeddings: {}", tied);
  if (notes.find("parallel transformer block") != std::string::npos) out += ", parallel_block: true";
  if (const auto e = r.integer("model", "experts")) {
    out +=
        fmt::format(", experts: {{count: {}, top_k: {}, ffn: {}, shared: {}, dense_layers: {}", *e,
                    r.needed("model", "topk"), r.needed("model", "expert_ffn"),
                    r.integer("model", "shared_experts").value_or(0), r.integer("model", "dense_layers").value_or(0));
    if (const auto g = r.integer("model", "groups"))
      out += fmt::format(", groups: {}, limited_groups: {}", *g, r.integer("model", "limited_groups").value_or(*g));
    if (r.flag("token_drop", "tokendrop")) out += ", capacity: 1";
    if (experts_have_bias(r)) out += ", bias: true";
    out += "}";
  }
  return out + attention + "}";
}

std::string recompute_text(Row& r, const Choices& c) {
  const std::string mode = c.at("recompute"), words = r.word("parallel", "recompute");
  if (mode == "full" || mode == "full-early-stop") return "recompute: full";
  if (mode != "selective" && mode != "none")
    r.wrong("normalized",
            fmt::format("normalized.recompute {} is none of none, selective, full, full-early-stop", mode));
  if (mode != "selective") return "recompute: none";
  if (words.find("per-layer SAC") != std::string::npos)
    return "recompute: full, recompute_share: 0.5"; // every second layer
  std::string parts;
  for (const auto& [word, part] :
       {std::pair{"layernorm", "norms"}, std::pair{"_act", "activation"}, std::pair{"mla_up_proj", "latent-up"},
        std::pair{"core_attn", "core-attention"}, std::pair{"+mlp", "mlp"}, std::pair{": mlp", "mlp"},
        std::pair{"per-op SAC", "every-second-matmul"}, std::pair{"default config", "every-second-matmul"}})
    if (words.find(word) != std::string::npos) parts += (parts.empty() ? "" : ", ") + std::string(part);
  return fmt::format("recompute: selective, recompute_parts: [{}]", parts.empty() ? "core-attention" : parts);
}

/// TorchTitan's configurations name the batch of a rank; a pipeline cuts it into as many microbatches as it has
/// stages, unless told otherwise.
std::optional<std::int64_t> default_microbatch(Row& r, std::int64_t pp, std::int64_t dp) {
  const auto batch = r.integer("parallel", "gbs"), stated = r.integer("parallel", "mbs");
  if (!r.word("normalized", "stack").starts_with("torchtitan") || !batch || pp == 1 || dp < 1) return stated;
  const std::int64_t local = *batch / dp;
  return !stated || *stated == local ? std::max<std::int64_t>(1, local / pp) : *stated;
}

/// Ranks of each dimension.
struct Degrees {
  std::int64_t tp = 1, cp = 1, ep = 1, pp = 1, dp = 1;
};

std::string plan_text(Row& r, const Choices& c, const Degrees& d) {
  const auto [tp, cp, ep, pp, dp] = d;
  std::string out = fmt::format("{{tp: {}, cp: {}, ep: {}, pp: {}, dp: {}, sp: {}, zero: {}, microbatch: {}, {}", tp,
                                cp, ep, pp, dp, c.at("sp"), c.at("zero"), c.at("microbatch"), recompute_text(r, c));
  if (pp > 1) out += fmt::format(", schedule: {}", c.at("schedule"));
  if (pp > 1 && c.at("vpp") != "1") out += fmt::format(", vpp: {}", c.at("vpp"));
  if (const auto group = r.integer("parallel", "zero_group"); group && *group < dp * cp)
    out += fmt::format(", shard_group: {}", *group);
  if (const auto layers = r.integer("parallel", "offload")) out += fmt::format(", offload_layers: {}", *layers);
  // A preset whose graphs are not those that ran is younger than the run: its overlap flag says nothing either.
  const std::string graph = r.word("normalized", "cuda_graph");
  const bool own_preset = graph.empty() || graph == r.word("parallel", "cuda_graph");
  if (r.yes("parallel", "a2a_overlap") && ep > 1 && own_preset && !r.flag("token_drop", "tokendrop"))
    out += ", ep_overlap: true";
  if (r.yes("parallel", "asym_pp_embed_loss") ||
      r.word("parallel", "pp_partition").find("embedding") != std::string::npos ||
      r.word("parallel", "schedule").find("one layer less") != std::string::npos)
    out += ", stage_split: embedding-and-head";
  if (const Value* split = r.find("parallel", "layers_per_chunk")) {
    std::string list;
    for (const Value& n : split->items)
      list += (list.empty() ? "" : ", ") + n.scalar;
    out += fmt::format(", layers_per_chunk: [{}]", list);
  }
  if (cp > 1) out += fmt::format(", cp_algorithm: {}", c.at("cp_algorithm"));
  return out + "}";
}

std::string stack_text(Row& r, const Choices& c) {
  std::string name = c.at("stack");
  const auto known = platforms::catalog_names("stacks");
  const std::string own = name + "-" + r.word("normalized", "precision"); // a stack may differ by precision
  if (std::binary_search(known.begin(), known.end(), own)) name = own;
  std::string out = "{name: " + name;
  if (c.at("recompute") == "full-early-stop") out += ", recompute_early_stop: true";
  const bool drops = r.flag("token_drop", "tokendrop"); // dropping tokens goes with the plain exchange
  if (drops)
    out += ", dispatcher: plain";
  else if (r.word("parallel", "dispatcher") == "hybridep" || r.word("parallel", "dispatcher") == "deepep")
    out += ", dispatcher: deduplicated";
  const std::string graph = r.word("normalized", "cuda_graph");
  if (name.starts_with("megatron-te-20") && !graph.empty() && graph != "none")
    out += fmt::format(", cuda_graph: {}", graph == "full_iteration" ? "full" : "partial");
  if (r.find("parallel", "overlap_grad_reduce")) {
    const bool on = r.yes("parallel", "overlap_grad_reduce");
    const bool gather = r.find("parallel", "overlap_param_gather") ? r.yes("parallel", "overlap_param_gather") : on;
    out += fmt::format(", overlap: {{gradients: {}, parameters: {}}}", on, gather);
  }
  if (r.no("parallel", "flash_attn")) out += ", attention: unfused, fused_softmax_attention: false";
  // TorchTitan hides tp only with its asynchronous variant; MC2 can be switched off.
  const bool asynchronous = r.flag("async_tp", "asynctp");
  if ((name.starts_with("torchtitan") && !asynchronous) || r.no("parallel", "mc2")) out += ", tp_hidden_share: 0";
  if (r.flag("eager", "eager"))
    out += ", elementwise_efficiency: {value: 0.4, source: \"closed-form study of 570 published "
           "training runs: eager mode\", evidence: derived}";
  return out + "}";
}

/// The data parallelism that is left. Of a number of chips that no plan of these degrees fills ("6K") what it fills.
std::int64_t replicas(Row& r, const Degrees& d, std::int64_t chips) {
  if (const auto dp = r.integer("parallel", "dp")) return *dp;
  const std::int64_t rest = d.tp * d.pp * d.cp;
  if (rest <= 0) return 0;
  const bool stated = r.find("parallel", "tp") && r.find("parallel", "pp");
  return chips % rest == 0 || stated ? chips / rest : 0;
}

} // namespace

Result<std::vector<Candidate>> candidates(const PublishedRun& run, const Value& unknown) {
  Row r(run);
  const std::int64_t chips = r.needed("system", "chips");
  const Scan scan = scan_of(r, unknown);
  std::size_t all = 1;
  for (const auto& [name, values] : scan.fields)
    all *= std::max<std::size_t>(1, values.size());
  // Steps of about a golden section, coprime to the number of combinations, visit each once and every field evenly.
  std::size_t step = std::max<std::size_t>(1, std::size_t(0.6180339887 * double(all)));
  while (std::gcd(step, all) != 1)
    ++step;
  std::vector<Candidate> out;
  Degrees d;
  for (std::size_t i = 0; i < all && out.size() < most_candidates && !r.error(); ++i) {
    Choices c;
    std::string open;
    std::size_t rest = i * step % all;
    for (const auto& [name, values] : scan.fields) {
      c[name] = values[rest % values.size()];
      rest /= values.size();
    }
    if (!consistent(r, scan, c)) continue;
    for (const auto& [name, values] : scan.fields)
      if (values.size() > 1) open += fmt::format("{}{} {}", open.empty() ? "" : ", ", name, c[name]);
    d = {number(c["tp"]), number(c["cp"]), number(c["ep"]), number(c["pp"]), 1};
    d.dp = replicas(r, d, chips);
    if (d.dp == 0) continue;
    if (!r.find("parallel", "dp") && d.dp * d.tp * d.cp * d.pp != chips)
      open += fmt::format("{}{} of {} chips", open.empty() ? "" : ", ", d.dp * d.tp * d.cp * d.pp, chips);
    if (const auto microbatch = default_microbatch(r, d.pp, d.dp)) c["microbatch"] = fmt::format("{}", *microbatch);
    std::int64_t batch = stated_batch(r);
    if (batch == 0) batch = d.dp * number(c["microbatch"]) * number(c["microbatches_per_stage"]) * d.pp;
    const std::string cluster = cluster_text(r, unknown, d.dp * d.tp * d.cp * d.pp);
    auto scenario = [&](std::int64_t more_layers) {
      return fmt::format("name: {}\ncluster: {}\nmodel: {}\ntraining: {{global_batch: {}, sequence: {}, "
                         "precision: {}{}}}\nplan: {}\nstack: {}\n",
                         quoted(run.id), cluster, model_text(r, c, more_layers), batch, c["sequence"], precision_of(r),
                         r.flag("lora", "lora") ? ", frozen: true" : "", plan_text(r, c, d), stack_text(r, c));
    };
    out.push_back({open, scenario(0), run.one_layer ? scenario(1) : ""});
  }
  if (out.empty() && !r.error())
    r.wrong("parallel", fmt::format("{} chips do not divide by tp {} × pp {} × cp {}", chips, d.tp, d.pp, d.cp));
  if (precision_of(r).empty()) r.wrong("normalized", "normalized.precision is unknown");
  if (r.error()) return tl::unexpected(*r.error());
  return out;
}

} // namespace weft::analysis
