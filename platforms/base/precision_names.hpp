#pragma once
#include "platforms/base/fields.hpp"
#include "platforms/base/precision.hpp"

namespace weft {

template <> struct EnumNames<Precision> {
  static constexpr std::array<std::pair<std::string_view, Precision>, 8> values{{{"fp32", Precision::fp32},
                                                                                 {"tf32", Precision::tf32},
                                                                                 {"fp16", Precision::fp16},
                                                                                 {"bf16", Precision::bf16},
                                                                                 {"fp8", Precision::fp8},
                                                                                 {"mxfp8", Precision::mxfp8},
                                                                                 {"fp4", Precision::fp4},
                                                                                 {"nvfp4", Precision::nvfp4}}};
};

} // namespace weft
