#include "analysis/json.hpp"

#include "analysis/explain.hpp"
#include "analysis/power_print.hpp"
#include "platforms/base/precision_names.hpp"
#include "workloads/plan_names.hpp"

#include <nlohmann/json.hpp>
#include <numeric>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;

Json where_json(const Summary& s) {
  Json out = Json::array();
  for (std::size_t e = 0; e < sim::entry_count; ++e) {
    out.push_back({{"entry", sim::entry_names[e]},
                   {"seconds", s.where.seconds[e]},
                   {"share", s.where.seconds[e] / s.result.run.step_time}});
    if (s.tax) out.back()["network_made_s"] = s.where.seconds[e] - s.where_ideal.seconds[e];
  }
  return out;
}

Json tax_json(const Summary& s) {
  if (!s.tax) return nullptr;
  const Tax& tax = *s.tax;
  Json out{{"total", tax.total}, {"seconds", tax.seconds}};
  if (!tax.parts.empty() || s.path) { // one rank has none, and says so where they were asked for
    Json parts = Json::array();
    for (const auto& part : tax.parts)
      parts.push_back({{"dimension", sim::dim_names[std::size_t(part.dim)]},
                       {"seconds", part.seconds},
                       {"share", part.seconds / s.result.run.step_time}});
    out["by_dimension"] = std::move(parts);
  }
  if (!tax.tiers.empty() || s.path) {
    Json parts = Json::array();
    for (const auto& part : tax.tiers)
      parts.push_back(
          {{"tier", part.name}, {"seconds", part.seconds}, {"share", part.seconds / s.result.run.step_time}});
    out["by_tier"] = std::move(parts);
  }
  out["method"] = tax.method;
  out["runs"] = tax.runs;
  if (!tax.tiers.empty()) out["tier_runs"] = tax.tier_runs;
  return out;
}

Json entries_json(const sim::Breakdown& seconds, double step) {
  Json out = Json::array();
  for (std::size_t e = 0; e < sim::entry_count; ++e)
    out.push_back({{"entry", sim::entry_names[e]}, {"seconds", seconds[e]}, {"share", seconds[e] / step}});
  return out;
}
Json path_json(const CriticalPath& path, double step) {
  Json stages = Json::array();
  for (std::size_t stage = 0; stage < path.by_stage.size(); ++stage) {
    const auto& here = path.by_stage[stage];
    const double seconds = std::accumulate(here.begin(), here.end(), 0.0);
    stages.push_back(
        {{"stage", stage}, {"seconds", seconds}, {"share", seconds / step}, {"by_entry", entries_json(here, step)}});
  }
  return {{"by_entry", entries_json(path.seconds, step)}, {"by_stage", std::move(stages)}, {"ops", path.ops}};
}

Json memory_json(const sim::StepResult& r) {
  Json stages = Json::array();
  for (const auto& m : r.memory_of_stages)
    stages.push_back({{"stage", m.stage},
                      {"weights", m.weights.count()},
                      {"gradients", m.gradients.count()},
                      {"optimizer", m.optimizer.count()},
                      {"activations", m.activations.count()},
                      {"workspace", m.workspace.count()},
                      {"total", m.total().count()}});
  return {{"weights", r.memory.weights.count()},
          {"gradients", r.memory.gradients.count()},
          {"optimizer", r.memory.optimizer.count()},
          {"activations", r.memory.activations.count()},
          {"workspace", r.memory.workspace.count()},
          {"total", r.memory.total().count()},
          {"capacity", r.memory_capacity.count()},
          {"worst_stage", r.memory.stage},
          {"stages", std::move(stages)},
          {"fits", r.fits()}};
}

Json plan_json(const sim::StepResult& r) {
  const auto& p = r.scenario.plan;
  return {{"tp", p.tp},
          {"sp", p.sp},
          {"cp", p.cp},
          {"cp_algorithm", enum_name(p.cp_algorithm)},
          {"ep", p.ep},
          {"expert_tp", p.expert_tp},
          {"pp", p.pp},
          {"vpp", p.vpp},
          {"dp", p.dp},
          {"zero", p.zero},
          {"microbatch", p.microbatch},
          {"microbatches", workloads::microbatches(p, r.scenario.training)},
          {"schedule", enum_name(p.schedule)},
          {"recompute", enum_name(r.recompute)}};
}

