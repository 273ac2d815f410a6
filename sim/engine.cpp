#include "sim/engine.hpp"

#include "sim/engine_state.hpp"
#include "sim/network.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace weft::sim {
namespace {

class Engine : EngineState {
public:
  explicit Engine(const EngineInput& in) : EngineState(in) {
    make_network();
    for (const double sigma : in.overlap_slowdown)
      slows_ = slows_ || sigma != 0;
  }

  EngineRun run() {
    for (std::size_t rc = 0; rc < ranks_.size(); ++rc)
      for (std::size_t op = 0; op < ranks_[rc].program->ops.size(); ++op)
        if (ranks_[rc].program->ops[op].waits == 0) ready(std::int32_t(rc), std::int32_t(op));
    network_->run();
    if (unfinished_ != 0) throw std::logic_error("the program is stuck: some ops wait for each other");
    for (std::size_t rc = 0; rc < ranks_.size(); ++rc) {
      // Where the next step begins on its own, its gathers come first, as late as its first arrival lets them.
      run_.lead[rc] = std::min(run_.begin[rc], gathered_[rc]);
      run_.begin[rc] -= run_.lead[rc];
    }
    for (std::size_t rc = 0; rc < ranks_.size(); ++rc)
      run_.step_time = std::max(run_.step_time, ranks_[rc].end - run_.begin[rc]);
    return std::move(run_);
  }

private:
  void make_network() {
    // SimGrid's solver takes whole weights only.
    const std::int32_t whole = in_.solver == Solver::simgrid ? most_parts(in_.folded) : 1;
    std::vector<NetworkLink> links;
    std::vector<std::int32_t> index(in_.folded.links.size(), -1);
    for (std::size_t l = 0; l < index.size(); ++l) {
      const auto& link = in_.folded.links[l];
      if (!link.solved || (in_.prices.ideal_tiers & tier_bit(link.tier))) continue;
      index[l] = std::int32_t(links.size());
      links.push_back({link.bytes_per_second * whole});
    }
    std::vector<NetworkRoute> routes;
    for (Exchange& exchange : exchanges_)
      for (const auto& path : exchange.folded->paths) {
        NetworkRoute route;
        for (const LinkUse& use : path.uses)
          if (index[use.link] >= 0) route.links.emplace_back(index[use.link], double(use.weight) * whole / path.parts);
        exchange.routes.push_back(route.links.empty() ? -1 : std::int32_t(routes.size()));
        if (!route.links.empty()) routes.push_back(std::move(route));
      }
    network_ = sim::make_network(in_.solver, links, routes, [this](std::int64_t token) {
      finish_message(std::int32_t(token >> 32), std::int32_t(token & 0xffffffff));
    });
    network_->after_each_date([this] { settle(); });
  }

  // --- ops -------------------------------------------------------------------------------------------
  void ready(std::int32_t rc, std::int32_t op_id) {
    Rank& rank = this->rank(rc);
    const Op& op = rank.program->ops[std::size_t(op_id)];
    switch (op.kind) {
    case OpKind::compute: {
      Cell& cell = cells_[std::size_t(rank.cell)];
      if (cell.members.size() == 1 || ++cell.arrived[std::size_t(op_id)] == std::int32_t(cell.members.size()))
        begin_compute(cell, op_id);
      break;
    }
    case OpKind::receive: complete(rc, op_id); break;
    case OpKind::send: begin_message(rank.communicator[index(op.role)], op); break;
    case OpKind::collective: {
      const std::int32_t c = rank.communicator[index(op.role)];
      Exchange& exchange = exchanges_[std::size_t(c)];
      if (++exchange.arrived[std::size_t(op.tag)] == std::int32_t(exchange.folded->members.size()))
        begin_message(c, op);
      break;
    }
    }
  }

