#include "sim/placement.hpp"

#include "sim/collectives/patterns.hpp"
#include "workloads/chunk.hpp"

#include <algorithm>

namespace weft::sim {
namespace {

using workloads::Coordinates;
using Members = std::vector<std::int32_t>;

class Builder {
public:
  Builder(const workloads::Scenario& scenario, const platforms::Topology& topology, platforms::ScaleUpKind kind)
      : s_(scenario), plan_(scenario.plan), map_(plan_), loader_(topology, kind) {
    placement_.ranks = plan_.ranks();
    std::array<std::int32_t, role_count> none{};
    none.fill(-1);
    placement_.of_rank.assign(std::size_t(placement_.ranks), none);
    placement_.stage.resize(std::size_t(placement_.ranks));
    for (std::int64_t r = 0; r < placement_.ranks; ++r)
      placement_.stage[std::size_t(r)] = std::int32_t(map_.coordinates(r).pp);
  }

  Placement build() {
    layer_groups();
    replicas();
    experts();
    pipeline();
    if (s_.model.shares_embedding() && !workloads::ends_together(plan_)) tied_embedding();
    if (plan_.schedule == workloads::Schedule::dualpipe) mirrors();
    world();
    find_isolation();
    return std::move(placement_);
  }

private:
  void layer_groups() {
    if (plan_.tp > 1)
      for_all({1, plan_.cp, plan_.dp, plan_.pp}, [&](Coordinates at) {
        Members m;
        for (at.tp = 0; at.tp < plan_.tp; ++at.tp)
          m.push_back(rank(at));
        add(Role::tp, m);
      });
    if (plan_.cp > 1)
      for_all({plan_.tp, 1, plan_.dp, plan_.pp}, [&](Coordinates at) {
        Members m;
        for (at.cp = 0; at.cp < plan_.cp; ++at.cp)
          m.push_back(rank(at));
        add(Role::cp, m, plan_.cp_algorithm == workloads::ContextAlgorithm::all_to_all);
      });
  }
  /// Ranks with the same dense weights; with hybrid sharding cut into groups and across them.
  void replicas() {
    const std::int64_t all = plan_.replicas(), shard = plan_.shard();
    if (all == 1) return;
    for_all({plan_.tp, 1, 1, plan_.pp}, [&](Coordinates at) {
      Members m;
      for (at.dp = 0; at.dp < plan_.dp; ++at.dp)
        for (at.cp = 0; at.cp < plan_.cp; ++at.cp)
          m.push_back(rank(at));
      std::sort(m.begin(), m.end());
      if (shard == all) {
        add(Role::dp, m);
        return;
      }
      for (std::int64_t first = 0; first < all && shard > 1; first += shard)
        add(Role::shard, Members(m.begin() + first, m.begin() + first + shard));
      for (std::int64_t at_shard = 0; at_shard < shard; ++at_shard) {
        Members across;
        for (std::int64_t i = at_shard; i < all; i += shard)
          across.push_back(m[std::size_t(i)]);
        add(Role::replica, across);
      }
    });
  }
  /// Experts are dealt along the ranks of a stage: expert tensor parallelism innermost, then ep, then replicas.
  void experts() {
    if (!s_.model.experts) return;
    const std::int64_t in_stage = plan_.tp * plan_.cp * plan_.dp, inner = plan_.expert_tp, ep = plan_.ep;
    const std::int64_t replicas = plan_.expert_replicas();
    for (std::int64_t stage = 0; stage < plan_.pp; ++stage)
      for (std::int64_t t = 0; t < inner; ++t) {
        for (std::int64_t d = 0; d < replicas && ep > 1; ++d) {
          Members m;
          for (std::int64_t e = 0; e < ep; ++e)
            m.push_back(std::int32_t(map_.rank_of(stage, t + inner * (e + ep * d))));
          std::sort(m.begin(), m.end());
          add(Role::ep, m, true);
        }
        for (std::int64_t e = 0; e < ep && replicas > 1; ++e) {
          Members m;
          for (std::int64_t i = t + inner * e; i < in_stage; i += inner * ep)
            m.push_back(std::int32_t(map_.rank_of(stage, i)));
          std::sort(m.begin(), m.end());
          add(Role::expert_dp, m);
        }
      }
  }
  /// Channels between successive stages; a loop of several chunks feeds the first stage from the last one.
  void pipeline() {
    if (plan_.pp == 1) return;
    const bool loop = workloads::shape_of(plan_.schedule) == workloads::Shape::loop && plan_.vpp > 1;
    for (std::int64_t s = 0; s < plan_.pp; ++s) {
      const std::int64_t next = (s + 1) % plan_.pp;
      if (next == 0 && !loop) continue;
      for_all({plan_.tp, plan_.cp, plan_.dp, 1}, [&](Coordinates at) {
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
    for_all({plan_.tp, plan_.cp, plan_.dp, 1}, [&](Coordinates at) {
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
  void world() {
    if (placement_.ranks == 1) return;
    Members all(static_cast<std::size_t>(placement_.ranks));
    for (std::size_t r = 0; r < all.size(); ++r)
      all[r] = std::int32_t(r);
    close(open(Role::world, all));
  }

  [[nodiscard]] std::int32_t rank(const Coordinates& at) const { return std::int32_t(map_.rank(at)); }
  template <class F> void for_all(const std::array<std::int64_t, 4>& size, F visit) {
    for (std::int64_t p = 0; p < size[3]; ++p)
      for (std::int64_t d = 0; d < size[2]; ++d)
        for (std::int64_t c = 0; c < size[1]; ++c)
          for (std::int64_t t = 0; t < size[0]; ++t)
            visit(Coordinates{t, c, d, p});
  }
  void add(Role role, Members members, bool all_to_all = false) {
    std::sort(members.begin(), members.end());
    Placement::Communicator c = open(role, members);
    c.all_to_all = all_to_all;
    if (all_to_all) {
      if (role == Role::ep) c.cross_share = workloads::dispatch_share(s_.model, s_.stack, c.span.domains);
      loader_.all_to_all(members, c.cross_share, placement_.uses);
    } else {
      c.split = loader_.collective(members, placement_.uses);
    }
    close(c);
  }
  void channel(Role sender, std::int32_t from, std::int32_t to) {
    Placement::Communicator c = open(sender, {from, to});
    loader_.send(from, to, placement_.uses);
    const auto id = std::int32_t(placement_.communicators.size());
    close(c);
    placement_.of_rank[std::size_t(from)][index(sender)] = id;
    placement_.of_rank[std::size_t(to)][index(receiver_of(sender))] = id;
  }
  Placement::Communicator open(Role role, const Members& members) {
    Placement::Communicator c;
    c.role = role;
    c.first_member = std::int32_t(placement_.members.size());
    c.member_count = std::int32_t(members.size());
    c.first_use = std::int32_t(placement_.uses.size());
    c.span.ranks = std::int64_t(members.size());
    c.span.domains = loader_.domains(members);
    placement_.members.insert(placement_.members.end(), members.begin(), members.end());
    return c;
  }
  void close(Placement::Communicator c) {
    c.use_count = std::int32_t(placement_.uses.size()) - c.first_use;
    const auto id = std::int32_t(placement_.communicators.size());
    placement_.communicators.push_back(c);
    if (is_channel(c.role)) return;
    for (std::int32_t m : placement_.members_of(c))
      placement_.of_rank[std::size_t(m)][index(c.role)] = id;
  }

  void find_isolation() {
    RoleSet candidates = layer_roles;
    if (plan_.ep_overlap || plan_.schedule == workloads::Schedule::dualpipe) candidates &= ~bit(Role::ep);
    if (!s_.slow_ranks.empty() && plan_.cp * plan_.ep > 1) candidates = 0; // lockstep would not be exact
    std::vector<RoleSet> roles(loader_.topology().links().size(), 0);
    RoleSet shared = 0; // roles that meet another communicator of their own on a link, or whose links are not alike
    std::array<double, role_count> pace{}; // s per unit on the slowest link, of a role's first communicator
    const auto& links = loader_.topology().links();
    for (const auto& c : placement_.communicators) {
      if (c.span.domains > 1) shared |= bit(c.role);
      double slowest = 0;
      for (const LinkUse& use : placement_.uses_of(c))
        slowest = std::max(slowest, use.weight / links[use.link].capacity.count() / c.split);
      if (pace[index(c.role)] == 0) pace[index(c.role)] = slowest;
      if (pace[index(c.role)] != slowest) shared |= bit(c.role);
      for (const LinkUse& use : placement_.uses_of(c)) {
        if (roles[use.link] & bit(c.role)) shared |= bit(c.role);
        roles[use.link] |= bit(c.role);
      }
    }
    candidates &= ~shared;
    for (RoleSet before = ~candidates; before != candidates;) {
      before = candidates;
      for (RoleSet on_link : roles)
        if (on_link & ~candidates) candidates &= ~on_link;
    }
    placement_.isolated = candidates;
  }

  const workloads::Scenario& s_;
  const workloads::Plan& plan_;
  workloads::RankMap map_;
  LinkLoader loader_;
  Placement placement_;
};

} // namespace

Placement place(const workloads::Scenario& scenario, const platforms::Topology& topology,
                platforms::ScaleUpKind scale_up) {
  return Builder(scenario, topology, scale_up).build();
}

} // namespace weft::sim
