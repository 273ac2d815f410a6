#include "sim/communicators.hpp"

#include <algorithm>
#include <bit>

namespace weft::sim {
namespace {

/// Of a flow. A power of two (Placement::Pattern); weights are off by at most half of 1/64. SimGrid's solver lists
/// each.
constexpr std::int32_t fine_parts = 64;

} // namespace

Communicators::Communicators(const platforms::Topology& topology, const Choice& choice, const Calls& calls,
                             const Symmetry& symmetry, std::uint64_t seed)
    : symmetry_(symmetry), loader_(topology, symmetry, placement_.links, seed), choice_(choice), calls_(calls),
      rings_(loader_) {
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

void Communicators::add(Role role, Members members, std::optional<Algorithm> only) {
  Placement::Communicator c = open_inside(role, members);
  for (const Algorithm algorithm : taken(c, only)) {
    Placement::Pattern pattern = begin(algorithm, c.span);
    pattern.split = pieces_ * loader_.collective(members, placement_.uses, algorithm);
    end(c, pattern);
  }
  join(members, 0);
  close(std::move(c));
}

void Communicators::exchange(Role role, Members members, LinkLoader::Exchange how, std::optional<Algorithm> only) {
  Placement::Communicator c = open_inside(role, members);
  const Algorithm algorithm = only.value_or(choice_.of({workloads::CollectiveOp::all_to_all}, c.span));
  const bool uneven = how.busiest >= 0, handed_on = how.cross_share < 1 && c.span.domains > 1;
  if (uneven || handed_on) how.parts = fine_parts; // flows that are no whole numbers
  for (const bool back : {false, true}) {
    if (back && !uneven) break;
    how.back = back;
    Placement::Pattern pattern = begin(algorithm, c.span);
    pattern.parts = how.parts;
    pattern.split = pieces_ * how.parts;
    pattern.cross_share = how.cross_share;
    pattern.most = how.most;
    pattern.back = back;
    loader_.all_to_all(members, how, placement_.uses);
    end(c, pattern);
  }
  join(members, 0);
  close(std::move(c));
}

void Communicators::spread(Role role, Members members, std::optional<Algorithm> only) {
  if (uneven_) return;
  if (symmetry_.units() == 1) return add(role, std::move(members), only);
  Placement::Communicator c = open_across(role, members);
  for (const Algorithm algorithm : taken(c, only)) {
    Placement::Pattern pattern = begin(algorithm, c.span);
    pattern.split = rings_.load(members, algorithm);
    loader_.flush(placement_.uses);
    end(c, pattern);
    uneven_ = uneven_ || pattern.split == 0;
  }
  // What is taken for alike carries alike, or nothing stands for anything.
  for (const Placement::Pattern& pattern : c.patterns)
    for (const LinkUse& use : placement_.uses_of(pattern)) {
      const std::int64_t count = placement_.links[use.link].count;
      uneven_ = uneven_ || (count > 0 && use.weight % count != 0);
    }
  join_all(members);
  close(std::move(c));
}

void Communicators::spread_exchange(Role role, Members members, Algorithm algorithm) {
  if (symmetry_.units() == 1) return exchange(role, std::move(members), {}, algorithm);
  Placement::Communicator c = open_across(role, members);
  const Placement::Pattern pattern = begin(algorithm, c.span);
  uneven_ = !load_unit_exchange(members, loader_) || uneven_;
  loader_.flush(placement_.uses);
  end(c, pattern);
  join_all(members);
  close(std::move(c));
}

void Communicators::channel(Role sender, std::int32_t from, std::int32_t to) {
  Placement::Communicator c = open(sender);
  c.count = run_.count;
  c.span = loader_.span({from, to});
  Placement::Pattern pattern = begin(Algorithm::send, c.span);
  pattern.split = loader_.open(sender, c.span.domains);
  loader_.send(from, to, placement_.uses);
  end(c, pattern);
  join({from, to}, 0);
  const auto id = std::int32_t(placement_.communicators.size());
  close(std::move(c));
  cell(from).communicator[index(sender)] = id;
  cell(to).communicator[index(receiver_of(sender))] = id;
}

void Communicators::world() {
  if (loader_.topology().ranks() == 1) return;
  Placement::Communicator c = open(Role::world);
  c.span = loader_.span_of_all();
  for (std::size_t id = 0; id < placement_.cells.size(); ++id)
    placement_.members.push_back(std::int32_t(id));
  close(std::move(c));
}

/// The algorithms of everything that the communicator will be asked for, each once.
std::vector<Algorithm> Communicators::taken(const Placement::Communicator& c, std::optional<Algorithm> only) const {
  if (only) return {*only};
  std::vector<Algorithm> out;
  for (const Call& call : calls_[index(c.role)]) {
    const Algorithm algorithm = choice_.of(call, c.span);
    if (std::find(out.begin(), out.end(), algorithm) == out.end()) out.push_back(algorithm);
  }
  if (out.empty()) out.push_back(choice_.of({workloads::CollectiveOp::all_gather}, c.span));
  return out;
}

Placement::Communicator Communicators::open(Role role) {
  Placement::Communicator c;
  c.role = role;
  c.first_member = std::int64_t(placement_.members.size());
  return c;
}

/// Steps of halvings and nonuniform rings follow each other, and so do the pieces of a pipeline: on a card there is one
/// flow at a time, of about as many pieces as this.
Placement::Pattern Communicators::begin(Algorithm algorithm, const Span& span) const {
  Placement::Pattern out;
  out.algorithm = algorithm;
  const std::int64_t pieces = algorithm == Algorithm::pipeline ? span.domains : span.ranks;
  if (algorithm == Algorithm::pipeline || algorithm == Algorithm::nhr || algorithm == Algorithm::halving_doubling)
    out.parts = std::int32_t(std::bit_floor(std::uint64_t(pieces)));
  out.first_use = std::int64_t(placement_.uses.size());
  return out;
}

void Communicators::end(Placement::Communicator& c, Placement::Pattern pattern) const {
  pattern.use_count = std::int64_t(placement_.uses.size()) - pattern.first_use;
  c.patterns.push_back(pattern);
}

Placement::Communicator Communicators::open_inside(Role role, Members& members) {
  std::sort(members.begin(), members.end());
  Placement::Communicator c = open(role);
  c.count = run_.count;
  c.span = loader_.span(members);
  pieces_ = loader_.open(role, c.span.domains);
  return c;
}

Placement::Communicator Communicators::open_across(Role role, Members& members) {
  std::sort(members.begin(), members.end());
  Placement::Communicator c = open(role);
  c.span = loader_.span_of_units(members);
  c.spans_units = true;
  return c;
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
  const auto id = std::int32_t(placement_.communicators.size());
  placement_.communicators.push_back(std::move(c));
  const Placement::Communicator& placed = placement_.communicators.back();
  if (is_channel(placed.role)) return;
  for (std::int32_t m : placement_.members_of(placed))
    placement_.cells[std::size_t(m)].communicator[index(placed.role)] = id;
}

} // namespace weft::sim