  void complete(std::int32_t rc, std::int32_t op_id) {
    --unfinished_;
    Rank& rank = this->rank(rc);
    rank.end = network_->now();
    const StageProgram& p = *rank.program;
    if (in_.program.steps_apart && op_id == p.first_arrival) run_.begin[std::size_t(rc)] = rank.end;
    if (in_.program.steps_apart && op_id == p.last_gather) gathered_[std::size_t(rc)] = rank.end;
    const Op& op = p.ops[std::size_t(op_id)];
    for (std::int32_t i = 0; i < op.successor_count; ++i) {
      const std::int32_t next = p.successors[std::size_t(op.first_successor + i)];
      if (--rank.waits[next] == 0) ready(rc, next);
    }
  }

  // --- compute ---------------------------------------------------------------------------------------
  void begin_compute(Cell& cell, std::int32_t op_id) {
    const Op& op = rank(cell.members[0].rank_class).program->ops[std::size_t(op_id)];
    cell.op = op_id;
    cell.begin = cell.since = network_->now();
    cell.progress = 0;
    cell.issued = 0;
    for (Member& m : cell.members) {
      const auto& folded = in_.folded.ranks[std::size_t(m.rank_class)];
      const Cost& cost = in_.prices.costs[std::size_t(folded.kind)][std::size_t(op.cost)];
      const double speed = in_.speed[std::size_t(m.rank_class)];
      m.free = op.share * ((cost.elastic + cost.scalable) / speed + (cost.rigid - cost.scalable));
      m.beside = m.free + op.share * in_.overlap_slowdown[std::size_t(folded.part)] * cost.elastic / speed;
      m.slowed = 0;
      cell.issued = std::max(cell.issued, rank(m.rank_class).host += op.share * cost.host);
      m.is_beside = rank(m.rank_class).beside > 0;
    }
    ++run_.activities;
    cell.seconds = pace(cell);
    arm(cell);
  }
  /// Seconds for the whole op: the group goes at its slowest member's pace.
  static double pace(const Cell& cell) {
    double seconds = 0;
    for (const Member& m : cell.members)
      seconds = std::max(seconds, m.is_beside ? m.beside : m.free);
    return seconds;
  }
  void arm(Cell& cell) {
    if (cell.seconds <= 0) {
      end_compute(cell);
      return;
    }
    if (cell.progress < 1) cell.computed = network_->now() + (1 - cell.progress) * cell.seconds;
    cell.timer = network_->at(std::max(cell.computed, cell.issued), [this, &cell] {
      cell.timer = nullptr;
      account(cell);
      end_compute(cell);
    });
  }
  void account(Cell& cell) {
    const double now = network_->now();
    if (now <= cell.since || cell.seconds <= 0) return;
    const double done = now <= cell.computed ? (now - cell.since) / cell.seconds : 1 - cell.progress;
    for (Member& m : cell.members)
      if (m.is_beside) m.slowed += done * (m.beside - m.free);
    cell.progress = now < cell.computed ? cell.progress + done : 1;
    cell.since = now;
  }
  void end_compute(Cell& cell) {
    const std::int32_t op = cell.op;
    const double now = network_->now();
    const double computed = cell.seconds > 0 && cell.issued > cell.computed ? cell.computed : now;
    cell.op = -1;
    for (const Member& m : cell.members) {
      const double waited = std::max(0.0, computed - cell.begin - m.free - m.slowed);
      run_.compute[std::size_t(m.rank_class)].push_back(
          {op, cell.begin, now, m.slowed, waited, now - computed, cell.issued});
    }
    for (const Member& m : cell.members)
      complete(m.rank_class, op);
  }
  /// A communicator's members gain or lose a collective that takes cores from their compute.
  void disturb(const Exchange& exchange, int change) {
    for (const std::int32_t m : exchange.folded->members) {
      rank(m).beside += change;
      if (slows_) disturbed_.push_back(rank(m).cell);
    }
  }
  /// Cells go on at another pace once a date is over: until then one collective may take another's place, and whether
  /// the first ends before the second begins is no matter of time.
  void settle() {
    for (const std::int32_t c : disturbed_) {
      Cell& cell = cells_[std::size_t(c)];
      auto is_beside = [this](const Member& m) { return rank(m.rank_class).beside > 0; };
      if (cell.op < 0 || std::all_of(cell.members.begin(), cell.members.end(),
                                     [&](const Member& m) { return m.is_beside == is_beside(m); }))
        continue;
      account(cell);
      for (Member& m : cell.members)
        m.is_beside = is_beside(m);
      if (pace(cell) == cell.seconds) continue;
      cell.seconds = pace(cell);
      network_->cancel(cell.timer);
      arm(cell);
    }
    disturbed_.clear();
  }

