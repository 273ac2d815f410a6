#include "sim/placement.hpp"

#include "sim/collectives/patterns.hpp"

#include <algorithm>

namespace weft::sim {
namespace {

using workloads::Coordinates;

class Builder {
public:
  Builder(const workloads::Plan& plan, const platforms::Topology& topology, platforms::ScaleUpKind kind)
      : plan_(plan), map_(plan), loader_(topology, kind) {
    placement_.ranks = plan.ranks();
    std::array<std::int32_t, role_count> none{};
    none.fill(-1);
    placement_.of_rank.assign(std::size_t(placement_.ranks), none);
    placement_.stage.resize(std::size_t(placement_.ranks));
    for (std::int64_t r = 0; r < placement_.ranks; ++r)
      placement_.stage[std::size_t(r)] = std::int32_t(map_.coordinates(r).pp);
  }

  void tensor_parallel() {
    if (plan_.tp == 1) return;
    for_all(0, [&](Coordinates at) { group(Role::tp, at, plan_.tp, &Coordinates::tp); });
  }
  void data_parallel() {
    if (plan_.dp == 1) return;
    for_all(2, [&](Coordinates at) { group(Role::dp, at, plan_.dp, &Coordinates::dp); });
  }
  /// Channels between successive stages; with several chunks the last stage feeds the first one again.
  void pipeline() {
    if (plan_.pp == 1) return;
    for (std::int64_t s = 0; s < plan_.pp; ++s) {
      const std::int64_t next = (s + 1) % plan_.pp;
      if (next == 0 && plan_.vpp == 1) continue;
      for_all(3, [&](Coordinates at) {
        at.pp = s;
        const auto from = std::int32_t(map_.rank(at));
        at.pp = next;
        const auto to = std::int32_t(map_.rank(at));
        channel(Role::forward_send, Role::forward_receive, from, to);
        channel(Role::backward_send, Role::backward_receive, to, from);
      });
    }
  }
  void tied_embedding() {
    if (plan_.pp == 1) return;
    for_all(3, [&](Coordinates at) {
      at.pp = 0;
      const auto first = std::int32_t(map_.rank(at));
      at.pp = plan_.pp - 1;
      add(Role::embedding, {first, std::int32_t(map_.rank(at))}, true);
    });
  }
  void world() {
    if (placement_.ranks == 1) return;
    std::vector<std::int32_t> all(static_cast<std::size_t>(placement_.ranks));
    for (std::size_t r = 0; r < all.size(); ++r)
      all[r] = std::int32_t(r);
    add(Role::world, all, false);
  }

  Placement take() {
    find_isolation();
    return std::move(placement_);
  }

private:
  /// Visits every coordinate with dimension `skip` (0 tp, 1 cp, 2 dp, 3 pp) at zero.
  template <class F> void for_all(int skip, F visit) {
    const std::array<std::int64_t, 4> size{skip == 0 ? 1 : plan_.tp, plan_.cp, skip == 2 ? 1 : plan_.dp,
                                           skip == 3 ? 1 : plan_.pp};
    for (std::int64_t p = 0; p < size[3]; ++p)
      for (std::int64_t d = 0; d < size[2]; ++d)
        for (std::int64_t c = 0; c < size[1]; ++c)
          for (std::int64_t t = 0; t < size[0]; ++t)
            visit(Coordinates{t, c, d, p});
  }

  void group(Role role, Coordinates at, std::int64_t size, std::int64_t Coordinates::*dimension) {
    std::vector<std::int32_t> members;
    for (std::int64_t i = 0; i < size; ++i) {
      at.*dimension = i;
      members.push_back(std::int32_t(map_.rank(at)));
    }
    std::sort(members.begin(), members.end());
    add(role, members, true);
  }

  void add(Role role, const std::vector<std::int32_t>& members, bool loads_links) {
    Placement::Communicator c = open(role, members);
    if (loads_links) c.split = loader_.collective(members, placement_.uses);
    close(c);
  }
  void channel(Role sender, Role receiver, std::int32_t from, std::int32_t to) {
    Placement::Communicator c = open(sender, {from, to});
    loader_.send(from, to, placement_.uses);
    const auto id = std::int32_t(placement_.communicators.size());
    close(c);
    placement_.of_rank[std::size_t(from)][std::size_t(sender)] = id;
    placement_.of_rank[std::size_t(to)][std::size_t(receiver)] = id;
  }
  Placement::Communicator open(Role role, const std::vector<std::int32_t>& members) {
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
    if (c.role == Role::forward_send || c.role == Role::backward_send) return;
    for (std::int32_t m : placement_.members_of(c))
      placement_.of_rank[std::size_t(m)][std::size_t(c.role)] = id;
  }

  /// tp may be priced in closed form when its links carry nothing else in the whole program.
  void find_isolation() {
    std::vector<std::int32_t> owner(loader_.topology().links().size(), -1);
    std::vector<bool> shared(owner.size(), false);
    for (std::size_t id = 0; id < placement_.communicators.size(); ++id)
      for (const LinkUse& use : placement_.uses_of(placement_.communicators[id])) {
        std::int32_t& first = owner[use.link];
        if (first >= 0 && first != std::int32_t(id)) shared[use.link] = true;
        first = std::int32_t(id);
      }
    placement_.tp_isolated = true;
    for (const auto& c : placement_.communicators) {
      if (c.role != Role::tp) continue;
      if (c.span.domains > 1) placement_.tp_isolated = false;
      for (const LinkUse& use : placement_.uses_of(c))
        if (shared[use.link]) placement_.tp_isolated = false;
    }
  }

  const workloads::Plan& plan_;
  workloads::RankMap map_;
  LinkLoader loader_;
  Placement placement_;
};

} // namespace

Placement place(const workloads::Plan& plan, const platforms::Topology& topology, platforms::ScaleUpKind scale_up,
                bool tied_embeddings) {
  Builder builder(plan, topology, scale_up);
  builder.tensor_parallel();
  builder.data_parallel();
  builder.pipeline();
  if (tied_embeddings) builder.tied_embedding();
  builder.world();
  return builder.take();
}

} // namespace weft::sim
