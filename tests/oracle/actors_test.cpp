// Does SimGrid on its own, an actor for every op of every rank and a communication for every message, end each
// compute op when Weft's engine does? Nothing of Weft's engine, folding, weights or timers is used: what comes from
// Weft is what each rank does, what it costs, and which links a message's flows cross.
// Steps last a good part of a second: SimGrid merges what lies less than a nanosecond apart.
#include "platforms/base/workers.hpp"
#include "sim/collective.hpp"
#include "tests/support.hpp"

#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <simgrid/s4u.hpp>

using namespace weft;
namespace sg = simgrid::s4u;

namespace {

class Actors {
public:
  Actors(const analysis::Loaded& loaded, const sim::StepResult& step)
      : step_(step), topology_(loaded.cluster, loaded.cluster.ranks()),
        choice_(*sim::Choice::make(loaded.cluster, loaded.scenario.stack.collectives)),
        placement_(
            sim::place(loaded.scenario, topology_, choice_, step.calls, sim::Symmetry::none(loaded.scenario.plan))),
        prices_(loaded.cluster, choice_) {}

  /// Ends of all compute ops, rank by rank in program order.
  std::vector<double> run() {
    int argc = 2;
    std::string name = "oracle", quiet = "--log=root.thres:critical";
    char* arguments[] = {name.data(), quiet.data(), nullptr};
    char** argv = arguments;
    sg::Engine engine(&argc, argv);
    sg::Engine::set_config("network/model:CM02");
    sg::Engine::set_config("network/TCP-gamma:1e30");
    sg::Engine::set_config("network/crosstraffic:0");
    sg::Engine::set_config("maxmin/precision:1e-9");
    build_platform();
    build_ops();
    for (std::size_t r = 0; r < ops_.size(); ++r)
      for (std::size_t op = 0; op < ops_[r].size(); ++op)
        sg::Actor::create("op", home_, [this, r, op] { live(r, op); });
    engine.run();
    std::vector<double> out;
    for (std::size_t r = 0; r < ops_.size(); ++r)
      for (std::size_t op = 0; op < ops_[r].size(); ++op)
        if (program(r).ops[op].kind == sim::OpKind::compute) out.push_back(ops_[r][op].end);
    return out;
  }

private:
  struct Op {
    sg::SemaphorePtr ready, message; ///< one release for everything it waits for; when its message is through
    double end = -1;
  };
  struct Meeting {
    std::size_t arrived = 0;
    std::vector<std::pair<std::size_t, std::size_t>> members; ///< (rank, op)
  };

  [[nodiscard]] const sim::StageProgram& program(std::size_t rank) const {
    return step_.program.stages[std::size_t(placement_.cells[rank].stage)];
  }

  void build_platform() {
    auto* zone = sg::create_full_zone("fabric");
    std::int32_t most_parts = 1;
    for (const auto& c : placement_.communicators)
      for (const auto& pattern : c.patterns)
        most_parts = std::max(most_parts, pattern.parts);
    std::vector<sg::Link*> links;
    for (const auto& placed : placement_.links) {
      const double rate = prices_.capacity(topology_.link(placed.id)) * grain * most_parts;
      links.push_back(zone->create_link(topology_.link_name(placed.id), rate)->set_latency(0)->seal());
    }
    home_ = zone->create_host("home", 1.0);
    home_->seal();
    for (const auto& c : placement_.communicators)
      for (const auto& pattern : c.patterns) {
        auto* from = zone->create_host(fmt::format("from {}", ends_.size()), 1.0);
        auto* to = zone->create_host(fmt::format("to {}", ends_.size()), 1.0);
        from->seal();
        to->seal();
        std::vector<sg::LinkInRoute> route;
        for (const auto& use : placement_.uses_of(pattern))
          for (std::int64_t i = 0; i < use.weight * most_parts / pattern.parts; ++i)
            route.emplace_back(links[use.link]);
        if (!route.empty()) zone->add_route(from->get_netpoint(), to->get_netpoint(), nullptr, nullptr, route, false);
        ends_[&pattern] = {from, to};
      }
    zone->seal();
  }

