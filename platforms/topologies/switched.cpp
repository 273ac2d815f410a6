// Every rank has one port into a non-blocking switch: NVLink with NVSwitch, a rack of them.
#include "platforms/topologies/topologies.hpp"

namespace weft::platforms {
namespace {

class Switched : public ScaleUp {
public:
  Switched(LinkId tx, LinkId rx) : tx_(tx), rx_(rx) {}
  void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const override {
    out.push_back(tx_ + LinkId(from));
    out.push_back(rx_ + LinkId(to));
  }

private:
  LinkId tx_, rx_;
};

} // namespace

std::unique_ptr<ScaleUp> make_switched(const Cluster& cluster, std::int64_t ranks, LinkTable links) {
  const BytesPerSecond port =
      cluster.accelerator.scale_up.bandwidth.value / double(cluster.accelerator.ranks_per_accelerator);
  const LinkId tx = links.add(LinkKind::scale_up_tx, ranks, {1, 1}, port, true);
  return std::make_unique<Switched>(tx, links.add(LinkKind::scale_up_rx, ranks, {1, 1}, port, true));
}

} // namespace weft::platforms
