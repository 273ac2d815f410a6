#include "sim/communicators.hpp"

#include <algorithm>

namespace weft::sim {

Communicators::Communicators(const platforms::Topology& topology, const Symmetry& symmetry, std::uint64_t seed)
    : symmetry_(symmetry), loader_(topology, symmetry, placement_.links, seed), rings_(loader_) {
  placement_.symmetry = symmetry;
  for (const auto& run : symmetry.runs())
    for (std::int64_t stretch = 0; stretch < symmetry.stretches(); ++stretch)
      for (std::int64_t i = 0; i < symmetry.width(); ++i) {
        Placement::Cell cell;
        cell.rank = (stretch * symmetry.units() + run.first) * symmetry.width() + i;
        cell.count = run.count;
        cell.part = std::int32_t(topology.part_of(cell.rank));
        cell.communicator.fill(-1);
        placement_.cells.push_back(cell);
      }
  run_ = symmetry.runs().front();
}

void Communicators::add(Role role, Members members, Algorithm algorithm) {
  Placement::Communicator c = open_inside(role, members);
  c.algorithm = algorithm;
  c.split *= loader_.collective(members, placement_.uses, algorithm);
  join(members, 0);
  close(c);
}

void Communicators::exchange(Role role, Members members, double cross_share, Algorithm algorithm) {
  Placement::Communicator c = open_inside(role, members);
  c.all_to_all = true;
  c.algorithm = algorithm;
  c.cross_share = cross_share;
  loader_.all_to_all(members, cross_share, placement_.uses);
  join(members, 0);
  close(c);
}

void Communicators::spread(Role role, Members members, Algorithm algorithm) {
  if (symmetry_.units() == 1) return add(role, std::move(members), algorithm);
  Placement::Communicator c = open_across(role, members);
  c.algorithm = algorithm;
  const bool ring = algorithm == Algorithm::automatic || algorithm == Algorithm::ring;
  c.split = ring ? rings_.load(members) : 0; // no unit of a tree or of halvings is like another
  uneven_ = uneven_ || c.split == 0;
  loader_.flush(placement_.uses);
  join_all(members);
  close(c);
  // What is taken for alike carries alike, or nothing stands for anything.
  for (const LinkUse& use : placement_.uses_of(placement_.communicators.back())) {
    const std::int64_t count = placement_.links[use.link].count;
    uneven_ = uneven_ || (count > 0 && use.weight % count != 0);
  }
}

void Communicators::spread_exchange(Role role, Members members, Algorithm algorithm) {
  if (symmetry_.units() == 1) return exchange(role, std::move(members), 1, algorithm);
  Placement::Communicator c = open_across(role, members);
  c.all_to_all = true;
  c.algorithm = algorithm;
  uneven_ = !load_unit_exchange(members, loader_) || uneven_;
  loader_.flush(placement_.uses);
  join_all(members);
  close(c);
}

void Communicators::channel(Role sender, std::int32_t from, std::int32_t to) {
  Placement::Communicator c = open(sender);
  c.count = run_.count;
  c.part = part_of({from, to});
  c.span = loader_.span({from, to});
  c.split = loader_.open(sender, c.span.domains);
  loader_.send(from, to, placement_.uses);
  join({from, to}, 0);
  const auto id = std::int32_t(placement_.communicators.size());
  close(c);
  cell(from).communicator[index(sender)] = id;
  cell(to).communicator[index(receiver_of(sender))] = id;
}

void Communicators::world() {
  if (loader_.topology().ranks() == 1) return;
  Placement::Communicator c = open(Role::world);
  c.part = loader_.topology().layout().parts().size() == 1 ? 0 : -1;
  c.span = loader_.span_of_all();
  for (std::size_t id = 0; id < placement_.cells.size(); ++id)
    placement_.members.push_back(std::int32_t(id));
  close(c);
}

Placement::Communicator Communicators::open(Role role) {
  Placement::Communicator c;
  c.role = role;
  c.first_member = std::int64_t(placement_.members.size());
  c.first_use = std::int64_t(placement_.uses.size());
  return c;
}

Placement::Communicator Communicators::open_inside(Role role, Members& members) {
  std::sort(members.begin(), members.end());
  Placement::Communicator c = open(role);
  c.count = run_.count;
  c.part = part_of(members);
  c.span = loader_.span(members);
  c.split = loader_.open(role, c.span.domains);
  return c;
}

Placement::Communicator Communicators::open_across(Role role, Members& members) {
  std::sort(members.begin(), members.end());
  Placement::Communicator c = open(role);
  c.span = loader_.span_of_units(members);
  c.spans_units = true;
  return c;
}

std::int32_t Communicators::part_of(const Members& members) const {
  const platforms::Topology& t = loader_.topology();
  if (t.layout().parts().size() == 1) return 0;
  const std::size_t first = t.part_of(members.front());
  const bool same = std::all_of(members.begin(), members.end(), [&](std::int32_t m) { return t.part_of(m) == first; });
  return same ? std::int32_t(first) : -1;
}

void Communicators::join(const Members& members, std::int64_t unit) {
  for (std::int32_t m : members)
    placement_.members.push_back(std::int32_t(symmetry_.cell_of(symmetry_.moved(m, 0, unit))));
}

void Communicators::join_all(const Members& members) {
  for (const auto& run : symmetry_.runs())
    join(members, run.first);
}

void Communicators::close(Placement::Communicator c) {
  c.member_count = std::int64_t(placement_.members.size()) - c.first_member;
  c.use_count = std::int64_t(placement_.uses.size()) - c.first_use;
  const auto id = std::int32_t(placement_.communicators.size());
  placement_.communicators.push_back(c);
  if (is_channel(c.role)) return;
  for (std::int32_t m : placement_.members_of(c))
    placement_.cells[std::size_t(m)].communicator[index(c.role)] = id;
}

} // namespace weft::sim
