// Node switches joined by a second, non-blocking tier: a CloudMatrix384 supernode, joined racks.
#include "platforms/topologies/topologies.hpp"

namespace weft::platforms {
namespace {

class TwoTier : public ScaleUp {
public:
  TwoTier(LinkId tx, LinkId rx, LinkId up, LinkId down, std::int64_t ranks_per_node)
      : tx_(tx), rx_(rx), up_(up), down_(down), ranks_per_node_(ranks_per_node) {}
  void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const override {
    const std::int64_t a = from / ranks_per_node_, b = to / ranks_per_node_;
    out.push_back(tx_ + LinkId(from));
    if (a != b) {
      out.push_back(up_ + LinkId(a));
      out.push_back(down_ + LinkId(b));
    }
    out.push_back(rx_ + LinkId(to));
  }

private:
  LinkId tx_, rx_, up_, down_;
  std::int64_t ranks_per_node_;
};

} // namespace

std::unique_ptr<ScaleUp> make_two_tier(const Cluster& cluster, std::int64_t ranks, LinkTable links) {
  const std::int64_t per_node = cluster.ranks_per_node();
  const BytesPerSecond port =
      cluster.accelerator.scale_up.bandwidth.value / double(cluster.accelerator.ranks_per_accelerator);
  const std::int64_t nodes = blocks(ranks, per_node);
  const LinkId tx = links.add(LinkKind::scale_up_tx, ranks, {1, 1}, port, true);
  const LinkId rx = links.add(LinkKind::scale_up_rx, ranks, {1, 1}, port, true);
  // One uplink per node stands for its links to the second tier, as wide as its ports: it never binds.
  const LinkId up = links.add(LinkKind::node_up, nodes, {1, per_node}, port * double(per_node), false);
  const LinkId down = links.add(LinkKind::node_down, nodes, {1, per_node}, port * double(per_node), false);
  return std::make_unique<TwoTier>(tx, rx, up, down, per_node);
}

} // namespace weft::platforms
