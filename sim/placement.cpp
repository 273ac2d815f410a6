#include "sim/placement.hpp"

#include "sim/communicators.hpp"
#include "sim/isolation.hpp"
#include "workloads/chunk.hpp"

#include <algorithm>
#include <optional>

namespace weft::sim {
namespace {

using workloads::Coordinates;

class Builder : Communicators {
public:
  Builder(const workloads::Scenario& scenario, const platforms::Topology& topology, const Choice& choice,
          const Calls& calls, const Symmetry& symmetry, std::uint64_t seed)
      : Communicators(topology, choice, calls, symmetry, seed), s_(scenario), plan_(scenario.plan), map_(plan_) {
    for (Placement::Cell& cell : placement_.cells) {
      cell.stage = std::int32_t(map_.coordinates(cell.rank).pp);
      cell.kind = cell.part * std::int32_t(loads_.size());
    }
  }

  /// Nothing where a communicator lies unevenly over the units.
  std::optional<Placement> build() {
    for (const auto& run : symmetry_.runs()) {
      run_ = run;
      layer_groups();
      sharding_groups();
      if (s_.model.experts) dealt_experts();
      pipeline();
      if (s_.model.shares_embedding() && !workloads::ends_together(plan_)) tied_embedding();
      if (plan_.schedule == workloads::Schedule::dualpipe) mirrors();
    }
    run_ = symmetry_.runs().front();
    replicas();
    if (s_.model.experts) expert_replicas();
    if (uneven_) return std::nullopt;
    world();
    mark_tiers();
    placement_.isolated = find_isolated(s_, loader_.topology(), placement_);
    return std::move(placement_);
  }

private:
  void mark_tiers() {
    for (Placement::PlacedLink& placed : placement_.links) {
      const platforms::Link link = loader_.topology().link(placed.id);
      placed.tier = std::uint8_t(tier_of(link.kind, link.tier));
    }
    for (Placement::Communicator& c : placement_.communicators)
      for (Placement::Pattern& pattern : c.patterns)
        for (const LinkUse& use : placement_.uses_of(pattern))
          if (placement_.links[use.link].count > 0) pattern.tiers |= tier_bit(placement_.links[use.link].tier);
  }

  void layer_groups() {
    if (plan_.tp > 1)
      for_all({1, plan_.cp, plan_.pp}, [&](Coordinates at) {
        Members m;
        for (at.tp = 0; at.tp < plan_.tp; ++at.tp)
          m.push_back(rank(at));
        add(Role::tp, m);
      });
    if (plan_.cp > 1)
      for_all({plan_.tp, 1, plan_.pp}, [&](Coordinates at) {
        Members m;
        for (at.cp = 0; at.cp < plan_.cp; ++at.cp)
          m.push_back(rank(at));
        if (plan_.cp_algorithm == workloads::ContextAlgorithm::all_to_all)
          exchange(Role::cp, m);
        else
          add(Role::cp, m);
      });
  }

  /// The unit's ranks of a stage that hold the same dense weights, in ascending order.
  Members same_weights(std::int64_t tp, std::int64_t pp) {
    Members m;
    for (std::int64_t d = first_replica(); d < first_replica() + symmetry_.replicas(); ++d)
      for (std::int64_t c = 0; c < plan_.cp; ++c)
        m.push_back(rank({tp, c, d, pp}));
    std::sort(m.begin(), m.end());
    return m;
  }
  /// Hybrid sharding: the ranks with the same weights are cut into groups, and joined across them.
  void sharding_groups() {
    const std::int64_t shard = plan_.shard();
    if (shard == plan_.replicas() || shard == 1) return;
    for_all_weights([&](const Members& m) {
      for (std::size_t first = 0; first < m.size(); first += std::size_t(shard))
        add(Role::shard, Members(m.begin() + std::ptrdiff_t(first), m.begin() + std::ptrdiff_t(first) + shard));
    });
  }
  void replicas() {
    const std::int64_t shard = plan_.shard();
    if (plan_.replicas() == 1) return;
    for_all_weights([&](const Members& m) {
      if (shard == plan_.replicas() || workloads::reduces_at_once(plan_, s_.stack)) {
        spread(Role::dp, m);
        return;
      }
      for (std::int64_t at = 0; at < shard; ++at)
        spread(Role::replica, every(m, at, shard));
    });
  }

