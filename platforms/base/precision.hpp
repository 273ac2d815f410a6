#pragma once
// Number formats of kernels, states and messages.

namespace weft {

enum class Precision { fp32, tf32, fp16, bf16, fp8, mxfp8, fp4, nvfp4 };

/// Bytes of one element (tf32 is stored as fp32; fp4 is half a byte; block scales of mxfp8 and nvfp4 left out).
constexpr double bytes_per_element(Precision p) {
  switch (p) {
  case Precision::fp32:
  case Precision::tf32: return 4;
  case Precision::fp16:
  case Precision::bf16: return 2;
  case Precision::fp8:
  case Precision::mxfp8: return 1;
  case Precision::fp4:
  case Precision::nvfp4: return 0.5;
  }
  return 0;
}

} // namespace weft
