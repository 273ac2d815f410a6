#pragma once
// Names of a plan's choices, for reading and printing.

#include "platforms/base/fields.hpp"
#include "workloads/plan.hpp"

namespace weft {

template <> struct EnumNames<workloads::Optimizer> {
  static constexpr std::array<std::pair<std::string_view, workloads::Optimizer>, 3> values{
      {{"adam", workloads::Optimizer::adam},
       {"adam-bf16", workloads::Optimizer::adam_bf16},
       {"muon", workloads::Optimizer::muon}}};
};
template <> struct EnumNames<workloads::Schedule> {
  static constexpr std::array<std::pair<std::string_view, workloads::Schedule>, 11> values{
      {{"1f1b", workloads::Schedule::one_f_one_b},
       {"interleaved-1f1b", workloads::Schedule::interleaved},
       {"gpipe", workloads::Schedule::gpipe},
       {"zb-h1", workloads::Schedule::zb_h1},
       {"zb-1p", workloads::Schedule::zb_1p},
       {"zb-2p", workloads::Schedule::zb_2p},
       {"zb-v", workloads::Schedule::zb_v},
       {"v-half", workloads::Schedule::v_half},
       {"v-min", workloads::Schedule::v_min},
       {"dualpipe", workloads::Schedule::dualpipe},
       {"async-1f1b", workloads::Schedule::async}}};
};
template <> struct EnumNames<workloads::Recompute> {
  static constexpr std::array<std::pair<std::string_view, workloads::Recompute>, 4> values{
      {{"none", workloads::Recompute::none},
       {"selective", workloads::Recompute::selective},
       {"full", workloads::Recompute::full},
       {"auto", workloads::Recompute::automatic}}};
};
template <> struct EnumNames<workloads::RecomputePart> {
  static constexpr std::array<std::pair<std::string_view, workloads::RecomputePart>, 7> values{
      {{"core-attention", workloads::RecomputePart::core_attention},
       {"norms", workloads::RecomputePart::norms},
       {"activation", workloads::RecomputePart::activation},
       {"latent-up", workloads::RecomputePart::latent_up},
       {"mlp", workloads::RecomputePart::mlp},
       {"experts", workloads::RecomputePart::experts},
       {"every-second-matmul", workloads::RecomputePart::every_second_matmul}}};
};
template <> struct EnumNames<workloads::ContextAlgorithm> {
  static constexpr std::array<std::pair<std::string_view, workloads::ContextAlgorithm>, 3> values{
      {{"ring", workloads::ContextAlgorithm::ring},
       {"all-gather", workloads::ContextAlgorithm::all_gather},
       {"all-to-all", workloads::ContextAlgorithm::all_to_all}}};
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
