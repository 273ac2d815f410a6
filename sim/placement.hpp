#pragma once
// Which ranks form which communicator, and which links its traffic loads.

#include "platforms/topology.hpp"
#include "sim/algorithm.hpp"
#include "sim/choice.hpp"
#include "sim/ledger_entry.hpp"
#include "sim/symmetry.hpp"
#include "sim/tier.hpp"
#include "workloads/layer.hpp"
#include "workloads/scenario.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace weft::sim {

/// What a rank is in a communicator. A p2p channel has a sending and a receiving role.
enum class Role : std::uint8_t {
  tp,
  cp,
  ep,        ///< the ranks between which a layer's experts are dealt
  dp,        ///< the ranks that hold the same dense weights (dp × cp)
  shard,     ///< hybrid sharding: those among which ZeRO shards
  replica,   ///< hybrid sharding: those that hold the same shard
  expert_dp, ///< the ranks that hold the same experts
  next_send, ///< to the next stage: activations; in vee and bidirectional schedules gradients of the other chunk too
  next_receive,
  previous_send, ///< to the previous stage
  previous_receive,
  embedding, ///< first and last virtual stage, tied weights
  mirror,    ///< dualpipe: the two stages that hold copies of each other's weights
  world,     ///< everybody
  asked      ///< of a collective that is asked for by itself; the ones after it belong to further ones at once
};
inline constexpr std::size_t most_asked = 8;
inline constexpr std::size_t role_count = 14 + most_asked;
constexpr Role asked_role(std::size_t which) {
  return Role(std::size_t(Role::asked) + which);
}
constexpr std::size_t index(Role r) {
  return std::size_t(r);
}
constexpr bool is_channel(Role r) {
  return r == Role::next_send || r == Role::previous_send;
}
/// The receiving role of a channel.
constexpr Role receiver_of(Role sender) {
  return sender == Role::next_send ? Role::next_receive : Role::previous_receive;
}
constexpr Role role_of(workloads::LayerGroup g) {
  return g == workloads::LayerGroup::cp ? Role::cp : g == workloads::LayerGroup::ep ? Role::ep : Role::tp;
}

/// A set of roles, as bits.
using RoleSet = std::uint32_t;
constexpr RoleSet bit(Role r) {
  return RoleSet{1} << index(r);
}
inline constexpr RoleSet layer_roles = bit(Role::tp) | bit(Role::cp) | bit(Role::ep);

/// One link's share of a communicator's traffic: flows of unit size on it.
struct LinkUse {
  std::uint32_t link = 0;  ///< index into Placement::links, later of a link class
  std::int64_t weight = 0; ///< on all links together for which this one stands
  std::int64_t begins = 0; ///< of it, flows for which it is the first link: a message may cross several ranks' ports
};

/// Ranks, their communicators and the links these use, as flat arrays. Under a symmetry just those that stand for
/// others are here, with how many they stand for; without one, everything is.
/// A unit of progress is one byte through each concurrent flow; `split` flows share what one ring would carry,
/// so a ring that moves B bytes over each of its edges is B/split units (see ring()).
struct Placement {
  struct Cell {
    std::int64_t rank = 0;
    std::int64_t count = 1;
    std::int32_t stage = 0;
    std::int32_t part = 0; ///< of the cluster: what chip it is
    std::int32_t kind = 0; ///< what it pays for compute: by part, and there by how many tokens its experts get
    std::array<std::int32_t, role_count> communicator{}; ///< by role, -1 = none
  };
  struct PlacedLink {
    platforms::LinkId id = 0;
    std::int64_t count = 1; ///< 0 for links that can never limit, however many they are
    std::uint8_t tier = 0;  ///< tier_of() it
  };
  /// The links that one algorithm's traffic takes.
  struct Pattern {
    Algorithm algorithm = Algorithm::ring;
    std::int32_t split = 1;
    /// Pieces of one flow that follow each other: beside others it counts as weight/parts flows. A power of two, so
    /// that folding sums the same bits.
    std::int32_t parts = 1;
    double cross_share = 1; ///< exchanges: bytes that cross domains over those of a plain one
    double most = 1;        ///< exchanges: what the busiest member gets over the mean
    bool back = false;      ///< exchanges that are uneven: from that member instead of to it
    std::int64_t first_use = 0, use_count = 0;
    TierSet tiers = 0; ///< of its links that can limit
  };
  struct Communicator {
    Role role{}; ///< the sender's role for a p2p channel
    Span span;
    std::int64_t count = 1;
    bool spans_units = false;      ///< it has members in every unit of the symmetry
    std::vector<Pattern> patterns; ///< which one a message takes: CollectivePricer::pattern_of; none: no links
    std::int64_t first_member = 0, member_count = 0;
    /// Tiers that a message of that pattern waits for: of links that can limit it, and of its hops. A tier that has at
    /// least the capacity of all that feeds it is as wide as what feeds it, not one more to wait for.
    [[nodiscard]] TierSet tiers(std::size_t pattern) const {
      const bool hops_inside = patterns.empty() && span.ranks > span.domains; // a scalar's, which loads no link
      return (patterns.empty() ? 0 : patterns[pattern].tiers) | tier_bit(span.domains > 1 ? card_tier : scale_up_tier) |
             (hops_inside ? tier_bit(scale_up_tier) : 0) | (span.sites > 1 ? tier_bit(site_tier) : 0);
    }
  };
  Symmetry symmetry;
  std::vector<Cell> cells;
  std::vector<PlacedLink> links;
  std::vector<Communicator> communicators;
  std::vector<std::int32_t> members; ///< cells, each once; of a channel the sender and the receiver
  std::vector<LinkUse> uses;
  /// Roles whose links carry only each other's traffic, one communicator of a role at a link: a rank's layers run
  /// them one after the other, so they never meet and may be closed forms inside the compute ops.
  RoleSet isolated = 0;

  [[nodiscard]] std::span<const std::int32_t> members_of(const Communicator& c) const {
    return {members.data() + c.first_member, std::size_t(c.member_count)};
  }
  [[nodiscard]] std::span<const LinkUse> uses_of(const Pattern& p) const {
    return {uses.data() + p.first_use, std::size_t(p.use_count)};
  }
  /// Flows that one communicator puts on one of the links; 0 where that can never limit.
  [[nodiscard]] std::int64_t own_weight(const Communicator& c, const LinkUse& use) const {
    const std::int64_t count = links[use.link].count;
    return count == 0 ? 0 : c.spans_units ? use.weight / count : use.weight;
  }
  /// Flows that all the communicators put on one of the links. Exact: all links that one stands for are alike.
  [[nodiscard]] std::int64_t weight(const Communicator& c, const LinkUse& use) const {
    const std::int64_t count = links[use.link].count;
    return count == 0 ? 0 : c.count * use.weight / count;
  }
};

/// By role: what its communicators will be asked for. They load the links of the algorithms that this takes.
using Calls = std::array<std::vector<Call>, role_count>;

/// Builds every communicator that the scenario's plan needs; `seed` deals hashed routes. Falls back to no symmetry
/// where a communicator lies unevenly over the units of `symmetry`, or takes an algorithm that has none.
Placement place(const workloads::Scenario& scenario, const platforms::Topology& topology, const Choice& choice,
                const Calls& calls, const Symmetry& symmetry, std::uint64_t seed = 0);

} // namespace weft::sim
