#pragma once
// Measured matmuls out of a CSV file: a header, then a shape and a time a row.

#include "platforms/base/diagnostic.hpp"
#include "platforms/base/precision.hpp"

#include <map>
#include <vector>

namespace weft::analysis {

/// C[m,n] = A[m,k]·B[k,n] on one rank.
struct MeasuredMatmul {
  double m = 0, n = 0, k = 0;
  double seconds = 0;
};
struct GemmTable {
  std::map<Precision, std::vector<MeasuredMatmul>> rows; ///< in the order of the file
  std::map<Precision, Mark> first;                       ///< where a precision occurs first
};

/// RFC 4180 with an optional byte-order mark and any line ends: columns m, n, k, time_us and optionally dtype (bf16
/// where it is absent or empty), by name, case aside, in any order, others ignored. Fails, at the cell, on what is no
/// positive number, on sizes that are not whole, on unknown precisions, and on rows of another length than the header.
Result<GemmTable> read_gemm_table(const std::string& path);

} // namespace weft::analysis
