#pragma once
// The links between ranks and which of them a message takes. Directional, per rank where a rank owns them;
// k parallel links under balanced routing are one link of k times the capacity.

#include "platforms/layout.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::platforms {

using LinkId = std::uint32_t;

enum class LinkKind {
  scale_up_tx, ///< a rank's port into the scale-up switch
  scale_up_rx,
  mesh,    ///< direct link, one direction of a pair
  node_up, ///< first to second scale-up tier (two_tier)
  node_down,
  nic_tx,
  nic_rx,
  tier_up, ///< uplinks of one block of a fabric tier
  tier_down,
  torus,   ///< to one neighbour; tier = 2 × dimension, + 1 in the negative direction
  bridge,  ///< from an accelerator to the other one of its pair
  pcie_up, ///< of a PCIe switch, to the host
  pcie_down,
  host, ///< all that crosses a node's host, both ways
  wan   ///< from one site to another
};

struct Link {
  LinkKind kind{};
  std::int32_t tier = -1;  ///< fabric tier, for tier_up and tier_down; direction of a torus link
  std::int64_t owner = 0;  ///< rank, NIC, node or block that owns it
  std::int32_t part = 0;   ///< of the cluster; 0 for tiers and sites
  BytesPerSecond capacity; ///< line rate, one direction
  bool binding = true; ///< false: capacity ≥ the sum of what feeds it, so it can never limit (bytes are still counted)
};

/// A run of links that are alike, numbered in order ("NIC tx 12", "pod uplink 3"). They belong to blocks of ranks:
/// link i to the block of ranks i / per_block · ranks and on (of places, where those are more; see Layout).
struct LinkGroup {
  std::string name;
  LinkKind kind{};
  std::int32_t tier = -1;
  LinkId first = 0;
  std::int64_t count = 0;
  std::int64_t per_block = 1; ///< links of one block
  std::int64_t ranks = 1;     ///< of one block
  BytesPerSecond capacity;    ///< of a link that is not degraded
  bool binding = true;        ///< see Link
  std::int64_t unused = 0;    ///< of them, numbers behind which nothing stands (a diagonal)
  std::int32_t part = 0;      ///< see Link
  std::int64_t number = 0;    ///< of the first one: parts count on
};

/// What tells flows between the same two ranks apart where routes are hashed.
struct FlowKey {
  std::uint64_t seed = 0;       ///< of the run
  std::uint64_t stream = 0;     ///< the communicator's connections
  std::uint64_t queue_pair = 0; ///< of them
};

/// Which part of the interconnect a pair of ranks uses.
enum class Reach { self, domain, fabric, wan };

class ScaleUp;
class ScaleOut;

/// Ranks 0 .. ranks-1 stand where Layout says, in order. The kinds of fabric below count places, not ranks.
class Topology {
public:
  Topology(const Cluster& cluster, std::int64_t ranks);
  ~Topology();
  Topology(Topology&&) noexcept;
  Topology& operator=(Topology&&) noexcept;

