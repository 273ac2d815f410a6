#pragma once
// Which links a communicator's traffic loads, one pattern a file.

#include "platforms/topology.hpp"
#include "sim/placement.hpp"

#include <cstdint>
#include <vector>

namespace weft::sim {

/// Adds up paths into link weights. Reused for every communicator: no allocation per path.
class LinkLoader {
public:
  LinkLoader(const platforms::Topology& topology, platforms::ScaleUpKind scale_up);

  /// Appends the usage of a collective (ring, or direct exchange on a full mesh); returns Communicator::split.
  std::int32_t collective(const std::vector<std::int32_t>& members, std::vector<LinkUse>& out);
  /// Appends the usage of an exchange of every member with every other one. `cross_share` below 1: bytes that cross
  /// scale-up domains are only that share of a plain exchange's, and are handed on inside the domain.
  void all_to_all(const std::vector<std::int32_t>& members, double cross_share, std::vector<LinkUse>& out);
  /// Appends the path of one message.
  void send(std::int32_t from, std::int32_t to, std::vector<LinkUse>& out);

  [[nodiscard]] std::int64_t domains(const std::vector<std::int32_t>& members) const;
  [[nodiscard]] const platforms::Topology& topology() const { return topology_; }
  [[nodiscard]] platforms::ScaleUpKind scale_up() const { return scale_up_; }

  /// One unit-weight flow from one rank to another.
  void flow(std::int32_t from, std::int32_t to);
  /// Moves what flow() gathered to `out`, links in ascending order.
  void flush(std::vector<LinkUse>& out);

private:
  const platforms::Topology& topology_;
  platforms::ScaleUpKind scale_up_;
  std::vector<std::int32_t> weight_, begins_;
  std::vector<platforms::LinkId> touched_, path_;
};

/// Ring through all members, domain by domain. In a domain with g members the traffic that enters and leaves
/// is spread over their NICs by rotating the entry point over `split` = lcm(g) channels, as libraries do with
/// their channels; rails are kept from domain to domain. Every edge of one channel carries f·S/split bytes.
/// Inside a domain the order is the topology's (order_ring); one torus has two channels, one each way round.
std::int32_t load_ring(const std::vector<std::int32_t>& members, LinkLoader& loader);

/// Every member sends to every other one on their direct link.
void load_mesh(const std::vector<std::int32_t>& members, LinkLoader& loader);

} // namespace weft::sim
