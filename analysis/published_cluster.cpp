// A published run's system as a cluster (declared in published_row.hpp).
#include "analysis/published_row.hpp"

namespace weft::analysis {
namespace {

std::string nic_efficiency(const Value& unknown, bool ascend, const std::string& fabric, std::int64_t gbit) {
  const Value* found = ascend ? unknown.find("ascend_nic_efficiency") : nullptr;
  if (!found)
    for (const Value& item : unknown.find("nic_efficiency")->items)
      if (item.find("fabric")->scalar == fabric && item.find("gbit")->scalar == fmt::format("{}", gbit))
        found = item.find("efficiency");
  if (!found && fabric == "none") found = unknown.find("no_fabric");
  if (!found) found = unknown.find("other_nic_efficiency");
  return fmt::format("{{value: {}, source: {}, evidence: {}}}", found->find("value")->scalar,
                     quoted(found->find("source")->scalar), found->find("evidence")->scalar);
}

} // namespace

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text)
    if (c != '"' && c != '\\' && std::uint8_t(c) >= 32) out += c;
  return out + "\"";
}

std::string cluster_text(Row& r, const Value& unknown, std::int64_t chips) {
  const Value& catalogue = *r.run().row.find("system")->find("catalogue");
  auto text = [&](const char* key) {
    const Value* v = catalogue.find(key);
    if (!v || v->kind != Value::Kind::scalar) r.wrong("system", fmt::format("system.catalogue.{} is unknown", key));
    return v ? v->scalar : std::string();
  };
  auto count = [&](const char* key) {
    std::int64_t out = 0;
    const Value* v = catalogue.find(key);
    if (!v || !read_value(*v, out)) r.wrong("system", fmt::format("system.catalogue.{} is unknown", key));
    return out;
  };
  const std::int64_t per_node = std::max<std::int64_t>(1, r.needed("system", "per_node"));
  const std::int64_t domain = count("domain");
  const bool alone = chips <= domain; // nothing leaves the scale-up domain
  const std::int64_t nics = alone ? per_node : count("nics_per_node"), gbit = alone ? 0 : count("nic_gbit");
  const std::string accelerator = text("accelerator"), kind = text("scaleup");
  const std::string fabric = alone ? "none" : text("fabric");
  if (!alone && (gbit < 1 || fabric == "none"))
    r.wrong("system", fmt::format("{} chips in scale-up domains of {} need a fabric and its nic_gbit", chips, domain));
  if (r.error() || chips < 1 || domain < 1 || chips > 4'194'304) {
    r.wrong("system", "system.chips or system.catalogue.domain is not a usable number");
    return {};
  }
  // Schedulers spread a job evenly over scale-up domains: the largest share that divides it.
  std::int64_t used = std::min(domain, chips);
  while (chips % used != 0)
    --used;
  std::int64_t cards = std::max<std::int64_t>(1, nics * used / per_node);
  while (used % cards != 0 && cards % used != 0)
    --cards;
  const bool ascend = accelerator.starts_with("ascend");
  const std::string nccl = "\"NVIDIA/nccl@5067397 (2.30.7), src/graph/tuning.cc, Ring/Simple\", evidence: vendor";
  const std::string assumed = "\"no measurement; as the HCCS phase and NCCL's network hop\", evidence: assumed";
  const std::string why = ascend ? assumed : nccl;
  return fmt::format(
      "{{name: {0}, about: \"as the published run states it\", built: {{value: {1}, source: \"the run\", evidence: "
      "vendor}}, "
      "accelerators: {1}, node: {{name: {0}, accelerator: {2}, accelerators: {3}, scale_up: {4}, nics: {{per_node: "
      "{5}, "
      "bandwidth: {{value: {6} Gbit/s, source: \"the run\", evidence: vendor}}, efficiency: {7}}}}}, "
      "fabric: {{kind: clos, technology: {8}, tiers: [], latency: {{base: {{value: {9}, source: {10}}}, hop: {{value: "
      "14 us, "
      "source: {10}}}, point_to_point: {{value: 20 us, source: \"closed-form study of 570 published runs\", evidence: "
      "derived}}}}}}}}",
      quoted(r.run().id), chips, accelerator, used, kind == "pcie" ? "switched" : kind, cards,
      std::max<std::int64_t>(1, gbit), nic_efficiency(unknown, ascend, fabric, gbit), quoted(fabric),
      ascend ? "20 us" : "8.4 us", why);
}

} // namespace weft::analysis
