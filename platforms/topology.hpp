#pragma once
// The links between ranks and which of them a message takes. Directional, per rank where a rank owns them;
// k parallel links under balanced routing are one link of k times the capacity.

#include "platforms/cluster.hpp"

#include <cstdint>
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
  host ///< all that crosses a node's host, both ways
};

struct Link {
  LinkKind kind{};
  std::int32_t tier = -1;  ///< fabric tier, for tier_up and tier_down; direction of a torus link
  std::int64_t owner = 0;  ///< rank, NIC, node or block that owns it
  BytesPerSecond capacity; ///< line rate, one direction
  bool binding = true; ///< false: capacity ≥ the sum of what feeds it, so it can never limit (bytes are still counted)
};

/// Which part of the interconnect a pair of ranks uses.
enum class Reach { self, domain, fabric };

class ScaleUp;
class ScaleOut;

/// Ranks 0 .. ranks-1 fill nodes in order, a node's ranks fill its accelerators in order.
class Topology {
public:
  Topology(const Cluster& cluster, std::int64_t ranks);
  ~Topology();
  Topology(Topology&&) noexcept;
  Topology& operator=(Topology&&) noexcept;

  [[nodiscard]] std::int64_t ranks() const { return ranks_; }
  [[nodiscard]] const std::vector<Link>& links() const { return links_; }
  [[nodiscard]] std::int64_t node_of(std::int64_t rank) const { return rank / ranks_per_node_; }
  [[nodiscard]] std::int64_t domain_of(std::int64_t rank) const { return rank / ranks_per_domain_; }
  [[nodiscard]] Reach reach(std::int64_t from, std::int64_t to) const;
  /// Appends the links of the balanced route from one rank to another, source first; nothing for self.
  void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const;
  /// "NIC tx 12", "pod uplink 3": for messages, reports and `degraded`.
  [[nodiscard]] std::string link_name(LinkId id) const;
  /// Name of a link's class of hardware: "scale-up port", "NIC", "rack uplink", "pod uplink", ...
  [[nodiscard]] std::string link_group(LinkId id) const;
  /// One run of links of the same name, numbered 0 .. count-1.
  struct Group {
    std::string name;
    LinkId first = 0;
    std::int64_t count = 0;
  };
  [[nodiscard]] std::vector<Group> link_groups() const;
  /// Orders ranks of one domain for a ring: along direct links where the scale-up fabric has a way round.
  void order_ring(std::vector<std::int32_t>& members) const;

private:
  void degrade(const Cluster& cluster);
  std::int64_t ranks_ = 0;
  std::int64_t ranks_per_node_ = 1;
  std::int64_t ranks_per_domain_ = 1;
  std::vector<std::string> tier_names_;
  std::vector<Link> links_;
  std::unique_ptr<ScaleUp> scale_up_;
  std::unique_ptr<ScaleOut> scale_out_;
};

/// The link of that name, "pod uplink 3"; nothing when there is none.
std::optional<LinkId> find_link(const std::vector<Topology::Group>& groups, const std::string& name);

/// One kind of scale-up fabric; implementations stand in topologies/, listed in one table in topology.cpp.
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

/// One kind of scale-out fabric: NICs and tiers.
class ScaleOut {
public:
  virtual ~ScaleOut() = default;
  /// Path between NICs of ranks in different domains, NIC links included.
  virtual void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const = 0;
};

} // namespace weft::platforms
