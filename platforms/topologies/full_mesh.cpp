// A direct link between every pair of accelerators of a node (HCCS, Infinity Fabric): traffic to one peer
// cannot borrow the links to others. Ranks of one package share its links; between them there is none to model.
#include "platforms/topologies/topologies.hpp"

namespace weft::platforms {
namespace {

class FullMesh : public ScaleUp {
public:
  FullMesh(LinkId first, std::int64_t per_node, std::int64_t ranks_per_accelerator)
      : first_(first), per_node_(per_node), dies_(ranks_per_accelerator) {}
  void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const override {
    const std::int64_t a = from / dies_, b = to / dies_;
    if (a == b) return;
    const std::int64_t node = a / per_node_;
    out.push_back(first_ + LinkId((node * per_node_ + a % per_node_) * per_node_ + b % per_node_));
  }

private:
  LinkId first_;
  std::int64_t per_node_, dies_;
};

} // namespace

std::unique_ptr<ScaleUp> make_full_mesh(const Cluster& cluster, std::int64_t ranks, LinkTable links) {
  const std::int64_t n = cluster.node.accelerators;
  const std::int64_t nodes = blocks(ranks, cluster.ranks_per_node());
  // A row for every ordered pair, the unused diagonal included: the index stays arithmetic.
  const LinkId first = links.add(LinkKind::mesh, nodes * n * n, {n * n, cluster.ranks_per_node()},
                                 cluster.accelerator.scale_up.link_bandwidth->value, true, -1, nodes * n);
  return std::make_unique<FullMesh>(first, n, cluster.accelerator.ranks_per_accelerator);
}

} // namespace weft::platforms
