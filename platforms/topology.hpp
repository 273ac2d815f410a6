#pragma once
// The links between ranks and which of them a message takes. Directional, per rank where a rank owns them;
// k parallel links under balanced routing are one link of k times the capacity.

#include "platforms/cluster.hpp"

#include <cstdint>
#include <memory>
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
  tier_down
};

struct Link {
  LinkKind kind{};
  std::int32_t tier = -1;  ///< fabric tier, for tier_up and tier_down
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
  /// "nic_tx of rank 12", "pod uplink 3": for messages and reports.
  [[nodiscard]] std::string link_name(LinkId id) const;
  /// Name of a link's class of hardware: "scale-up port", "NIC", "rack uplink", "pod uplink", ...
  [[nodiscard]] std::string link_group(LinkId id) const;

private:
  std::int64_t ranks_ = 0;
  std::int64_t ranks_per_node_ = 1;
  std::int64_t ranks_per_domain_ = 1;
  std::vector<std::string> tier_names_;
  std::vector<Link> links_;
  std::unique_ptr<ScaleUp> scale_up_;
  std::unique_ptr<ScaleOut> scale_out_;
};

/// One kind of scale-up fabric; implementations stand in topologies/, listed in one table in topology.cpp.
class ScaleUp {
public:
  virtual ~ScaleUp() = default;
  /// Path between two different ranks of one domain.
  virtual void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const = 0;
};

/// One kind of scale-out fabric: NICs and tiers.
class ScaleOut {
public:
  virtual ~ScaleOut() = default;
  /// Path between NICs of ranks in different domains, NIC links included.
  virtual void append_path(std::int64_t from, std::int64_t to, std::vector<LinkId>& out) const = 0;
};

} // namespace weft::platforms
