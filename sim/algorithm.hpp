#pragma once
// The algorithms of collectives by name, and which operations each one runs.

#include "workloads/layer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::sim {

enum class Algorithm : std::uint8_t {
  automatic,
  ring,
  in_network,       ///< switches of one scale-up domain reduce (NVLS)
  switch_tree,      ///< the same in every domain, a double binary tree between them (NVLSTree)
  fabric_reduction, ///< the same in every domain and in the fabric between them (SHARP)
  mesh,
  tree,             ///< double binary tree between domains, chains inside them
  halving_doubling, ///< recursive; between domains, with rings or meshes inside them before and after
  nhr,              ///< nonuniform hierarchical ring; likewise
  hierarchical,     ///< inside domains, then along rails with a ring or an exchange
  pipeline,         ///< both at once, piece by piece
  send,
  all_to_all, ///< every pair at once
  pairwise    ///< one partner after the other
};

/// One row per algorithm that can be asked for.
struct AlgorithmRow {
  Algorithm id{};
  std::string_view name;
  std::vector<workloads::CollectiveOp> ops;
  std::string_view about;
};
const std::vector<AlgorithmRow>& algorithm_table();

std::string_view algorithm_name(Algorithm algorithm);
std::optional<Algorithm> algorithm_named(std::string_view name);

std::string_view op_name(workloads::CollectiveOp op);
std::optional<workloads::CollectiveOp> op_named(std::string_view name);
/// Names, for messages and help.
std::vector<std::string> algorithm_names();
std::vector<std::string> op_names();

} // namespace weft::sim
