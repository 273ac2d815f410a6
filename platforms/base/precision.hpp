#pragma once
// Number formats of kernels, states and messages.

namespace weft {

enum class Precision { fp32, tf32, fp16, bf16, fp8, fp4 };

/// Bytes of one element (tf32 is stored as fp32; fp4 is half a byte).
constexpr double bytes_per_element(Precision p) {
  switch (p) {
  case Precision::fp32:
  case Precision::tf32: return 4;
  case Precision::fp16:
  case Precision::bf16: return 2;
  case Precision::fp8: return 1;
  case Precision::fp4: return 0.5;
  }
  return 0;
}

} // namespace weft
