#pragma once
// Which links a communicator's traffic loads, one pattern a file.

#include "platforms/topology.hpp"
#include "sim/placement.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weft::sim {

/// Adds up paths into link weights on the links that stand for them, which it gives their place in `links`.
/// Reused for every communicator: no allocation per path.
class LinkLoader {
public:
  LinkLoader(const platforms::Topology& topology, const Symmetry& symmetry, std::vector<Placement::PlacedLink>& links,
             std::uint64_t seed = 0);

  /// The flows to come are this role's; returns into how many each message between domains is cut.
  std::int32_t open(Role role, std::int64_t domains);

  /// Appends the usage of a collective; returns Pattern::split.
  std::int32_t collective(const std::vector<std::int32_t>& members, std::vector<LinkUse>& out, Algorithm algorithm);
  /// An exchange of every member with every other one.
  struct Exchange {
    double cross_share = 1;      ///< below 1: bytes that cross domains over a plain exchange's; handed on inside
    std::int32_t busiest = -1;   ///< a rank that gets more than the others
    double most = 1, others = 1; ///< what it and they get, over the mean
    bool back = false;           ///< flows reversed: what they got returns
    std::int32_t parts = 1;      ///< weight of one flow
  };
  /// Appends the usage.
  void all_to_all(const std::vector<std::int32_t>& members, const Exchange& how, std::vector<LinkUse>& out);
  /// Appends the path of one message.
  void send(std::int32_t from, std::int32_t to, std::vector<LinkUse>& out);

  /// Of ascending members.
  [[nodiscard]] Span span(const std::vector<std::int32_t>& members) const;
  /// The same of the ranks at their places in all units.
  [[nodiscard]] Span span_of_units(const std::vector<std::int32_t>& members) const;
  [[nodiscard]] Span span_of_all() const;
  [[nodiscard]] std::int64_t domains(const std::vector<std::int32_t>& members) const;
  [[nodiscard]] const platforms::Topology& topology() const { return topology_; }
  /// Of a rank's domain.
  [[nodiscard]] platforms::ScaleUpKind scale_up(std::int64_t rank) const {
    return topology_.layout().parts()[topology_.part_of(rank)].scale_up;
  }
  [[nodiscard]] const Symmetry& symmetry() const { return symmetry_; }

  /// Unit-weight flows from one rank to another.
  void flow(std::int64_t from, std::int64_t to, std::int64_t times = 1);
  /// One unit-weight flow from everybody to where all meet and back, added up wherever several meet.
  void reduce(const std::vector<std::int32_t>& members);
  /// Moves what flow() gathered to `out`, links in ascending order.
  void flush(std::vector<LinkUse>& out);

private:
  struct Entry {
    std::int32_t placed = -1; ///< index in `links`
    std::int64_t weight = 0, begins = 0;
  };
  static constexpr std::size_t page_size = 1024;
  Entry& entry(platforms::LinkId link);
  [[nodiscard]] std::int64_t per_domain(const std::vector<std::int32_t>& members) const;
  void add_delays(Span& span, std::vector<std::int64_t> sites) const;
  [[nodiscard]] std::int64_t stands_for(platforms::LinkId link);

  const platforms::Topology& topology_;
  const Symmetry& symmetry_;
  std::vector<Placement::PlacedLink>& links_;
  std::vector<std::unique_ptr<std::array<Entry, page_size>>> pages_; ///< most links of a large cluster are never met
  std::unordered_map<platforms::LinkId, std::int64_t> blocks_;       ///< links of blocks larger than a unit
  platforms::FlowKey key_;
  std::int64_t queue_pairs_ = 1;
  std::vector<bool> counted_; ///< groups in blocks_
  std::vector<platforms::LinkId> touched_, path_;
};

/// Ranks of one communicator in one domain, in the order of their ring.
using DomainMembers = std::vector<std::vector<std::int32_t>>;
DomainMembers by_domain(const std::vector<std::int32_t>& members, const platforms::Topology& topology);