  /// The unit's ranks of a stage in the order in which experts are dealt along them.
  Members in_stage(std::int64_t stage) {
    Members out;
    const std::int64_t unit = run_.first;
    for (std::int64_t stretch = 0; stretch < symmetry_.stretches(); ++stretch)
      for (std::int64_t i = 0; i < symmetry_.width(); ++i) {
        const std::int64_t r = (stretch * symmetry_.units() + unit) * symmetry_.width() + i;
        if (map_.coordinates(r).pp == stage) out.push_back(std::int32_t(r));
      }
    std::sort(out.begin(), out.end(),
              [&](std::int32_t a, std::int32_t b) { return map_.in_stage(a) < map_.in_stage(b); });
    return out;
  }
  /// Expert tensor parallelism innermost, then ep, then replicas.
  void dealt_experts() {
    if (plan_.ep == 1) return;
    const std::int64_t inner = plan_.expert_tp, dealt = inner * plan_.ep;
    for (std::int64_t stage = 0; stage < plan_.pp; ++stage) {
      const Members all = in_stage(stage);
      for (std::int64_t t = 0; t < inner; ++t)
        for (auto first = all.begin(); first != all.end(); first += dealt)
          deal(every(Members(first, first + dealt), t, inner));
    }
  }
  /// Experts lie alike in all groups, so the ones that most tokens want are the same member's everywhere: the first.
  void deal(const Members& members) {
    LinkLoader::Exchange how;
    how.cross_share = workloads::dispatch_share(s_.model, s_.stack, loader_.domains(members));
    if (loads_.size() > 1) {
      how.busiest = members.front();
      how.others = loads_.front();
      how.most = loads_.back();
      ++cell(how.busiest).kind;
    }
    exchange(Role::ep, members, how);
  }
  void expert_replicas() {
    if (plan_.expert_replicas() == 1) return;
    const std::int64_t inner = plan_.expert_tp, dealt = inner * plan_.ep;
    for (std::int64_t stage = 0; stage < plan_.pp; ++stage) {
      const Members all = in_stage(stage);
      for (std::int64_t t = 0; t < inner; ++t)
        for (std::int64_t e = 0; e < plan_.ep; ++e)
          spread(Role::expert_dp, every(all, t + inner * e, dealt));
    }
  }

  /// Channels between successive stages; a loop of several chunks feeds the first stage from the last one.
  void pipeline() {
    if (plan_.pp == 1) return;
    const bool loop = workloads::shape_of(plan_.schedule) == workloads::Shape::loop && plan_.vpp > 1;
    for (std::int64_t s = 0; s < plan_.pp; ++s) {
      const std::int64_t next = (s + 1) % plan_.pp;
      if (next == 0 && !loop) continue;
      for_all({plan_.tp, plan_.cp, 1}, [&](Coordinates at) {
        at.pp = s;
        const std::int32_t from = rank(at);
        at.pp = next;
        const std::int32_t to = rank(at);
        channel(Role::next_send, from, to);
        channel(Role::previous_send, to, from);
      });
    }
  }
  void pairs(Role role, std::int64_t first, std::int64_t second) {
    for_all({plan_.tp, plan_.cp, 1}, [&](Coordinates at) {
      at.pp = first;
      const std::int32_t a = rank(at);
      at.pp = second;
      add(role, {a, rank(at)});
    });
  }
  void tied_embedding() {
    const std::int64_t last = workloads::virtual_stages(plan_) - 1, chunk = last / plan_.pp;
    const std::int64_t head = workloads::stage_of(plan_, last, chunk);
    if (head != 0) pairs(Role::embedding, 0, head);
  }
  void mirrors() {
    for (std::int64_t s = 0; s < plan_.pp / 2; ++s)
      pairs(Role::mirror, s, plan_.pp - 1 - s);
  }

  [[nodiscard]] std::int64_t first_replica() const { return run_.first * symmetry_.replicas(); }
  [[nodiscard]] std::int32_t rank(const Coordinates& at) const { return std::int32_t(map_.rank(at)); }
  [[nodiscard]] static Members every(const Members& from, std::int64_t first, std::int64_t step) {
    Members out;
    for (std::size_t i = std::size_t(first); i < from.size(); i += std::size_t(step))
      out.push_back(from[i]);
    return out;
  }
  /// tp, cp, pp; every replica of the unit.
  template <class F> void for_all(const std::array<std::int64_t, 3>& size, F visit) {
    for (std::int64_t p = 0; p < size[2]; ++p)
      for (std::int64_t d = first_replica(); d < first_replica() + symmetry_.replicas(); ++d)
        for (std::int64_t c = 0; c < size[1]; ++c)
          for (std::int64_t t = 0; t < size[0]; ++t)
            visit(Coordinates{t, c, d, p});
  }
  template <class F> void for_all_weights(F visit) {
    for (std::int64_t p = 0; p < plan_.pp; ++p)
      for (std::int64_t t = 0; t < plan_.tp; ++t)
        visit(same_weights(t, p));
  }

  const workloads::Scenario& s_;
  const workloads::Plan& plan_;
  workloads::RankMap map_;
  const std::vector<double> loads_ = workloads::expert_loads(s_.model, plan_);
};

} // namespace

Placement place(const workloads::Scenario& scenario, const platforms::Topology& topology, const Choice& choice,
                const Calls& calls, const Symmetry& symmetry, std::uint64_t seed) {
  if (auto placed = Builder(scenario, topology, choice, calls, symmetry, seed).build()) return std::move(*placed);
  return *Builder(scenario, topology, choice, calls, Symmetry::none(scenario.plan), seed).build();
}

} // namespace weft::sim
