// What a published run leaves open (declared in published_scan.hpp).
#include "analysis/published_scan.hpp"

#include "platforms/catalog.hpp"

#include <algorithm>
#include <cctype>

namespace weft::analysis {
namespace {

/// Letters and digits of a name.
std::string plain(const std::string& text) {
  std::string out;
  for (char ch : text)
    if (std::isalnum(std::uint8_t(ch))) out += char(std::tolower(std::uint8_t(ch)));
  return out;
}
std::string known_recompute(const Row& r) {
  const std::string mode = r.word("normalized", "recompute");
  return mode == "none" && !r.find("parallel", "recompute") ? "" : mode;
}
std::string known_stack(const Row& r) {
  const std::string name = r.word("normalized", "stack");
  const auto known = platforms::catalog_names("stacks");
  return std::binary_search(known.begin(), known.end(), name) ? name : "";
}
/// The vocabulary that the run states, else that of its model's tokenizer.
std::string known_vocab(Row& r, const Value& unknown) {
  if (r.find("model", "vocab")) return r.word("model", "vocab");
  if (const std::string known = catalog_model(r); !known.empty())
    if (auto tree = platforms::load_entry("models", known, {}))
      if (const Value* vocab = tree->find("vocab")) return vocab->scalar;
  const std::string name = plain(r.word("model", "name"));
  for (const Value& family : unknown.find("tokenizers")->items)
    if (name.starts_with(family.find("name")->scalar)) return family.find("vocab")->scalar;
  return {};
}
std::string by_stack(const Value& unknown, const char* field, const std::string& stack) {
  for (const Value& row : unknown.find(field)->items)
    if (const Value* only = row.find("stack"); !only || only->scalar == stack) return row.find("is")->scalar;
  return {};
}

} // namespace

std::int64_t number(const std::string& text) {
  std::int64_t out = 0;
  Value v;
  v.kind = Value::Kind::scalar;
  v.scalar = text;
  return read_value(v, out) ? out : 0;
}

/// The catalog's model of the same name: "LLaMA2-7B" is llama2-7b.
std::string catalog_model(const Row& r) {
  const std::string name = plain(r.word("model", "name"));
  if (name.empty()) return {};
  for (const std::string& known : platforms::catalog_names("models"))
    if (plain(known) == name) return known;
  return {};
}
/// A row that states no shape names a model that the catalog has.
bool shape_stated(const Row& r) {
  return r.find("model", "layers") || catalog_model(r).empty();
}

/// Sequences per step, stated or from tokens per step; 0 = unknown.
std::int64_t stated_batch(Row& r) {
  if (const auto batch = r.integer("parallel", "gbs")) return *batch;
  const auto tokens = r.integer("parallel", "gbs_tokens"), sequence = r.integer("model", "seq");
  return tokens && sequence && *sequence > 0 ? *tokens / *sequence : 0;
}
Scan scan_of(Row& r, const Value& unknown) {
  Scan scan(unknown);
  const std::string schedule = r.word("normalized", "schedule");
  const std::string vpp = r.word("parallel", "vpp");
  const bool vee = schedule == "v-min" || schedule == "v-half" || schedule == "zb-v" || schedule == "dualpipe";
  const bool several = schedule == "interleaved-1f1b" || schedule.empty();
  const bool pipeline = r.word("parallel", "pp") != "1";
  auto degree = [&](const char* key) { // a key that is not there is 1; one that says null is scanned
    scan.field(key, r.mentions("parallel", key) ? r.word("parallel", key) : "1");
  };
  scan.field("tp", r.word("parallel", "tp"));
  scan.field("pp", r.word("parallel", "pp"));
  degree("cp");
  if (r.find("model", "experts"))
    degree("ep");
  else
    scan.field("ep", "1");
  scan.field("stack", known_stack(r));
  scan.field("recompute", known_recompute(r));
  scan.field("zero", r.word("normalized", "zero"));
  scan.field("sp", r.word("parallel", "tp") == "1" ? "true" : r.word("parallel", "sp"));
  scan.field("schedule", !pipeline ? "1f1b" : schedule);
  const bool two = vpp.empty() && several && !schedule.empty() && known_stack(r).starts_with("torchtitan");
  scan.field("vpp", !pipeline ? "1" : vee || two ? "2" : !several ? "1" : vpp, "vpp");
  scan.keep_divisors("vpp", r.integer("model", "layers").value_or(0), r.integer("parallel", "pp").value_or(0));
  scan.field("sequence", r.word("model", "seq"));
  scan.field("vocab", shape_stated(r) ? known_vocab(r, unknown) : "the catalog's");
  scan.field("microbatch", r.word("parallel", "mbs"));
  if (stated_batch(r) == 0) scan.field("microbatches_per_stage", "");
  const std::string exchange = r.word("parallel", "cp_type");
  scan.field("cp_algorithm", !exchange.empty() ? exchange : by_stack(unknown, "cp_algorithm", known_stack(r)));
  return scan;
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

} // namespace weft::analysis
