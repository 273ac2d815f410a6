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
    auto& flows = payload_[m.dim];
    flows.resize(r_.folded.communicators.size());
    flows[std::size_t(c)] += times * t.payload * ranks / (members * folded.count);
    const double sent = t.algorithm == Algorithm::in_network ? 1 : bus_factor(m.op, real.span.ranks);
    closed_form_[m.dim] += times * ranks * sent * m.size.count() * m.share;
  }

  void finish(const platforms::Topology& topology, const FoldInput& in, StepResult& out) const {
    std::map<std::int32_t, LinkBytes> groups;
    std::map<std::int32_t, bool> leaves_a_rank; // ports and cards through which a rank sends
    const auto& links = topology.links();
    for (std::size_t l = 0; l < links.size(); ++l) {
      LinkBytes& group = groups[in.group[l]];
      if (group.links++ == 0) group.link = topology.link_group(platforms::LinkId(l));
      group.capacity += in.capacity[l];
      const auto kind = links[l].kind;
      leaves_a_rank[in.group[l]] = kind == platforms::LinkKind::scale_up_tx || kind == platforms::LinkKind::mesh ||
                                   kind == platforms::LinkKind::nic_tx;
    }
    for (const auto& [dim, flows] : payload_) {
      double sent = 0;
      for (const auto& load : r_.folded.loads) {
        const double bytes = flows[std::size_t(load.communicator)] * load.weight;
        groups[load.group].bytes += bytes;
        if (leaves_a_rank[load.group]) sent += bytes;
      }
      out.bytes.push_back({dim, sent, closed_form_.at(dim)});
    }
    for (auto& [id, group] : groups)
      out.links.push_back(group);
  }

private:
  const Placement& placement_;
  const CollectivePricer& collectives_;
  const StepResult& r_;
  std::map<Dim, std::vector<double>> payload_; ///< by communicator class: bytes per unit flow, whole step
  std::map<Dim, double> closed_form_;
};

/// The tp collectives inside a stage's compute ops.
void add_fused_tp(const Lowered& lowered, const StepResult& r, std::size_t rank_class, Traffic& traffic) {
  const std::int32_t c = r.folded.ranks[rank_class].communicator[std::size_t(Role::tp)];
  std::map<std::int32_t, double> slots; // cost → how often
  for (const Op& op : r.program.stages[std::size_t(r.stage_of_class[rank_class])].ops)
    if (op.kind == OpKind::compute) slots[op.cost] += op.share;
  for (const auto& [cost, times] : slots)
    for (const auto& part : lowered.recipes[std::size_t(cost)].parts)
      for (const auto& step : part.work)
        if (step.is_collective)
          traffic.add({step.collective.op, step.collective.bytes, step.collective.loss ? Dim::other : Dim::tp, true}, c,
                      r.folded.ranks[rank_class].count, times * part.times);
}

} // namespace

void count_traffic(const Lowered& lowered, const Placement& placement, const CollectivePricer& collectives,
                   const platforms::Topology& topology, const FoldInput& in, StepResult& r) {
  Traffic traffic(placement, collectives, r);
  for (std::size_t rc = 0; rc < r.folded.ranks.size(); ++rc) {
    for (const Op& op : r.program.stages[std::size_t(r.stage_of_class[rc])].ops)
      if (op.kind == OpKind::collective || op.kind == OpKind::send)
        traffic.add(r.program.messages[std::size_t(op.message)], r.folded.ranks[rc].communicator[std::size_t(op.role)],
                    r.folded.ranks[rc].count, 1);
    if (r.program.tp_fused) add_fused_tp(lowered, r, rc, traffic);
  }
  traffic.finish(topology, in, r);
}

} // namespace weft::sim