  [[nodiscard]] std::int64_t ranks() const { return layout_->ranks(); }
  [[nodiscard]] const Layout& layout() const { return *layout_; }
  [[nodiscard]] std::int64_t sites() const { return sites_; }
  [[nodiscard]] std::int64_t site_of(std::int64_t rank) const {
    return sites_ == 1 ? 0 : layout_->accelerator_of(layout_->place(rank)) / per_site_;
  }
  /// One way, without what switches and libraries add.
  [[nodiscard]] Seconds site_delay(std::int64_t a, std::int64_t b) const {
    return a == b ? Seconds(0) : site_delay_[std::size_t(a * sites_ + b)];
  }
  /// Where nothing is left out; of the first part.
  [[nodiscard]] std::int64_t ranks_per_domain() const { return layout_->parts().front().per_domain; }
  /// All links, as runs in ascending order of ids: nothing is stored for one link unless it is degraded.
  [[nodiscard]] const std::vector<LinkGroup>& groups() const { return groups_; }
  [[nodiscard]] std::int64_t link_count() const;
  /// For reports: the group's name, and of which part it is where several have links of the name.
  [[nodiscard]] std::string title(const LinkGroup& group) const;
  [[nodiscard]] std::size_t group_of(LinkId id) const;
  [[nodiscard]] Link link(LinkId id) const;
  /// Shares of their group's capacity. Links between sites and uplinks of unequal blocks may exceed it.
  [[nodiscard]] const std::map<LinkId, double>& degraded() const { return degraded_; }
  [[nodiscard]] std::size_t part_of(std::int64_t rank) const { return layout_->part_of(layout_->place(rank)); }
  [[nodiscard]] std::int64_t node_of(std::int64_t rank) const { return layout_->node_of(layout_->place(rank)); }
  [[nodiscard]] std::int64_t domain_of(std::int64_t rank) const { return layout_->domain_of(layout_->place(rank)); }
  [[nodiscard]] Reach reach(std::int64_t from, std::int64_t to) const;
  /// Appends the links of the route from one rank to another, source first; nothing for self. `key` matters where
  /// routing is hashed.
  void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out, const FlowKey& key = {}) const;
  /// Whether some messages that can occur choose among parallel links by a hash.
  [[nodiscard]] bool hashed() const { return hashed_; }
  /// Flows that a message across the fabric is cut into.
  [[nodiscard]] std::int64_t queue_pairs() const { return queue_pairs_; }
  /// "NIC tx 12", "pod uplink 3": for messages, reports and `degraded`.
  [[nodiscard]] std::string link_name(LinkId id) const;
  /// Orders ranks of one domain for a ring: along direct links where the scale-up fabric has a way round.
  void order_ring(std::vector<std::int32_t>& members) const;

private:
  void degrade(const Cluster& cluster);
  void join_sites(const Cluster& cluster);
  std::unique_ptr<Layout> layout_;        ///< the fabrics keep a reference
  std::int64_t sites_ = 1, per_site_ = 1; ///< accelerators of one
  LinkId wan_ = 0;                        ///< from site a to site b: wan_ + a · sites + b
  std::vector<Seconds> site_delay_;
  std::int64_t queue_pairs_ = 1;
  bool hashed_ = false;
  std::vector<LinkGroup> groups_;
  std::map<LinkId, double> degraded_;
  std::vector<std::unique_ptr<ScaleUp>> scale_up_; ///< by part
  std::unique_ptr<ScaleOut> scale_out_;
};

/// The link of that name, "pod uplink 3"; nothing when there is none.
std::optional<LinkId> find_link(const std::vector<LinkGroup>& groups, const std::string& name);

/// One kind of scale-up fabric; implementations stand in topologies/, listed in one table in topology.cpp. "Ranks" are
/// places, counted from the first one of its part.
class ScaleUp {
public:
  virtual ~ScaleUp() = default;
  /// Path between two different ranks of one domain.
  virtual void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const = 0;
  /// What a message crosses on its way to the rank's NIC, and from it. Nothing where the NIC has lanes of its own.
  virtual void append_to_nic(std::int64_t /*rank*/, std::vector<LinkId>& /*out*/) const {}
  virtual void append_from_nic(std::int64_t /*rank*/, std::vector<LinkId>& /*out*/) const {}
  /// See Topology::order_ring; leaves the order alone where every order is as good, or no ring exists.
  virtual void order_ring(std::vector<std::int32_t>& /*members*/) const {}
  /// A link is gone: routes that have another way take it from now on.
  virtual void avoid(LinkId /*link*/) {}
};

/// One kind of scale-out fabric: NICs and tiers. "Ranks" are places.
class ScaleOut {
public:
  virtual ~ScaleOut() = default;
  /// Path between NICs of ranks in different domains, NIC links included.
  virtual void append_path(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const = 0;
  /// Of a path between sites: from the sender through its NIC to where all of its site meets, and down to the receiver.
  virtual void append_up(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const = 0;
  virtual void append_down(std::int64_t from, std::int64_t to, const FlowKey& key, std::vector<LinkId>& out) const = 0;
  /// See Topology::hashed.
  [[nodiscard]] virtual bool hashed() const { return false; }
  /// A link is gone: hashed routes choose among the others.
  virtual void avoid(LinkId /*link*/) {}
};

} // namespace weft::platforms
