#pragma once
// Names of a stack's choices, for reading and printing.

#include "platforms/base/fields.hpp"
#include "workloads/stack.hpp"

namespace weft {

template <> struct EnumNames<workloads::CudaGraph> {
  static constexpr std::array<std::pair<std::string_view, workloads::CudaGraph>, 3> values{
      {{"none", workloads::CudaGraph::none},
       {"partial", workloads::CudaGraph::partial},
       {"full", workloads::CudaGraph::full}}};
};
template <> struct EnumNames<workloads::GradientCopies> {
  static constexpr std::array<std::pair<std::string_view, workloads::GradientCopies>, 3> values{
      {{"none", workloads::GradientCopies::none},
       {"placeholders", workloads::GradientCopies::placeholders},
       {"all", workloads::GradientCopies::all}}};
};
template <> struct EnumNames<workloads::Dispatcher> {
  static constexpr std::array<std::pair<std::string_view, workloads::Dispatcher>, 2> values{
      {{"plain", workloads::Dispatcher::plain}, {"deduplicated", workloads::Dispatcher::deduplicated}}};
};

} // namespace weft
