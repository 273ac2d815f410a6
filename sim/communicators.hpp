#pragma once
// How communicators get into a placement: those inside a unit of the symmetry are built once a run, in its first
// unit; those that span units once.

#include "sim/collectives/patterns.hpp"

#include <optional>

namespace weft::sim {

class Communicators {
public:
  using Members = std::vector<std::int32_t>; ///< ranks

  /// Gives every rank that stands for others its cell. `seed` deals hashed routes; `calls` are kept by reference.
  Communicators(const platforms::Topology& topology, const Choice& choice, const Calls& calls, const Symmetry& symmetry,
                std::uint64_t seed);
  Communicators(const Communicators&) = delete;
  Communicators& operator=(const Communicators&) = delete;

protected:
  ~Communicators() = default;
  /// A communicator inside the unit `run_.first`, with the links of `only`, or of all that its calls take.
  void add(Role role, Members members, std::optional<Algorithm> only = {});
  /// The same for exchanges of everybody with everybody; where that is uneven, with links both ways.
  void exchange(Role role, Members members, LinkLoader::Exchange how = {}, std::optional<Algorithm> only = {});
  /// A communicator of the ranks at the same places of all units; `members` are those of the first one. Sets
  /// `uneven_` where they lie unevenly over units, and where no unit's links carry what another's do.
  void spread(Role role, Members members, std::optional<Algorithm> only = {});
  void spread_exchange(Role role, Members members, Algorithm algorithm);
  void channel(Role sender, std::int32_t from, std::int32_t to);
  /// Everybody, without links.
  void world();

  Placement::Cell& cell(std::int64_t rank) { return placement_.cells[std::size_t(symmetry_.cell_of(rank))]; }

  const Symmetry& symmetry_;
  Placement placement_;
  LinkLoader loader_;
  Symmetry::Run run_;
  bool uneven_ = false;

private:
  [[nodiscard]] std::vector<Algorithm> taken(const Placement::Communicator& c, std::optional<Algorithm> only) const;
  Placement::Communicator open(Role role);
  Placement::Communicator open_inside(Role role, Members& members);
  Placement::Communicator open_across(Role role, Members& members);
  [[nodiscard]] Placement::Pattern begin(Algorithm algorithm, const Span& span) const;
  void end(Placement::Communicator& c, Placement::Pattern pattern) const;
  void join(const Members& members, std::int64_t unit);
  void join_all(const Members& members);
  void close(Placement::Communicator c);
  const Choice& choice_;
  const Calls& calls_;
  UnitRings rings_;
  std::int32_t pieces_ = 1; ///< into which messages of the communicator at hand are cut
};

} // namespace weft::sim
