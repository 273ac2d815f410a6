#include "sim/traffic.hpp"

#include <bit>
#include <map>
#include <utility>

namespace weft::sim {
namespace {

/// What a rank sends on the average, over the buffer.
double sent(workloads::CollectiveOp op, Algorithm algorithm, const Span& span) {
  const double n = double(span.ranks), whole = double(std::bit_floor(std::uint64_t(span.ranks)));
  if (algorithm == Algorithm::in_network) return 1;
  if (algorithm == Algorithm::switch_tree) return 1 + 2 * double(span.domains - 1) / n;
  if (algorithm == Algorithm::fabric_reduction) return 1 + double(span.domains) / n;
  if (algorithm == Algorithm::halving_doubling) // those beyond a power of two hand their buffers over and back
    return (op == workloads::CollectiveOp::all_reduce ? 2 : 1) * (whole - 1 + 2 * (n - whole)) / n;
  return bus_factor(op, span.ranks);
}

class Traffic {
public:
  Traffic(const Placement& placement, const CollectivePricer& collectives, const platforms::Topology& topology,
          const StepResult& result)
      : placement_(placement), collectives_(collectives), topology_(topology), r_(result),
        mates_(result.folded.communicators.size(), 0) {}

  /// One rank class's share of a message: every member of a communicator counts an equal part of its flows.
  void add(const Message& m, std::int32_t c, double ranks, double times) {
    const auto& folded = r_.folded.communicators[std::size_t(c)];
    const auto& real = placement_.communicators[std::size_t(folded.representative)];
    if (real.patterns.empty()) { // a scalar for everybody: no bytes worth a flow
      tiers_ |= real.tiers(0);
      return;
    }
    const Transfer t = collectives_.price(m.op, m.size, real, m.rate) * m.share;
    const Placement::Pattern& pattern = real.patterns[t.pattern];
    const double members = m.op == workloads::CollectiveOp::send ? 1 : double(real.span.ranks);
    const Dim dim = folded.dim(m.dim);
    tiers_ |= real.tiers(t.pattern);
    payload_[dim][{c, std::int32_t(t.pattern)}] += times * t.payload * ranks / (members * double(folded.count));
    double bytes = sent(m.op, t.algorithm, real.span) * m.size.count();
    if (pattern.cross_share < 1) { // over the border once, then handed on inside the domain
      const double n = double(real.span.ranks), g = n / double(real.span.domains);
      bytes = m.size.count() * (pattern.cross_share * (n - mates(c)) / n + (g - 1) / g);
    }
    closed_form_[dim] += times * ranks * bytes * m.share;
  }

  void finish(StepResult& out) const {
    std::vector<LinkBytes> groups;
    for (const platforms::LinkGroup& g : topology_.groups()) {
      groups.push_back({topology_.title(g), 0, double(g.count - g.unused) * collectives_.capacity(g),
                        g.count - g.unused, tier_of(g.kind, g.tier)});
    }
    for (const auto& [link, share] : topology_.degraded()) {
      const platforms::LinkGroup& g = topology_.groups()[topology_.group_of(link)];
      groups[topology_.group_of(link)].capacity -= (1 - share) * collectives_.capacity(g);
    }
    for (const auto& [dim, flows] : payload_) {
      double sent = 0;
      for (const auto& load : r_.folded.loads) {
        const auto flow = flows.find({load.communicator, load.pattern});
        if (flow == flows.end()) continue;
        const double per_flow = flow->second;
        groups[std::size_t(load.group)].bytes += per_flow * load.weight;
        sent += per_flow * load.begins;
      }
      out.bytes.push_back({dim, sent, closed_form_.at(dim)});
    }
    out.links = std::move(groups);
    out.tiers = tiers_;
  }

private:
  /// Ranks of the communicator in a member's domain, itself included: mean over members.
  double mates(std::int32_t c) {
    double& known = mates_[std::size_t(c)];
    if (known > 0) return known;
    const auto& real = placement_.communicators[std::size_t(r_.folded.communicators[std::size_t(c)].representative)];
    std::map<std::int64_t, double> domains;
    for (const std::int32_t m : placement_.members_of(real))
      ++domains[topology_.domain_of(placement_.cells[std::size_t(m)].rank)];
    for (const auto& [domain, ranks] : domains)
      known += ranks * ranks;
    return known /= double(real.span.ranks);
  }

  const Placement& placement_;
  const CollectivePricer& collectives_;
  const platforms::Topology& topology_;
  const StepResult& r_;
  /// By communicator class and pattern: bytes per unit flow, whole step.
  std::map<Dim, std::map<std::pair<std::int32_t, std::int32_t>, double>> payload_;
  std::map<Dim, double> closed_form_;
  TierSet tiers_ = 0;         ///< that some message waits for
  std::vector<double> mates_; ///< by communicator class; 0: not asked for yet
};

/// The collectives inside a stage's compute ops.
void add_fused(const Lowered& lowered, const StepResult& r, std::size_t rank_class, Traffic& traffic) {
  std::map<std::int32_t, double> slots; // cost → how often
  for (const Op& op : r.program.stages[std::size_t(r.stage_of_class[rank_class])].ops)
    if (op.kind == OpKind::compute) slots[op.cost] += op.share;
  for (const auto& [cost, times] : slots)
    for (const auto& part : lowered.recipes[std::size_t(cost)].parts) {
      if (part.only_host) continue;
      for (const auto& step : part.work) {
        if (!step.is_collective) continue;
        const auto& c = step.collective;
        const std::int32_t group = r.folded.ranks[rank_class].communicator[index(role_of(c.group))];
        traffic.add({c.op, c.bytes, dim_of(c), true, c.share}, group, double(r.folded.ranks[rank_class].count),
                    times * part.times);
      }
    }
}

} // namespace

void count_traffic(const Lowered& lowered, const Placement& placement, const CollectivePricer& collectives,
                   const platforms::Topology& topology, StepResult& r) {
  Traffic traffic(placement, collectives, topology, r);
  for (std::size_t rc = 0; rc < r.folded.ranks.size(); ++rc) {
    for (const Op& op : r.program.stages[std::size_t(r.stage_of_class[rc])].ops)
      if (op.kind == OpKind::collective || op.kind == OpKind::send)
        traffic.add(r.program.messages[std::size_t(op.message)], r.folded.ranks[rc].communicator[index(op.role)],
                    double(r.folded.ranks[rc].count), 1);
    if (r.program.fused) add_fused(lowered, r, rc, traffic);
  }
  traffic.finish(r);
}

} // namespace weft::sim