Json check_json(const Summary& s) {
  const auto& flops = s.result.flops;
  Json bytes = Json::array();
  for (const auto& b : s.result.bytes)
    bytes.push_back({{"dimension", sim::dim_names[std::size_t(b.dim)]},
                     {"simulated_bytes", b.simulated},
                     {"closed_form_bytes", b.closed_form}});
  return {{"model_flops_causal", flops.causal.count()},
          {"model_flops_full", flops.full.count()},
          {"six_n_t_plus_attention", flops.six_n.count()},
          {"flops_ratio", flops.causal / flops.six_n},
          {"where_sum_s", s.where_sum()},
          {"bytes", std::move(bytes)}};
}

Json links_json(const sim::StepResult& r) {
  Json out = Json::array();
  for (const auto& link : r.links) {
    out.push_back({{"link", link.link},
                   {"tier", sim::tier_name(link.tier, r.cluster)},
                   {"links", link.links},
                   {"achieved_bytes_per_s", link.capacity / double(link.links)},
                   {"bytes", link.bytes},
                   {"utilisation", link.bytes / link.capacity / r.run.step_time}});
    if (link.while_busy >= 0) out.back()["while_busy"] = link.while_busy;
  }
  return out;
}

/// Whose accelerators, cards and switches the links join; of the first part where there are several kinds of nodes.
Json network_json(const platforms::Cluster& c) {
  Json tiers = Json::array();
  for (const auto& tier : c.fabric.tiers)
    tiers.push_back(
        {{"tier", tier.name}, {"accelerators", tier.accelerators}, {"oversubscription", tier.oversubscription.value}});
  const auto& nics = c.node.nics;
  const double line_rate = nics.bandwidth.value.count() * double(nics.per_node) / double(c.node.accelerators);
  return {{"accelerators_per_node", c.node.accelerators},
          {"accelerators_per_domain", c.domain > 0 ? c.domain : c.node.accelerators},
          {"ranks_per_accelerator", c.accelerator.ranks_per_accelerator},
          {"nics",
           {{"per_node", nics.per_node},
            {"bandwidth_bytes_per_s", nics.bandwidth.value.count()},
            {"per_accelerator_bytes_per_s", line_rate},
            {"achieved_per_accelerator_bytes_per_s", line_rate * nics.efficiency.value}}},
          {"tiers", std::move(tiers)}};
}

Json band_json(const Band& b) {
  return {{"median", b.median}, {"p5", b.p5}, {"p95", b.p95}};
}
Json seeds_json(const Seeds& s) {
  return {{"n", s.n},
          {"first", s.first},
          {"step_time_s", band_json(s.step_time)},
          {"tokens_per_s_per_accelerator", band_json(s.tokens_per_s_per_accelerator)},
          {"tax", s.tax ? band_json(*s.tax) : Json(nullptr)}};
}

Json spread_json(const Spread& s) {
  return {{"low", s.low}, {"p5", s.p5}, {"median", s.median}, {"p95", s.p95}, {"high", s.high}};
}
Json bands_json(const HeadlineBands& b) {
  Json inputs = Json::array();
  for (const BandInput& i : b.inputs)
    inputs.push_back({{"input", i.name},
                      {"low", i.low},
                      {"value", i.value},
                      {"high", i.high},
                      {"evidence", i.evidence},
                      {"source", i.source},
                      {"step_time_s", {{"at_low", i.step_low}, {"at_high", i.step_high}}},
                      {"tax", {{"at_low", i.tax_low}, {"at_high", i.tax_high}}}});
  return {{"samples", b.n},
          {"seed", b.seed},
          {"step_time_s", spread_json(b.step_s)},
          {"tokens_per_s_per_accelerator", spread_json(b.tokens_per_s_per_accelerator)},
          {"mfu_causal", spread_json(b.mfu_causal)},
          {"effective_flops_per_s", spread_json(b.effective_flops)},
          {"tax", spread_json(b.tax)},
          {"do_not_fit", b.do_not_fit},
          {"inputs", std::move(inputs)},
          {"figures", b.figures},
          {"assumed_without_band", b.assumed}};
}

