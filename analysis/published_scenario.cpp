// From a published run to the scenarios it could be (declared in published.hpp).
#include "analysis/published_row.hpp"
#include "platforms/base/fields.hpp"
#include "platforms/catalog.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <numeric>

namespace weft::analysis {
namespace {

constexpr std::size_t most_candidates = 64;

using Choices = std::map<std::string, std::string>;

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

/// The catalog's model of the same name, letters and digits compared: "LLaMA2-7B" is llama2-7b.
std::string catalog_model(const Row& r) {
  auto plain = [](const std::string& text) {
    std::string out;
    for (char ch : text)
      if (std::isalnum(std::uint8_t(ch))) out += char(std::tolower(std::uint8_t(ch)));
    return out;
  };
  const std::string name = plain(r.word("model", "name"));
  for (const std::string& known : platforms::catalog_names("models"))
    if (plain(known) == name) return known;
  return {};
}
/// A row that states no shape names a model that the catalog has.
bool shape_stated(const Row& r) {
  return r.find("model", "layers") || catalog_model(r).empty();
}

std::string model_text(Row& r, const Choices& c, std::int64_t more_layers = 0) {
  if (!shape_stated(r)) return catalog_model(r);
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
    if (r.named("tokendrop")) out += ", capacity: 1";
    out += "}";
  }
  return out + attention + "}";
}

std::string recompute_text(Row& r, const Choices& c) {
  const std::string mode = c.at("recompute"), words = r.word("parallel", "recompute");
  if (mode == "full" || mode == "full-early-stop") return "recompute: full";
  if (mode != "selective") return "recompute: none";
  if (words.find("per-layer SAC") != std::string::npos || words.find("default config") != std::string::npos)
    return "recompute: full, recompute_share: 0.5"; // every second layer
  std::string parts;
  for (const auto& [word, part] :
       {std::pair{"layernorm", "norms"}, std::pair{"_act", "activation"}, std::pair{"mla_up_proj", "latent-up"},
        std::pair{"core_attn", "core-attention"}, std::pair{"+mlp", "mlp"}, std::pair{": mlp", "mlp"},
        std::pair{"per-op SAC", "every-second-matmul"}})
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
  if (r.yes("parallel", "a2a_overlap") && ep > 1) out += ", ep_overlap: true";
  if (r.yes("parallel", "asym_pp_embed_loss") ||
      r.word("parallel", "pp_partition").find("embedding") != std::string::npos)
    out += ", stage_split: embedding-and-head";
  return out + "}";
}

std::string stack_text(Row& r, const Choices& c) {
  std::string name = c.at("stack");
  const auto known = platforms::catalog_names("stacks");
  const std::string own = name + "-" + r.word("normalized", "precision"); // a stack may differ by precision
  if (std::binary_search(known.begin(), known.end(), own)) name = own;
  std::string out = "{name: " + name;
  if (c.at("recompute") == "full-early-stop") out += ", recompute_early_stop: true";
  if (r.word("parallel", "dispatcher") == "hybridep" || r.word("parallel", "dispatcher") == "deepep")
    out += ", dispatcher: deduplicated";
  const std::string graph = r.word("normalized", "cuda_graph");
  if (name.starts_with("megatron-te-20") && !graph.empty() && graph != "none")
    out += fmt::format(", cuda_graph: {}", graph == "full_iteration" ? "full" : "partial");
  if (r.find("parallel", "overlap_grad_reduce")) {
    const bool on = r.yes("parallel", "overlap_grad_reduce");
    out += fmt::format(", overlap: {{gradients: {}, parameters: {}}}", on, on);
  }
  if (r.no("parallel", "flash_attn")) out += ", attention: unfused, fused_softmax_attention: false";
  if (r.named("vanillatp")) out += ", tp_hidden_share: 0";
  if (r.named("eager"))
    out += ", elementwise_efficiency: {value: 0.4, source: \"closed-form study of 570 published "
           "training runs: eager mode\", evidence: derived}";
  return out + "}";
}

/// What a field may be: what the run says, or all that the scan tries.
class Scan {
public:
  explicit Scan(const Value& unknown) : scan_(*unknown.find("scan")) {}
  std::vector<std::pair<std::string, std::vector<std::string>>> fields;

