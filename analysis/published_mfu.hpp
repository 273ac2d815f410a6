#pragma once
// MFU of the published runs of a chip, as measured: what stands beside a claim about lost compute. Nothing is
// simulated.

#include "platforms/base/diagnostic.hpp"

#include <map>
#include <string>

namespace weft::analysis {

/// Of the measured whole steps of one chip and kind of model, causal attention, at the peak of the runs' precision.
struct PublishedMfu {
  std::size_t runs = 0;
  double p10 = 0, median = 0, p90 = 0;
};
/// By accelerator's catalog name, then experts or not. What a run leaves open (the median over its candidates) hardly
/// moves its model FLOP. Runs that cannot be read as a scenario are left out.
using PublishedMfus = std::map<std::pair<std::string, bool>, PublishedMfu>;
Result<PublishedMfus> published_mfu();

} // namespace weft::analysis
