#pragma once
// Collectives by themselves, several at once: placed, folded and run like those of a step.

#include "platforms/cluster.hpp"
#include "sim/algorithm.hpp"
#include "sim/collective.hpp"
#include "sim/network.hpp"
#include "sim/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weft::sim {

/// Between whom: all ranks; those at one place of all scale-up domains, every place at once; those of one domain,
/// every domain at once.
enum class GroupKind : std::uint8_t { world, rails, domains };
inline constexpr std::string_view group_names[] = {"world", "rails", "domains"};

struct AskedCollective {
  workloads::CollectiveOp op{};
  Bytes size; ///< whole buffer, nccl-tests' convention
  GroupKind group = GroupKind::world;
  Algorithm algorithm = Algorithm::automatic;
};

/// The algorithm that it says, or that the cluster's library takes.
Algorithm chosen(const AskedCollective& asked, const platforms::Cluster& cluster, std::int64_t ranks);

/// What a collective is made of, one after the other, algorithms chosen: hierarchical ones run inside domains, along
/// rails, and inside domains again.
std::vector<AskedCollective> phases_of(const AskedCollective& asked, const platforms::Cluster& cluster,
                                       std::int64_t ranks);

struct CollectiveOutcome {
  Algorithm algorithm{}; ///< that ran
  Span span;             ///< of one group
  double time = 0;       ///< s, until the last group has ended
  double algbw = 0;      ///< bytes/s: size / time
  double busbw = 0;      ///< bytes/s: algbw × busbw factor of nccl-tests
};

struct CollectiveRun {
  double time = 0; ///< s, all of them
  std::int64_t activities = 0;
  std::int64_t rank_classes = 0, group_classes = 0, link_classes = 0;
  std::vector<CollectiveOutcome> collectives; ///< in the order they were asked for
  std::vector<LinkBytes> links;               ///< bytes that every kind of link carried
};

struct CollectiveOptions {
  bool fold = true;
  bool structural = true; ///< see Options
  std::int64_t seed = 0;  ///< of hashed routes
  Solver solver = Solver::fluid;
};

/// All of them begin at once on the first `ranks` ranks of the cluster. Fails on groups that do not exist there and
/// on algorithms that do not run the operation there.
Result<CollectiveRun> run_collectives(const platforms::Cluster& cluster, std::int64_t ranks,
                                      const std::vector<AskedCollective>& asked, const CollectiveOptions& options = {});

} // namespace weft::sim
