#pragma once
// What exists or is announced and cannot be simulated from the catalog: which fact is missing and where it was looked
// for, or what a description cannot say yet. The list is platforms/left_out.yaml; chips of the catalog that lack a
// needed figure (`unknown` in their file) are added to it.

#include "platforms/base/diagnostic.hpp"

#include <string>
#include <vector>

namespace weft::platforms {

struct MissingFact {
  std::string fact;   ///< "16-bit peak", or a path such as "scale_up.bandwidth"
  std::string looked; ///< where it was looked for
};

enum class LeftOutKind { accelerators, nodes, clusters };

struct LeftOut {
  LeftOutKind kind = LeftOutKind::clusters;
  std::string name;
  std::string about;
  std::string source;               ///< where what is known stands
  std::vector<MissingFact> missing; ///< what nobody published
  std::string needs;                ///< what a description cannot say yet: "mixed chips"; empty = nothing
  bool in_catalog = false;          ///< described there, but one of its figures is unknown
};

/// Those of the file in its order, then those of the catalog by name. An entry must miss a fact or need something.
Result<std::vector<LeftOut>> left_out();

} // namespace weft::platforms
