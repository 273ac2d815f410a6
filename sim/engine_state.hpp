#pragma once
// What the engine keeps of every rank class and communicator class. A step of many classes goes from one to another at
// every event and waits for their memory: what an event needs of a class lies together, and is small.

#include "sim/engine.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace weft::sim {

class EngineState {
public:
  EngineState(const EngineState&) = delete;
  EngineState& operator=(const EngineState&) = delete;

protected:
  struct Rank {
    const StageProgram* program = nullptr;
    std::uint16_t* waits = nullptr;             ///< by op
    const std::int32_t* communicator = nullptr; ///< class by role
    double end = 0;                             ///< of its last op so far
    std::int32_t cell = -1;
    double host = 0;         ///< date at which the host has issued what the rank has begun to compute
    std::int32_t beside = 0; ///< collectives in progress that take cores from its compute
  };
  struct Exchange {
    const Folded::CommunicatorClass* folded = nullptr;
    MessageSpan* spans = nullptr; ///< by tag
    Role role{};
    std::int32_t route = -1;                 ///< of the network, for `price`; -1: it is alone on all its links
    std::int32_t sender = -1, receiver = -1; ///< rank classes of a channel
    std::int32_t priced = -1;                ///< message that `price` is for
    Transfer price;
    double unit_seconds = 0;                               ///< where it is alone
    std::vector<std::int32_t> routes;                      ///< by pattern
    std::vector<std::pair<std::int32_t, Transfer>> prices; ///< of its few kinds of messages
    std::vector<std::int32_t> slowing;                     ///< tags of messages in progress that take cores
    std::vector<std::int32_t> arrived;                     ///< members, by tag; not of channels
  };
  struct Member {
    std::int32_t rank_class = 0;
    double free = 0, beside = 0; ///< seconds of the running op alone, and all of it beside communication
    double slowed = 0;
    bool is_beside = false; ///< since the cell last settled
  };
  /// Ranks that compute in lockstep: a fused tp group, or one rank.
  struct Cell {
    std::vector<Member> members;
    std::vector<std::int32_t> arrived;                      ///< by op, where there are several members
    std::int32_t op = -1;                                   ///< running
    double begin = 0, since = 0, progress = 0, seconds = 0; ///< seconds = for the whole op at the present pace
    double issued = 0, computed = 0; ///< dates: the host of the slowest member has issued the op; it is computed
    void* timer = nullptr;
  };

  explicit EngineState(const EngineInput& in);
  ~EngineState() = default;
  [[nodiscard]] Rank& rank(std::int32_t rc) { return ranks_[std::size_t(rc)]; }

  const EngineInput& in_;
  EngineRun run_;
  std::vector<Rank> ranks_;         ///< by class
  std::vector<Exchange> exchanges_; ///< by communicator class
  std::vector<Cell> cells_;
  std::vector<double> gathered_; ///< by rank class: end of its gathers
  std::int64_t unfinished_ = 0;  ///< ops

private:
  void make_ranks();
  void make_cells();
  void make_exchanges();

  std::vector<std::uint16_t> waits_; ///< by rank class, by op: what must still end before it
};

} // namespace weft::sim
