#include "sim/traffic.hpp"

#include <map>

namespace weft::sim {
namespace {

class Traffic {
public:
  Traffic(const Placement& placement, const CollectivePricer& collectives, const StepResult& result)
      : placement_(placement), collectives_(collectives), r_(result) {}

  /// One rank class's share of a message: every member of a communicator counts an equal part of its flows.
  void add(const Message& m, std::int32_t c, double ranks, double times) {
    const auto& folded = r_.folded.communicators[std::size_t(c)];
    const auto& real = placement_.communicators[std::size_t(folded.representative)];
    if (real.use_count == 0) return; // a scalar for everybody: no bytes worth a flow
    const Transfer t = collectives_.price(m.op, m.size, real) * m.share;
    const double members = m.op == workloads::CollectiveOp::send ? 1 : double(real.span.ranks);
    const Dim dim = folded.dim(m.dim);
    auto& flows = payload_[dim];
    flows.resize(r_.folded.communicators.size());
    flows[std::size_t(c)] += times * t.payload * ranks / (members * double(folded.count));
    const double sent = t.algorithm == Algorithm::in_network ? 1 : bus_factor(m.op, real.span.ranks);
    double bytes = sent * m.size.count();
    if (real.all_to_all && real.cross_share < 1) { // over the border once, then handed on inside the domain
      const double n = double(real.span.ranks), g = n / double(real.span.domains);
      bytes = m.size.count() * (real.cross_share * (n - g) / n + (g - 1) / g);
    }
    closed_form_[dim] += times * ranks * bytes * m.share;
  }

  void finish(const platforms::Topology& topology, StepResult& out) const {
    std::vector<LinkBytes> groups;
    for (const platforms::LinkGroup& g : topology.groups()) {
      groups.push_back({g.name, 0, double(g.count - g.unused) * collectives_.capacity(g), g.count - g.unused});
    }
    for (const auto& [link, share] : topology.degraded()) {
      const platforms::LinkGroup& g = topology.groups()[topology.group_of(link)];
      groups[topology.group_of(link)].capacity -= (1 - share) * collectives_.capacity(g);
    }
    for (const auto& [dim, flows] : payload_) {
      double sent = 0;
      for (const auto& load : r_.folded.loads) {
        const double per_flow = flows[std::size_t(load.communicator)];
        groups[std::size_t(load.group)].bytes += per_flow * load.weight;
        sent += per_flow * load.begins;
      }
      out.bytes.push_back({dim, sent, closed_form_.at(dim)});
    }
    out.links = std::move(groups);
  }

private:
  const Placement& placement_;
  const CollectivePricer& collectives_;
  const StepResult& r_;
  std::map<Dim, std::vector<double>> payload_; ///< by communicator class: bytes per unit flow, whole step
  std::map<Dim, double> closed_form_;
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
  Traffic traffic(placement, collectives, r);
  for (std::size_t rc = 0; rc < r.folded.ranks.size(); ++rc) {
    for (const Op& op : r.program.stages[std::size_t(r.stage_of_class[rc])].ops)
      if (op.kind == OpKind::collective || op.kind == OpKind::send)
        traffic.add(r.program.messages[std::size_t(op.message)], r.folded.ranks[rc].communicator[index(op.role)],
                    double(r.folded.ranks[rc].count), 1);
    if (r.program.fused) add_fused(lowered, r, rc, traffic);
  }
  traffic.finish(topology, r);
}

} // namespace weft::sim
