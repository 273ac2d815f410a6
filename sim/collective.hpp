#pragma once
// Collectives as latency plus bytes on links. The algorithm follows from operation and placement; each one
// stands in collectives/.

#include "platforms/cluster.hpp"
#include "sim/placement.hpp"
#include "workloads/layer.hpp"

#include <map>
#include <vector>

namespace weft::sim {

/// busbw factor of nccl-tests: all-reduce 2(n-1)/n, all-gather, reduce-scatter and all-to-all (n-1)/n, else 1.
double bus_factor(workloads::CollectiveOp op, std::int64_t ranks);

/// An operation of S bytes on a communicator, ready to run: pay `latency`, then move `units` bytes through each
/// of the communicator's flows. units = 0: the latency is all there is.
struct Transfer {
  Algorithm algorithm{};
  std::size_t pattern = 0; ///< of the communicator's, whose links it takes
  double latency = 0;      ///< s: base, hops, and the √ term of chunked pipelining
  double units = 0;        ///< bytes per flow, as the solver sees them (link efficiencies are in the link capacities)
  double payload = 0;      ///< bytes per flow that really cross; differs where the pattern has a rate of its own
  /// Part of it, latency included.
  [[nodiscard]] Transfer operator*(double share) const {
    return {algorithm, pattern, share * latency, share * units, share * payload};
  }
};

/// Closed forms (sim/docs/collectives.md) with the cluster's constants.
class CollectivePricer {
public:
  /// Messages take the patterns that the choice says.
  CollectivePricer(const platforms::Cluster& cluster, Choice choice);
  explicit CollectivePricer(const platforms::Cluster& cluster) : CollectivePricer(cluster, Choice(cluster)) {}

  /// `rate` > 0 holds a rank to that many bytes/s, whatever the links could carry: the transfer is a timer.
  /// With some tiers ideal their hops and √ terms are gone: those inside domains are the scale-up tier's, a hop out of
  /// one its cards', the delay of the way between sites the site links'. What is paid once (base, phases, a send's
  /// latency, a stack's own rate) is gone once all tiers that the message waits for are. Links are the caller's.
  [[nodiscard]] Transfer price(workloads::CollectiveOp op, Bytes size, const Placement::Communicator& c,
                               double rate = 0, TierSet ideal = 0) const;
  /// Which of the communicator's patterns the message takes: that of the algorithm chosen for it, else the first.
  [[nodiscard]] std::size_t pattern_of(const Call& call, const Placement::Communicator& c) const;
  /// Isolated time of the same: latency plus bytes over the slowest of its links that are not ideal.
  [[nodiscard]] double isolated(workloads::CollectiveOp op, Bytes size, const Placement& placement,
                                const Placement::Communicator& c, const std::vector<double>& capacity,
                                TierSet ideal = 0) const;
  /// Achieved bytes/s of a link: line rate × the efficiency of its kind.
  [[nodiscard]] double capacity(const platforms::Link& link) const;
  /// Of each link of a run that are alike.
  [[nodiscard]] double capacity(const platforms::LinkGroup& g) const {
    return capacity({g.kind, g.tier, 0, g.part, g.capacity, true});
  }

private:
  /// Which terms are paid: 1, or 0 where their tier is ideal.
  struct Paid {
    double base = 1, inside = 1, outside = 1, between_sites = 1;
  };
  [[nodiscard]] Transfer by_pattern(workloads::CollectiveOp op, double bytes, const Span& span,
                                    const Placement::Pattern& pattern, const Paid& paid) const;
  [[nodiscard]] Transfer stepwise(workloads::CollectiveOp op, double bytes, const Span& span,
                                  const Placement::Pattern& pattern, const Paid& paid) const;
  [[nodiscard]] Transfer all_to_all(double bytes, const Span& span, const Placement::Pattern& pattern,
                                    const Paid& paid) const;
  [[nodiscard]] Transfer in_domain(workloads::CollectiveOp op, double bytes, const Span& span,
                                   const Placement::Pattern& pattern, const Paid& paid) const;
  /// What patterns need of the nodes they run on.
  struct Nodes {
    platforms::ScaleUpTiming timing;
    bool mesh = false;
    double port_rate = 0; ///< achieved bytes/s of a rank's scale-up port, or of a mesh link
    double card_efficiency = 1;
    double exchange_slower = 1; ///< efficiency of cards over that in all-to-all
  };
  static Nodes nodes_of(const platforms::Cluster& one_kind);
  [[nodiscard]] const Nodes& nodes(const Span& span) const {
    return span.part < 0 ? across(span.parts) : parts_[std::size_t(span.part)];
  }
  const Nodes& across(std::uint64_t parts) const;
  [[nodiscard]] static double in_domain_latency(const Nodes& nodes, double phases, double bytes_per_port,
                                                bool in_network, const Paid& paid);
  const platforms::Cluster& cluster_;
  Choice choice_;
  std::vector<Nodes> parts_;
  mutable std::map<std::uint64_t, Nodes> across_; ///< the slowest of each: who spans several parts waits for it
  double tier_efficiency_ = 1; ///< the best cards': what others do not reach limits them at their cards
};

} // namespace weft::sim