/// Ring through all members, domain by domain. In a domain with g members the traffic that enters and leaves
/// is spread over their NICs by rotating the entry point over `split` = lcm(g) channels, as libraries do with
/// their channels; rails are kept from domain to domain. Every edge of one channel carries f·S/split bytes.
/// Inside a domain the order is the topology's (order_ring); one torus has two channels, one each way round. Over
/// direct links every channel has an order of its own, so that all links of a domain carry alike.
std::int32_t load_ring(const std::vector<std::int32_t>& members, LinkLoader& loader);

/// Inside domains with equally many members and along rails at once: in every domain what an exchange of S gives,
/// along a rail's ring (k - 1)/k of a rank's share. Pieces of S/split, split = all members.
std::int32_t load_pipeline(const std::vector<std::int32_t>& members, LinkLoader& loader);

/// Double binary tree over domains, both ways on every edge, chains inside them. An edge of one tree and channel
/// carries S/split each way.
std::int32_t load_tree(const std::vector<std::int32_t>& members, LinkLoader& loader);
/// The same between domains whose switches reduce (NCCL's NVLSTree): a rank's port carries S each way.
std::int32_t load_switch_tree(const std::vector<std::int32_t>& members, LinkLoader& loader);
/// The same where the fabric's switches reduce too (SHARP): a card carries S/split each way, and so does every uplink
/// on the way to where all meet, however many cards are below it.
std::int32_t load_fabric_reduction(const std::vector<std::int32_t>& members, LinkLoader& loader);
/// Recursive halving (or doubling) of pieces of S/split, split the largest power of two in the members; HCCL's H-D_R.
std::int32_t load_halving(const std::vector<std::int32_t>& members, LinkLoader& loader);
/// HCCL's nonuniform hierarchical ring: in step j a piece to the member 2^j further on, for every piece that is due
/// ((p - 1 + 2^j)/2^(j+1) of them, rounded down); pieces of S/split, split = p members.
std::int32_t load_nhr(const std::vector<std::int32_t>& members, LinkLoader& loader);

/// Rings and nonuniform hierarchical rings through the ranks at the same places of all units of the loader's symmetry.
class UnitRings {
public:
  explicit UnitRings(LinkLoader& loader);
  /// `members` are those of the first unit. Loads what LinkLoader::collective would. Returns split, or 0, with nothing
  /// loaded, where members lie unevenly over domains and for algorithms under which no unit is like another.
  std::int32_t load(const std::vector<std::int32_t>& members, Algorithm algorithm);

private:
  std::int32_t load_ring(const std::vector<std::int32_t>& members, bool pipeline);
  std::int32_t load_strides(const std::vector<std::int32_t>& members);
  using Domain = std::vector<std::int32_t>;
  using Segment = std::vector<Domain>; ///< a unit's members in one stretch
  struct Edges {
    std::int64_t from_unit = 0, count = 0; ///< alike to the one that leaves this unit
  };
  [[nodiscard]] bool even(const std::vector<Segment>& segments) const;
  void inside(const Domain& domain, bool upwards, const Symmetry::Run& run, std::int64_t times);
  void join(const Domain& from, const Domain& to, std::int64_t from_unit, std::int64_t to_unit, std::int64_t times,
            std::size_t shift);
  const std::vector<Edges>& between(const Segment& segment);
  struct Stride {
    std::size_t from = 0, to = 0; ///< members
    std::int64_t from_unit = 0, to_unit = 0;
    std::int64_t times = 0; ///< pieces that go this way, those of alike units included
  };
  const std::vector<Stride>& strides(const std::vector<std::int32_t>& members);

  LinkLoader& loader_;
  const Symmetry& symmetry_;
  std::vector<std::int64_t> blocks_; ///< ranks of those that are larger than a unit
  bool whole_domains_ = true;        ///< none of them cuts one
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<Edges>> known_;
  std::map<std::vector<std::int64_t>, std::vector<Stride>> strides_; ///< by the domains of the members
};

/// Every member of every unit of the loader's symmetry sends to every other one; `members` are those of the first
/// unit. Loads what LinkLoader::all_to_all would. False, with nothing loaded, where blocks do not nest.
bool load_unit_exchange(const std::vector<std::int32_t>& members, LinkLoader& loader);

/// Every member sends to every other one on their direct link.
void load_mesh(const std::vector<std::int32_t>& members, LinkLoader& loader);

} // namespace weft::sim
