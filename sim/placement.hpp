#pragma once
// Which ranks form which communicator, and which links its traffic loads.

#include "platforms/topology.hpp"
#include "sim/ledger_entry.hpp"
#include "workloads/plan.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace weft::sim {

/// What a rank is in a communicator. A p2p channel has a sending and a receiving role.
enum class Role : std::uint8_t {
  tp,
  dp,
  forward_send, ///< activations to the next virtual stage
  forward_receive,
  backward_send, ///< gradients to the previous one
  backward_receive,
  embedding, ///< first and last stage, tied weights
  world      ///< everybody
};
inline constexpr std::size_t role_count = 8;

/// How a communicator's ranks lie: what latency formulas need.
struct Span {
  std::int64_t ranks = 0;
  std::int64_t domains = 0; ///< scale-up domains it touches
};

/// One link's share of a communicator's traffic: flows of unit size on it.
struct LinkUse {
  platforms::LinkId link = 0;
  std::int32_t weight = 0;
};

/// All ranks' communicators and their link usage, as flat arrays.
/// A unit of progress is one byte through each concurrent flow; `split` flows share what one ring would carry,
/// so a ring that moves B bytes over each of its edges is B/split units (see ring()).
struct Placement {
  struct Communicator {
    Role role{}; ///< the sender's role for a p2p channel
    Span span;
    std::int32_t split = 1;
    std::int32_t first_member = 0, member_count = 0;
    std::int32_t first_use = 0, use_count = 0;
  };
  std::int64_t ranks = 0;
  std::vector<Communicator> communicators;
  std::vector<std::int32_t> members;
  std::vector<LinkUse> uses;
  std::vector<std::array<std::int32_t, role_count>> of_rank; ///< communicator by role, -1 = none
  std::vector<std::int32_t> stage;                           ///< pipeline stage of a rank
  bool tp_isolated = false; ///< no link of any tp communicator carries anything else: tp may be a closed form

  [[nodiscard]] std::span<const std::int32_t> members_of(const Communicator& c) const {
    return {members.data() + c.first_member, std::size_t(c.member_count)};
  }
  [[nodiscard]] std::span<const LinkUse> uses_of(const Communicator& c) const {
    return {uses.data() + c.first_use, std::size_t(c.use_count)};
  }
};

/// Builds every communicator that the plan needs. `tied_embeddings` adds the first-and-last-stage pair.
Placement place(const workloads::Plan& plan, const platforms::Topology& topology, platforms::ScaleUpKind scale_up,
                bool tied_embeddings);

} // namespace weft::sim
