#pragma once
// What nccl-tests prints, as measurements: in the layout of 2019 (no root, `error` for `#wrong`) and in those since, up
// to 2.19 (NVIDIA/nccl-tests, src/util.cu; RCCL's fork is alike). Comment lines begin with #, a run has one table whose
// columns the header names, out-of-place before in-place. Prefixes of launchers (`[1,0]<stdout>:`, `0: `) are taken
// off.

#include "platforms/base/diagnostic.hpp"
#include "workloads/layer.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weft::analysis {

/// One size of one table.
struct MeasuredCollective {
  workloads::CollectiveOp op{};
  std::int64_t ranks = 0;
  double bytes = 0;   ///< whole buffer, nccl-tests' convention
  double seconds = 0; ///< out of place
};

struct CollectiveLog {
  std::vector<MeasuredCollective> rows; ///< of the four operations that a step has inside a domain
  std::vector<std::string> notes;       ///< what was left out and why
};

/// The tables of one log. Fails, at the line, where ranks or operation of a table cannot be told, where it ran on
/// several hosts (`one_domain`: they share one scale-up domain), where processes did not know each other, and where a
/// figure is no positive number or contradicts the ranks. Rows that other output tore apart are left out and counted.
Result<CollectiveLog> read_collective_log(const std::string& path, bool one_domain);

} // namespace weft::analysis
