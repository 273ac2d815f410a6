// A node without a scale-up switch: every accelerator has a PCIe port, into a switch or into the host itself. Two on
// one switch meet there; others cross the host. Bridged pairs (2i, 2i + 1) have a link of their own. NICs hang on the
// host, so what leaves the node crosses the sender's port too. Capacities: bytes/s per direction, the host's for all
// that crosses it together. Fire-Flyer 2 (arXiv 2408.14158): eight A100 PCIe, no switches, bridges, one NIC.
#include "platforms/topologies/topologies.hpp"

#include <algorithm>

namespace weft::platforms {
namespace {

class Pcie : public ScaleUp {
public:
  Pcie(const Cluster& cluster, std::int64_t ranks, LinkTable links)
      : dies_(cluster.accelerator.ranks_per_accelerator), per_node_(cluster.node.accelerators) {
    const PcieTree& tree = *cluster.node.pcie; // checked when read
    const std::int64_t nodes = blocks(ranks, cluster.ranks_per_node());
    const BytesPerSecond port = cluster.accelerator.scale_up.bandwidth.value;
    tx_ = links.add(LinkKind::scale_up_tx, nodes * per_node_, {1, dies_}, port, true);
    rx_ = links.add(LinkKind::scale_up_rx, nodes * per_node_, {1, dies_}, port, true);
    if (tree.per_switch > 0) {
      per_switch_ = tree.per_switch;
      const std::int64_t switches = nodes * per_node_ / per_switch_;
      const bool binding = tree.uplink->value < port * double(per_switch_);
      up_ = links.add(LinkKind::pcie_up, switches, {1, per_switch_ * dies_}, tree.uplink->value, binding);
      down_ = links.add(LinkKind::pcie_down, switches, {1, per_switch_ * dies_}, tree.uplink->value, binding);
    }
    if (tree.host) {
      limited_ = true;
      host_ = links.add(LinkKind::host, nodes, {1, cluster.ranks_per_node()}, tree.host->value, true);
    }
    if (tree.bridge) {
      bridged_ = true;
      bridge_ = links.add(LinkKind::bridge, nodes * per_node_, {1, dies_}, tree.bridge->value, true);
    }
  }

  void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const override {
    const std::int64_t a = from / dies_, b = to / dies_;
    if (a == b) return;
    const LinkId bridge = bridge_ + LinkId(a);
    if (bridged_ && a / 2 == b / 2 && std::find(gone_.begin(), gone_.end(), bridge) == gone_.end()) {
      out.push_back(bridge);
      return;
    }
    out.push_back(tx_ + LinkId(a));
    if (per_switch_ == 0 || a / per_switch_ != b / per_switch_) {
      if (per_switch_ > 0) out.push_back(up_ + LinkId(a / per_switch_));
      if (limited_) out.push_back(host_ + LinkId(a / per_node_));
      if (per_switch_ > 0) out.push_back(down_ + LinkId(b / per_switch_));
    }
    out.push_back(rx_ + LinkId(b));
  }
  void append_to_nic(std::int64_t rank, std::vector<LinkId>& out) const override {
    const std::int64_t a = rank / dies_;
    out.push_back(tx_ + LinkId(a));
    if (per_switch_ > 0) out.push_back(up_ + LinkId(a / per_switch_));
    if (limited_) out.push_back(host_ + LinkId(a / per_node_));
  }
  void append_from_nic(std::int64_t rank, std::vector<LinkId>& out) const override {
    const std::int64_t a = rank / dies_;
    if (limited_) out.push_back(host_ + LinkId(a / per_node_));
    if (per_switch_ > 0) out.push_back(down_ + LinkId(a / per_switch_));
    out.push_back(rx_ + LinkId(a));
  }
  void avoid(LinkId link) override { gone_.push_back(link); }

private:
  std::int64_t dies_, per_node_, per_switch_ = 0;
  LinkId tx_ = 0, rx_ = 0, up_ = 0, down_ = 0, host_ = 0, bridge_ = 0;
  bool limited_ = false, bridged_ = false;
  std::vector<LinkId> gone_;
};

} // namespace

std::unique_ptr<ScaleUp> make_pcie(const Cluster& cluster, std::int64_t ranks, LinkTable links) {
  return std::make_unique<Pcie>(cluster, ranks, links);
}

} // namespace weft::platforms
