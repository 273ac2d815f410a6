// Direct links to the neighbours in two or three dimensions (TPU pods). x runs fastest; each dimension closes in a
// ring. Messages go dimension by dimension, x first, the shorter way round, the positive one where both are as long.
// A dimension of two has one link each way, of one none. Capacity: scale_up.link_bandwidth, bytes/s per direction.
// Ranks of one package share its links; between them there is none to model. Accelerators of a torus that is not
// filled pass messages on all the same.
#include "platforms/topologies/topologies.hpp"
#include "platforms/topologies/torus_ring.hpp"

#include <algorithm>

namespace weft::platforms {
namespace {

class Torus : public ScaleUp {
public:
  Torus(const Cluster& cluster, std::int64_t ranks, LinkTable links)
      : dies_(cluster.accelerator.ranks_per_accelerator), per_domain_(cluster.domain) {
    const std::vector<std::int64_t>& size = cluster.node.torus;
    std::copy(size.begin(), size.end(), size_.begin());
    const std::int64_t all = blocks(ranks, cluster.ranks_per_domain()) * per_domain_;
    const BytesPerSecond link = cluster.accelerator.scale_up.link_bandwidth->value; // checked when read
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto direction = std::int32_t(2 * axis);
      if (size_[axis] > 1) first_[2 * axis] = links.add(LinkKind::torus, all, {1, dies_}, link, true, direction);
      if (size_[axis] > 2)
        first_[2 * axis + 1] = links.add(LinkKind::torus, all, {1, dies_}, link, true, direction + 1);
    }
  }

  void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const override {
    const std::int64_t domain = from / dies_ / per_domain_ * per_domain_;
    TorusPoint at = point(from);
    const TorusPoint end = point(to);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::int64_t forward = (end[axis] - at[axis] + size_[axis]) % size_[axis];
      if (forward == 0) continue;
      bool positive = 2 * forward <= size_[axis];
      if (!clear(domain, at, axis, forward, positive) && size_[axis] > 2 && clear(domain, at, axis, forward, !positive))
        positive = !positive;
      walk(domain, at, axis, forward, positive, [&out](LinkId l) {
        out.push_back(l);
        return true;
      });
      at[axis] = end[axis];
    }
  }

  void order_ring(std::vector<std::int32_t>& members) const override {
    if (dies_ > 1 || members.size() < 3) return;
    const std::int64_t domain = members.front() / per_domain_ * per_domain_;
    TorusPoint low = point(members.front()), high = low;
    for (std::int32_t m : members)
      for (std::size_t axis = 0; axis < 3; ++axis) {
        low[axis] = std::min(low[axis], point(m)[axis]);
        high[axis] = std::max(high[axis], point(m)[axis]);
      }
    TorusBox box;
    std::int64_t volume = 1;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      box.size[axis] = high[axis] - low[axis] + 1;
      box.closed[axis] = box.size[axis] == size_[axis] && size_[axis] > 2;
      volume *= box.size[axis];
    }
    if (volume != std::int64_t(members.size())) return; // ranks are distinct: as many as the box holds fill it
    const auto ring = torus_ring(box);
    for (std::size_t i = 0; i < ring.size(); ++i)
      members[i] = std::int32_t(domain + low[0] + ring[i][0] +
                                size_[0] * (low[1] + ring[i][1] + size_[1] * (low[2] + ring[i][2])));
  }

  void avoid(LinkId link) override { gone_.push_back(link); }

private:
  [[nodiscard]] TorusPoint point(std::int64_t rank) const {
    const std::int64_t i = rank / dies_ % per_domain_;
    return {i % size_[0], i / size_[0] % size_[1], i / size_[0] / size_[1]};
  }
  /// Visits the links of one dimension's way, `forward` steps off in the positive direction, while `visit` says so.
  template <class F>
  bool walk(std::int64_t domain, TorusPoint at, std::size_t axis, std::int64_t forward, bool positive, F visit) const {
    const std::int64_t n = size_[axis];
    for (std::int64_t left = positive ? forward : n - forward; left > 0; --left) {
      const LinkId first = first_[2 * axis + (positive ? 0 : 1)];
      if (!visit(first + LinkId(domain + at[0] + size_[0] * (at[1] + size_[1] * at[2])))) return false;
      at[axis] = (at[axis] + (positive ? 1 : n - 1)) % n;
    }
    return true;
  }
  [[nodiscard]] bool clear(std::int64_t domain, const TorusPoint& at, std::size_t axis, std::int64_t forward,
                           bool positive) const {
    return gone_.empty() || walk(domain, at, axis, forward, positive,
                                 [this](LinkId l) { return std::find(gone_.begin(), gone_.end(), l) == gone_.end(); });
  }

  std::int64_t dies_, per_domain_;
  TorusPoint size_{1, 1, 1};
  std::array<LinkId, 6> first_{};
  std::vector<LinkId> gone_;
};

} // namespace

std::unique_ptr<ScaleUp> make_torus(const Cluster& cluster, std::int64_t ranks, LinkTable links) {
  return std::make_unique<Torus>(cluster, ranks, links);
}

} // namespace weft::platforms
