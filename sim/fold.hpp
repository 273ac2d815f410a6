#pragma once
// Symmetric ranks, communicators and links become classes: the coarsest equitable partition of the coloured
// graph rank –(role)→ communicator –(weight)→ link. One member of each class is simulated; the rest behave alike.

#include "sim/placement.hpp"

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace weft::sim {

/// Start colours: whatever makes two things different before any neighbour is looked at.
struct StartColours {
  std::vector<std::uint64_t> rank;         ///< program, chip, load of its experts, speed
  std::vector<std::uint64_t> communicator; ///< role, latency terms
  std::vector<std::uint64_t> link;         ///< capacity, kind; only links that may bind are looked at
};

/// One colour out of several properties, their order included.
std::uint64_t colour_of(std::initializer_list<std::uint64_t> properties);

/// The quotient. Weights on a link class are summed over all communicators of a class that cross one such link.
struct Folded {
  struct RankClass {
    std::int32_t representative = 0; ///< cell of the placement
    std::int64_t count = 0;          ///< ranks
    std::int32_t stage = 0;
    std::int32_t part = 0;                               ///< of the cluster
    std::int32_t kind = 0;                               ///< see Placement::Cell
    std::array<std::int32_t, role_count> communicator{}; ///< class by role, -1 = none
  };
  /// Of one of a communicator's patterns.
  struct Path {
    std::vector<LinkUse> uses; ///< link = link class; weight on one of them
    std::int32_t parts = 1;    ///< the pattern's
    double unit_seconds = 0;   ///< s per unit of progress on the slowest link, where no solver link is among them
  };
  struct CommunicatorClass {
    std::int32_t representative = 0; ///< of the placement
    std::int64_t count = 0;
    std::vector<std::int32_t> members; ///< rank classes, each once, ascending
    std::vector<Path> paths;           ///< by pattern
    bool wan = false;                  ///< it spans sites: its dimension is wan, whatever it carries
    [[nodiscard]] Dim dim(Dim message) const { return wan ? Dim::wan : message; }
  };
  struct LinkClass {
    platforms::LinkId representative = 0;
    std::int64_t count = 0;
    double bytes_per_second = 0;                               ///< achieved
    bool solved = false;                                       ///< enters the solver
    std::uint8_t tier = 0;                                     ///< the same of all of them
    std::vector<std::pair<std::int32_t, std::int64_t>> groups; ///< of the topology, and how many links of each
  };
  std::vector<RankClass> ranks;
  std::vector<CommunicatorClass> communicators;
  std::vector<LinkClass> links;
  std::vector<std::int32_t> rank_class; ///< of every cell of the placement
  Symmetry symmetry;
  [[nodiscard]] std::int32_t class_of(std::int64_t rank) const {
    return rank_class[std::size_t(symmetry.cell_of(symmetry.canonical(rank)))];
  }
  /// Weight that a pattern of all communicators of a class puts on all links of a hardware group together, links that
  /// cannot bind included: bytes carried = weight × bytes per unit flow.
  struct Load {
    std::int32_t communicator, pattern, group;
    double weight;
    double begins; ///< of it, flows that leave their sender there
  };
  std::vector<Load> loads;
};

/// Start colours, capacities and groups are given by cell, communicator and link of the placement.
struct FoldInput {
  StartColours start;
  std::vector<bool> solver_link;   ///< may bind, and carries more than fused communicators
  std::vector<double> capacity;    ///< achieved bytes/s
  std::vector<std::int32_t> group; ///< of a link among the topology's, for Folded::loads
};

/// The most parts of any path: times this, every weight is whole.
std::int32_t most_parts(const Folded& folded);

/// Refines to the coarsest equitable partition, or with `identity` keeps every member a class of its own
/// (`--no-fold`).
Folded fold(const Placement& placement, const FoldInput& input, bool identity);

} // namespace weft::sim