  void build_ops() {
    ops_.resize(placement_.cells.size());
    for (std::size_t r = 0; r < ops_.size(); ++r)
      for (std::size_t op = 0; op < program(r).ops.size(); ++op)
        ops_[r].push_back({sg::Semaphore::create(0), sg::Semaphore::create(0), -1});
  }

  void live(std::size_t rank, std::size_t id) {
    const sim::Op& op = program(rank).ops[id];
    Op& mine = ops_[rank][id];
    for (std::int32_t i = 0; i < op.waits; ++i)
      mine.ready->acquire();
    switch (op.kind) {
    case sim::OpKind::compute: {
      const sim::Cost& cost = step_.costs[std::size_t(placement_.cells[rank].kind)][std::size_t(op.cost)];
      const double seconds = op.share * (cost.elastic + cost.rigid);
      host_[rank] += op.share * cost.host;
      if (seconds > 0) sg::this_actor::sleep_until(std::max(sg::Engine::get_clock() + seconds, host_[rank]));
      break;
    }
    case sim::OpKind::receive: break; // its message was among what it waited for
    case sim::OpKind::send: {
      const auto& c = communicator(rank, op.role);
      move(c, op.message);
      const auto to = std::size_t(placement_.members_of(c)[1]);
      const auto& receives = program(to).by_tag[std::size_t(sim::receiver_of(op.role))];
      if (std::size_t(op.tag) < receives.size() && receives[std::size_t(op.tag)] >= 0)
        ops_[to][std::size_t(receives[std::size_t(op.tag)])].ready->release();
      break;
    }
    case sim::OpKind::collective: {
      const std::int32_t c = placement_.cells[rank].communicator[std::size_t(op.role)];
      Meeting& meeting = meetings_[{c, op.tag}];
      meeting.members.emplace_back(rank, id);
      if (++meeting.arrived == std::size_t(placement_.communicators[std::size_t(c)].member_count)) {
        move(placement_.communicators[std::size_t(c)], op.message);
        for (const auto& [member, its] : meeting.members)
          ops_[member][its].message->release();
      }
      mine.message->acquire();
      break;
    }
    }
    mine.end = sg::Engine::get_clock();
    for (std::int32_t i = 0; i < op.successor_count; ++i)
      ops_[rank][std::size_t(program(rank).successors[std::size_t(op.first_successor + i)])].ready->release();
  }

  [[nodiscard]] const sim::Placement::Communicator& communicator(std::size_t rank, sim::Role role) const {
    return placement_.communicators[std::size_t(placement_.cells[rank].communicator[std::size_t(role)])];
  }
  void move(const sim::Placement::Communicator& c, std::int32_t message) {
    const sim::Message& m = step_.program.messages[std::size_t(message)];
    const sim::Transfer t = prices_.price(m.op, m.size, c, m.rate) * m.share;
    if (t.latency > 0) sg::this_actor::sleep_for(t.latency);
    if (t.units <= 0) return;
    const auto& [from, to] = ends_.at(&c.patterns[t.pattern]);
    sg::Comm::sendto(from, to, std::uint64_t(std::llround(t.units * grain)));
  }

