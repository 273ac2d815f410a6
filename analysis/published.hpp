#pragma once
// Published training runs: what a file of them says, and the scenarios that a run could be.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/shape.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

struct PublishedRun {
  std::string id, group, grade;
  std::optional<double> seconds; ///< measured step, or measured layer
  bool one_layer = false;        ///< the source timed forward and backward of one layer, without optimizer
  Value row;
};

/// Runs of files and folders (every .yaml in them that has `runs`), in order. A file may be as large as 64 MiB.
Result<std::vector<PublishedRun>> read_published(const std::vector<std::string>& paths);
/// Where the project's own runs lie.
std::string own_runs();
/// What files of published runs take. Runs may say more than is read: notes, other measurements.
Shape published_shape();

/// One way to fill what a run leaves open.
struct Candidate {
  std::string choices;  ///< "microbatch 2, recompute full"; empty when the run says all
  std::string scenario; ///< YAML for `weft run`
  std::string deeper;   ///< of a run that timed one layer: the same with one more
};
/// All candidates, or why the run cannot be simulated. What a scan tries stands in analysis/unknown_fields.yaml.
/// Candidates are not yet checked for legality.
Result<std::vector<Candidate>> candidates(const PublishedRun& run, const Value& unknown_fields);
Result<Value> unknown_fields();

} // namespace weft::analysis
