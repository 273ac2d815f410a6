#pragma once
// How communicators get into a placement: those inside a unit of the symmetry are built once a run, in its first
// unit; those that span units once.

#include "sim/collectives/patterns.hpp"

namespace weft::sim {

class Communicators {
public:
  using Members = std::vector<std::int32_t>; ///< ranks

  /// Gives every rank that stands for others its cell. `seed` deals hashed routes.
  Communicators(const platforms::Topology& topology, const Symmetry& symmetry, std::uint64_t seed);
  Communicators(const Communicators&) = delete;
  Communicators& operator=(const Communicators&) = delete;

protected:
  ~Communicators() = default;
  /// A communicator inside the unit `run_.first`, for collectives on its ring or mesh.
  void add(Role role, Members members, Algorithm algorithm = Algorithm::automatic);
  /// The same for exchanges of everybody with everybody; `cross_share`: LinkLoader::all_to_all.
  void exchange(Role role, Members members, double cross_share = 1, Algorithm algorithm = Algorithm::automatic);
  /// A communicator of the ranks at the same places of all units; `members` are those of the first one. Sets
  /// `uneven_` where they lie unevenly over units.
  void spread(Role role, Members members, Algorithm algorithm = Algorithm::automatic);
  void spread_exchange(Role role, Members members, Algorithm algorithm = Algorithm::automatic);
  void channel(Role sender, std::int32_t from, std::int32_t to);
  /// Everybody, without links.
  void world();

  const Symmetry& symmetry_;
  Placement placement_;
  LinkLoader loader_;
  Symmetry::Run run_;
  bool uneven_ = false;

private:
  Placement::Communicator open(Role role);
  Placement::Communicator open_inside(Role role, Members& members);
  Placement::Communicator open_across(Role role, Members& members);
  /// Of the cluster, in which all of them are; -1: in several.
  [[nodiscard]] std::int32_t part_of(const Members& members) const;
  void join(const Members& members, std::int64_t unit);
  void join_all(const Members& members);
  void close(Placement::Communicator c);
  Placement::Cell& cell(std::int64_t rank) { return placement_.cells[std::size_t(symmetry_.cell_of(rank))]; }
  UnitRings rings_;
};

} // namespace weft::sim
