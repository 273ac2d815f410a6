#include "analysis/load.hpp"

#include "platforms/catalog.hpp"

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weft::analysis {

Result<Loaded> load_scenario(const std::string& name, const std::vector<std::string>& sets) {
  const bool file = name.find('/') != std::string::npos || platforms::names_a_file(name);
  auto tree = file ? read_document(name) : platforms::load_entry("scenarios", name, {});
  if (!tree) return tl::unexpected(tree.error());
  return load_scenario(std::move(*tree), sets, name);
}

Result<Loaded> load_scenario(Value tree, const std::vector<std::string>& sets, const std::string& name) {
  for (const std::string& set : sets)
    if (auto ok = set_path(tree, set); !ok) return tl::unexpected(ok.error());
  auto scenario = workloads::read_scenario(tree, platforms::resolve_entry);
  if (!scenario) return tl::unexpected(scenario.error());
  if (scenario->name.empty()) scenario->name = name;
  auto cluster = platforms::read_cluster(scenario->cluster);
  if (!cluster) return tl::unexpected(cluster.error());
  const std::string inputs = scenario->canonical + cluster->canonical + std::to_string(cluster->accelerators);
  const XXH128_hash_t hash = XXH3_128bits(inputs.data(), inputs.size());
  return Loaded{std::move(*scenario), std::move(*cluster), fmt::format("{:016x}{:016x}", hash.high64, hash.low64)};
}

} // namespace weft::analysis