  void field(const char* name, const std::string& known, const char* list = nullptr) {
    fields.push_back({name, known.empty() ? values(list ? list : name) : std::vector<std::string>{known}});
  }
  [[nodiscard]] std::string first(const std::string& name) const {
    for (const auto& [field, values] : fields)
      if (field == name) return values.front();
    return {};
  }
  [[nodiscard]] std::vector<std::string> values(const char* list) const {
    std::vector<std::string> out;
    for (const Value& v : scan_.find(list)->items)
      out.push_back(v.scalar);
    return out;
  }

private:
  const Value& scan_;
};

std::string known_recompute(const Row& r) {
  const std::string mode = r.word("normalized", "recompute");
  return mode == "none" && !r.find("parallel", "recompute") ? "" : mode;
}
std::string known_stack(const Row& r) {
  const std::string name = r.word("normalized", "stack");
  const auto known = platforms::catalog_names("stacks");
  return std::binary_search(known.begin(), known.end(), name) ? name : "";
}
std::string precision_of(const Row& r) {
  const std::string p = r.word("normalized", "precision");
  return p.starts_with("fp8") ? "fp8" : p; // tensor-wise and row-wise scaling share the fp8 timings
}

Scan scan_of(Row& r, const Value& unknown) {
  Scan scan(unknown);
  const std::string schedule = r.word("normalized", "schedule");
  const std::string vpp = r.word("parallel", "vpp");
  const bool vee = schedule == "v-min" || schedule == "v-half" || schedule == "zb-v" || schedule == "dualpipe";
  const bool several = schedule == "interleaved-1f1b" || schedule.empty();
  const bool pipeline = r.word("parallel", "pp") != "1";
  scan.field("tp", r.word("parallel", "tp"));
  scan.field("pp", r.word("parallel", "pp"));
  scan.field("stack", known_stack(r));
  scan.field("recompute", known_recompute(r));
  scan.field("zero", r.word("normalized", "zero"));
  scan.field("sp", r.word("parallel", "tp") == "1" ? "true" : r.word("parallel", "sp"));
  scan.field("schedule", !pipeline ? "1f1b" : schedule);
  scan.field("vpp", !pipeline ? "1" : vee ? "2" : !several ? "1" : vpp, "vpp");
  scan.field("sequence", r.word("model", "seq"));
  scan.field("vocab", shape_stated(r) ? r.word("model", "vocab") : "the catalog's");
  scan.field("microbatch", r.word("parallel", "mbs"));
  if (!r.find("parallel", "gbs")) scan.field("microbatches_per_stage", "");
  return scan;
}

std::int64_t number(const std::string& text) {
  std::int64_t out = 0;
  Value v;
  v.kind = Value::Kind::scalar;
  v.scalar = text;
  return read_value(v, out) ? out : 0;
}

/// Combinations of a scan that make no sense for any cluster are left out without counting as tried.
bool consistent(const Row& r, const Scan& scan, Choices& c) {
  if (c["pp"] == "1") { // no pipeline: one combination of what only pipelines have
    if (c["vpp"] != scan.first("vpp") || c["schedule"] != scan.first("schedule")) return false;
    c["schedule"] = "1f1b";
    c["vpp"] = "1";
    return true;
  }
  if (c["schedule"] == "1f1b" && c["vpp"] != "1") {
    if (!r.word("normalized", "schedule").empty() || c["vpp"] != scan.first("vpp")) return false;
    c["vpp"] = "1";
  }
  return true;
}

/// The data parallelism that is left; 0: the chips do not divide.
std::int64_t replicas(Row& r, const Degrees& d, std::int64_t chips) {
  if (const auto dp = r.integer("parallel", "dp")) return *dp;
  const std::int64_t rest = d.tp * d.pp * d.cp;
  return rest > 0 && chips % rest == 0 ? chips / rest : 0;
}

} // namespace

Result<std::vector<Candidate>> candidates(const PublishedRun& run, const Value& unknown) {
  Row r(run);
  const std::int64_t chips = r.needed("system", "chips");
  const Scan scan = scan_of(r, unknown);
  const std::string cluster = cluster_text(r, unknown);
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
    d = {number(c["tp"]), r.integer("parallel", "cp").value_or(1), r.integer("parallel", "ep").value_or(1),
         number(c["pp"]), 1};
    d.dp = replicas(r, d, chips);
    if (d.dp == 0) continue;
    if (const auto microbatch = default_microbatch(r, d.pp, d.dp)) c["microbatch"] = fmt::format("{}", *microbatch);
    std::int64_t batch = r.integer("parallel", "gbs").value_or(0);
    if (batch == 0) batch = d.dp * number(c["microbatch"]) * number(c["microbatches_per_stage"]) * d.pp;
    auto scenario = [&](std::int64_t more_layers) {
      return fmt::format("name: {}\ncluster: {}\nmodel: {}\ntraining: {{global_batch: {}, sequence: {}, "
                         "precision: {}{}}}\nplan: {}\nstack: {}\n",
                         quoted(run.id), cluster, model_text(r, c, more_layers), batch, c["sequence"], precision_of(r),
                         r.named("lora") ? ", frozen: true" : "", plan_text(r, c, d), stack_text(r, c));
    };
    out.push_back({open, scenario(0), run.one_layer ? scenario(1) : ""});
  }
  if (out.empty() && !r.error())
    r.wrong("parallel", fmt::format("{} chips do not divide by tp {} × pp {} × cp {}", chips, d.tp, d.pp, d.cp));
  if (r.error()) return tl::unexpected(*r.error());
  return out;
}

} // namespace weft::analysis