  static constexpr double grain = 1024; // SimGrid's payloads are whole; this keeps their rounding below 1e-9
  const sim::StepResult& step_;
  platforms::Topology topology_;
  sim::Choice choice_;
  sim::Placement placement_;
  sim::CollectivePricer prices_;
  sg::Host* home_ = nullptr;
  std::map<const sim::Placement::Pattern*, std::pair<sg::Host*, sg::Host*>> ends_;
  std::vector<std::vector<Op>> ops_;
  std::map<std::size_t, double> host_; ///< by rank: date at which its host has issued all that it began
  std::map<std::pair<std::int32_t, std::int32_t>, Meeting> meetings_;
};

/// Worst difference of any compute op's end, over the step.
void check(const std::string& scenario, const std::vector<std::string>& sets) {
  CAPTURE(fmt::format("{} {}", scenario, fmt::join(sets, " | ")));
  // Overlap's slow-down and lockstep are the engine's own; without them a compute op is a sleep.
  auto all = sets;
  all.emplace_back("cluster.node.accelerator.overlap_slowdown=0");
  const auto loaded = test::load(scenario, all);
  sim::Options flows;
  flows.closed_form_layers = false;
  const auto step = test::simulate(loaded, flows);
  REQUIRE(step.program.fused == 0);
  const auto answer = run_workers(1, 1, [&](std::size_t) {
    const auto ends = Actors(loaded, step).run();
    return std::string(reinterpret_cast<const char*>(ends.data()), ends.size() * sizeof(double));
  });
  REQUIRE(answer);
  if (!answer->front()) FAIL(answer->front().error());
  std::vector<double> ends(answer->front()->size() / sizeof(double));
  std::memcpy(ends.data(), answer->front()->data(), answer->front()->size());
  std::size_t at = 0;
  double worst = 0, last = 0;
  for (std::int64_t rank = 0; rank < loaded.cluster.ranks(); ++rank) {
    const auto& spans = step.run.compute[std::size_t(step.folded.class_of(rank))];
    std::vector<std::pair<std::int32_t, double>> by_op; // the actors' ends are in program order
    for (const auto& span : spans)
      by_op.emplace_back(span.op, span.end);
    std::sort(by_op.begin(), by_op.end());
    for (const auto& [op, end] : by_op) {
      REQUIRE(at < ends.size());
      REQUIRE(ends[at] >= 0);
      worst = std::max(worst, std::abs(end - ends[at]));
      last = std::max(last, ends[at++]);
    }
  }
  CHECK(at == ends.size());
  CHECK(worst <= 1e-9 * last);
}

} // namespace

TEST_CASE("SimGrid alone, with an actor for every op, agrees to 1e-9 on twenty small steps") {
  const std::vector<std::string> fabrics{
      "cluster=h100-superpod", "cluster=910b-roce", "cluster=h800-deepseek", "cluster=a100-pcie-fire-flyer2",
      "cluster.fabric.tiers=[{name: leaf, accelerators: 8, oversubscription: {value: 4, source: test, evidence: "
      "assumed}}]"};
  const std::vector<std::string> plans{
      "plan={tp: 4, pp: 2, dp: 2, zero: 1, order: [tp, pp, dp]}",
      "plan={tp: 2, pp: 2, dp: 4, zero: 2, order: [tp, dp, pp]}",
      "plan={tp: 1, pp: 4, dp: 4, vpp: 2, schedule: interleaved-1f1b, zero: 0, order: [dp, pp]}",
      "plan={tp: 2, cp: 2, pp: 1, dp: 4, zero: 3, order: [tp, cp, dp]}"};
  for (const auto& fabric : fabrics)
    for (const auto& plan : plans)
      check(fabric == "cluster=910b-roce" ? "llama3-405b-16k-910b" : "llama3-405b-16k",
            {fabric, "model=llama3-8b", "model.layers=8", "training.sequence=8192", plan, "training.global_batch=16",
             "cluster.accelerators=16"});
}

TEST_CASE("SimGrid alone agrees where dispatch runs beside compute and the host issues ahead") {
  for (const char* fabric : {"cluster=h100-superpod", "cluster=h800-deepseek"})
    for (const char* host : {"2 ms", "40 ms"})
      check("llama3-405b-16k",
            {fabric, "model=mixtral-8x7b", "model.layers=8", "training.sequence=4096", "training.global_batch=32",
             "cluster.accelerators=16", "stack=megatron-te-2025",
             "plan={pp: 2, vpp: 2, ep: 4, dp: 8, zero: 1, schedule: interleaved-1f1b, ep_overlap: true}",
             fmt::format("stack.host.none.experts={{value: {}, source: test, evidence: assumed}}", host)});
}
