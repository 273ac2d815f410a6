#pragma once
// Names of a plan's choices, for reading and printing.

#include "platforms/base/fields.hpp"
#include "workloads/plan.hpp"

namespace weft {

template <> struct EnumNames<workloads::Schedule> {
  static constexpr std::array<std::pair<std::string_view, workloads::Schedule>, 2> values{
      {{"1f1b", workloads::Schedule::one_f_one_b}, {"interleaved-1f1b", workloads::Schedule::interleaved}}};
};
template <> struct EnumNames<workloads::Recompute> {
  static constexpr std::array<std::pair<std::string_view, workloads::Recompute>, 4> values{
      {{"none", workloads::Recompute::none},
       {"selective", workloads::Recompute::selective},
       {"full", workloads::Recompute::full},
       {"auto", workloads::Recompute::automatic}}};
};
template <> struct EnumNames<workloads::Dimension> {
  static constexpr std::array<std::pair<std::string_view, workloads::Dimension>, 5> values{
      {{"tp", workloads::Dimension::tp},
       {"cp", workloads::Dimension::cp},
       {"ep", workloads::Dimension::ep},
       {"dp", workloads::Dimension::dp},
       {"pp", workloads::Dimension::pp}}};
};
template <> struct EnumNames<workloads::StageSplit> {
  static constexpr std::array<std::pair<std::string_view, workloads::StageSplit>, 3> values{
      {{"auto", workloads::StageSplit::automatic},
       {"layers", workloads::StageSplit::layers},
       {"embedding-and-head", workloads::StageSplit::embedding_and_head}}};
};

} // namespace weft