  // --- messages --------------------------------------------------------------------------------------
  void begin_message(std::int32_t c, const Op& op) {
    const Message& message = in_.program.messages[std::size_t(op.message)];
    Exchange& exchange = exchanges_[std::size_t(c)];
    exchange.spans[op.tag].begin = network_->now();
    if (in_.prices.ideal & bit(exchange.folded->dim(message.dim))) {
      end_message(exchange, op.tag);
      return;
    }
    if (exchange.priced != op.message) price(exchange, op.message);
    const Transfer& transfer = exchange.price;
    if (message.slows_compute && transfer.algorithm != Algorithm::in_network) {
      exchange.slowing.push_back(op.tag);
      disturb(exchange, +1);
    }
    ++run_.activities;
    if (exchange.route < 0 || transfer.units <= 0) {
      const double seconds = transfer.latency + transfer.units * exchange.unit_seconds;
      if (seconds > 0)
        network_->at(network_->now() + seconds, [this, c, tag = op.tag] { finish_message(c, tag); });
      else
        finish_message(c, op.tag);
      return;
    }
    ++run_.activities;
    network_->start_after(transfer.latency, exchange.route, transfer.units, (std::int64_t(c) << 32) | op.tag);
  }
  /// A communicator has a few kinds of messages, each many times.
  void price(Exchange& exchange, std::int32_t id) {
    auto known =
        std::find_if(exchange.prices.begin(), exchange.prices.end(), [id](const auto& p) { return p.first == id; });
    if (known == exchange.prices.end()) {
      const Message& m = in_.program.messages[std::size_t(id)];
      const auto& real = in_.placement.communicators[std::size_t(exchange.folded->representative)];
      exchange.prices.emplace_back(id,
                                   in_.collectives.price(m.op, m.size, real, m.rate, in_.prices.ideal_tiers) * m.share);
      known = std::prev(exchange.prices.end());
    }
    exchange.priced = id;
    exchange.price = known->second;
    if (exchange.routes.empty()) return; // a scalar for everybody: no links
    exchange.route = exchange.routes[exchange.price.pattern];
    exchange.unit_seconds = exchange.folded->paths[exchange.price.pattern].unit_seconds;
  }

  void finish_message(std::int32_t c, std::int32_t tag) {
    Exchange& exchange = exchanges_[std::size_t(c)];
    if (!exchange.slowing.empty() && std::erase(exchange.slowing, tag) > 0) disturb(exchange, -1);
    end_message(exchange, tag);
  }
  void end_message(const Exchange& exchange, std::int32_t tag) {
    exchange.spans[tag].end = network_->now();
    if (exchange.sender >= 0) {
      complete(exchange.sender, rank(exchange.sender).program->by_tag[index(exchange.role)][std::size_t(tag)]);
      Rank& to = rank(exchange.receiver);
      const auto& receives = to.program->by_tag[index(receiver_of(exchange.role))];
      const std::int32_t arrival = std::size_t(tag) < receives.size() ? receives[std::size_t(tag)] : -1;
      if (arrival < 0) return; // for the step after this one
      if (--to.waits[arrival] == 0) ready(exchange.receiver, arrival);
      return;
    }
    for (std::int32_t m : exchange.folded->members)
      complete(m, rank(m).program->by_tag[index(exchange.role)][std::size_t(tag)]);
  }

  std::unique_ptr<Network> network_;
  std::vector<std::int32_t> disturbed_; ///< cells
  bool slows_ = false;                  ///< communication slows compute beside it
};

} // namespace

EngineRun run_engine(const EngineInput& input) {
  return Engine(input).run();
}

} // namespace weft::sim
