#pragma once
// What every input file may say, as JSON Schema (draft 2020-12), made from the field tables that read it: editors
// complete and check files with it (docs/describe-cluster.md).

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/shape.hpp"

#include <string>
#include <vector>

namespace weft::analysis {

struct InputKind {
  std::string name;    ///< "scenario", "accelerator", ...
  std::string about;   ///< where such files lie
  std::string catalog; ///< kind of catalog entry, "accelerators"; empty: files of their own
};
const std::vector<InputKind>& input_kinds();

/// The table that a kind of file is read by.
Result<Shape> input_shape(const std::string& kind);
/// The schema as JSON text. Names of the catalog as it is now are in it.
Result<std::string> input_schema(const std::string& kind);

} // namespace weft::analysis
