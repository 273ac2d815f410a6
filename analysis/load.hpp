#pragma once
// From what a person types (a scenario's file or catalog name, --set) to structs.

#include "platforms/base/diagnostic.hpp"
#include "platforms/cluster.hpp"
#include "workloads/scenario.hpp"

#include <string>
#include <vector>

namespace weft::analysis {

struct Loaded {
  workloads::Scenario scenario;
  platforms::Cluster cluster;
  std::string hash; ///< of the resolved inputs: equal content, equal hash
};

/// A name is a file when it ends in .yaml or contains a slash, else a catalog entry. `sets` are "path=value".
Result<Loaded> load_scenario(const std::string& name, const std::vector<std::string>& sets);
/// The same from a scenario's tree; `name` is for one that states none.
Result<Loaded> load_scenario(Value tree, const std::vector<std::string>& sets, const std::string& name);

} // namespace weft::analysis