Json run_object(const Summary& s) {
  const auto& r = s.result;
  Json out{{"scenario", r.scenario.name},
           {"cluster", r.cluster.name},
           {"accelerator", r.cluster.chip_names()},
           {"accelerators", r.cluster.accelerators},
           {"ranks", r.cluster.ranks()},
           {"model", r.scenario.model.name},
           {"training",
            {{"global_batch", r.scenario.training.global_batch},
             {"sequence", r.scenario.training.sequence},
             {"precision", enum_name(r.scenario.training.precision)}}},
           {"plan", plan_json(r)},
           {"stack", r.scenario.stack.name},
           {"seed", r.seed},
           {"step_time_s", r.run.step_time},
           {"tokens_per_s_per_accelerator", s.tokens_per_s_per_accelerator},
           {"mfu", {{"causal", s.mfu_causal}, {"full", s.mfu_full}, {"bf16_peak", s.mfu_bf16_peak}}},
           {"hfu", s.hfu},
           {"effective_flops_per_s", s.effective_flops},
           {"accelerators_per_effective_eflops", s.accelerators_per_effective_eflops},
           {"where", where_json(s)},
           {"communicating_s", s.where.communicating},
           {"tax", tax_json(s)},
           {"memory", memory_json(r)},
           {"classes",
            {{"ranks", r.cluster.ranks()},
             {"rank_classes", r.folded.ranks.size()},
             {"group_classes", r.folded.communicators.size()},
             {"link_classes", r.link_classes},
             {"activities", r.run.activities}}},
           {"network", network_json(r.cluster)},
           {"links", links_json(r)},
           {"check", check_json(s)},
           {"caveats", caveats(r)},
           {"evidence_summary", evidence_sentence(r.scenario, r.cluster)},
           {"evidence", Json::parse(evidence_json(s.evidence))},
           {"inputs_hash", s.hash},
           {"version", WEFT_VERSION}};
  if (s.path) {
    out["critical_path"] = path_json(*s.path, r.run.step_time);
    out["explanation"] = explained(s);
  }
  if (s.seeds) out["seeds"] = seeds_json(*s.seeds);
  if (s.power) out["power"] = Json::parse(power_json(*s.power));
  if (s.bands) out["band"] = bands_json(*s.bands);
  return out;
}

/// A document's value; plain integers, numbers and truth values as such, everything else as text.
Json value_json(const Value& value) {
  switch (value.kind) {
  case Value::Kind::null: return nullptr;
  case Value::Kind::map: {
    Json out = Json::object();
    for (const Member& member : value.members)
      out[member.key] = value_json(member.value);
    return out;
  }
  case Value::Kind::sequence: {
    Json out = Json::array();
    for (const Value& item : value.items)
      out.push_back(value_json(item));
    return out;
  }
  case Value::Kind::scalar: break;
  }
  std::int64_t integer = 0;
  double number = 0;
  bool truth = false;
  if (read_value(value, integer)) return integer;
  if (read_value(value, number)) return number;
  if (read_value(value, truth)) return truth;
  return value.scalar;
}

} // namespace

std::string evidence_json(const std::vector<EvidenceLine>& lines) {
  Json out = Json::array();
  for (const auto& line : lines) {
    Json item{{"figure", line.figure}, {"value", line.value}, {"evidence", line.evidence}, {"source", line.source}};
    if (!line.low.empty()) item["low"] = line.low;
    if (!line.high.empty()) item["high"] = line.high;
    if (!line.note.empty()) item["note"] = line.note;
    out.push_back(std::move(item));
  }
  return out.dump();
}

std::string run_json(const Summary& summary) {
  return run_object(summary).dump(2) + "\n";
}

std::string compare_json(const std::vector<Summary>& summaries) {
  Json scenarios = Json::array();
  for (const auto& s : summaries)
    scenarios.push_back(run_object(s));
  return Json{{"scenarios", std::move(scenarios)}, {"version", WEFT_VERSION}}.dump(2) + "\n";
}

std::string catalog_json(const std::vector<CatalogLine>& lines) {
  Json out = Json::array();
  for (const auto& line : lines)
    out.push_back({{"name", line.name}, {"kind", line.kind}, {"about", line.about}, {"entry", value_json(line.entry)}});
  return out.dump(2) + "\n";
}

} // namespace weft::analysis
