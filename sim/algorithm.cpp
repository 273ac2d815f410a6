#include "sim/algorithm.hpp"

#include <algorithm>

namespace weft::sim {

using workloads::CollectiveOp;

namespace {

struct OpRow {
  CollectiveOp id;
  std::string_view name;
};
constexpr OpRow ops[] = {{CollectiveOp::all_reduce, "all-reduce"},
                         {CollectiveOp::all_gather, "all-gather"},
                         {CollectiveOp::reduce_scatter, "reduce-scatter"},
                         {CollectiveOp::all_to_all, "all-to-all"}};

} // namespace

const std::vector<AlgorithmRow>& algorithm_table() {
  using enum CollectiveOp;
  static const std::vector<AlgorithmRow> table{
      {Algorithm::automatic, "auto", {all_reduce, all_gather, reduce_scatter, all_to_all}, "what the library runs"},
      {Algorithm::ring, "ring", {all_reduce, all_gather, reduce_scatter}, "one ring, its channels over all cards"},
      {Algorithm::in_network, "in-network", {all_reduce}, "switches reduce"},
      {Algorithm::switch_tree, "nvls-tree", {all_reduce}, "switches reduce in every domain, a tree between them"},
      {Algorithm::fabric_reduction, "sharp", {all_reduce}, "switches reduce, those between domains too"},
      {Algorithm::tree, "tree", {all_reduce}, "double binary tree between domains, chains inside"},
      {Algorithm::hierarchical,
       "hierarchical",
       {all_reduce, all_gather, reduce_scatter, all_to_all},
       "inside domains, then along rails"},
      {Algorithm::pipeline,
       "pipeline",
       {all_reduce, all_gather, reduce_scatter},
       "inside domains and along rails at once, piece by piece"},
      {Algorithm::halving_doubling,
       "halving-doubling",
       {all_reduce, all_gather, reduce_scatter},
       "the same, along rails by recursive halving"},
      {Algorithm::nhr, "nhr", {all_reduce, all_gather, reduce_scatter}, "the same, nonuniform hierarchical ring"},
      {Algorithm::mesh, "mesh", {all_reduce, all_gather, reduce_scatter}, "every pair on its direct link"},
      {Algorithm::all_to_all, "direct", {all_to_all}, "every pair at once"},
      {Algorithm::pairwise, "pairwise", {all_to_all}, "one partner after the other"},
  };
  return table;
}

std::string_view algorithm_name(Algorithm algorithm) {
  for (const AlgorithmRow& row : algorithm_table())
    if (row.id == algorithm) return row.name;
  return "send";
}

std::optional<Algorithm> algorithm_named(std::string_view name) {
  for (const AlgorithmRow& row : algorithm_table())
    if (row.name == name) return row.id;
  return std::nullopt;
}

std::string_view op_name(CollectiveOp op) {
  for (const OpRow& row : ops)
    if (row.id == op) return row.name;
  return op == CollectiveOp::broadcast ? "broadcast" : "send";
}

std::optional<CollectiveOp> op_named(std::string_view name) {
  for (const OpRow& row : ops)
    if (row.name == name) return row.id;
  return std::nullopt;
}

std::vector<std::string> algorithm_names() {
  std::vector<std::string> out;
  for (const AlgorithmRow& row : algorithm_table())
    out.emplace_back(row.name);
  return out;
}

std::vector<std::string> op_names() {
  std::vector<std::string> out;
  for (const OpRow& row : ops)
    out.emplace_back(row.name);
  return out;
}

} // namespace weft::sim
