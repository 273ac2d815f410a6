#include "sim/engine.hpp"

#include "sim/lockstep.hpp"
#include "sim/network.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <stdexcept>

namespace weft::sim {
namespace {

class Engine {
public:
  explicit Engine(const EngineInput& in) : in_(in) {
    make_cells();
    make_messages();
    make_network();
    for (std::size_t rc = 0; rc < ranks(); ++rc) {
      std::vector<std::int32_t> waits;
      for (const Op& op : program(rc).ops)
        waits.push_back(op.waits);
      waits_.push_back(std::move(waits));
      unfinished_ += std::int64_t(program(rc).ops.size());
    }
    run_.compute.resize(ranks());
    for (std::size_t rc = 0; rc < ranks(); ++rc) {
      const auto& ops = program(rc).ops;
      run_.compute[rc].reserve(
          std::size_t(std::count_if(ops.begin(), ops.end(), [](const Op& op) { return op.kind == OpKind::compute; })));
    }
    run_.begin.assign(ranks(), 0);
    run_.lead.assign(ranks(), 0);
    gathered_.assign(ranks(), 0);
    for (const double sigma : in.overlap_slowdown)
      slows_ = slows_ || sigma != 0;
    end_.assign(ranks(), 0);
  }

  EngineRun run() {
    for (std::size_t rc = 0; rc < ranks(); ++rc)
      for (std::size_t op = 0; op < program(rc).ops.size(); ++op)
        if (program(rc).ops[op].waits == 0) ready(std::int32_t(rc), std::int32_t(op));
    network_->run();
    if (unfinished_ != 0) throw std::logic_error("the program is stuck: some ops wait for each other");
    for (std::size_t rc = 0; rc < ranks(); ++rc) {
      // Where the next step begins on its own, its gathers come first, as late as its first arrival lets them.
      run_.lead[rc] = std::min(run_.begin[rc], gathered_[rc]);
      run_.begin[rc] -= run_.lead[rc];
    }
    for (std::size_t rc = 0; rc < ranks(); ++rc)
      run_.step_time = std::max(run_.step_time, end_[rc] - run_.begin[rc]);
    return std::move(run_);
  }

private:
  struct Member {
    std::int32_t rank_class = 0;
    double free = 0, beside = 0; ///< seconds of the running op alone, and all of it beside communication
    double slowed = 0;
    bool is_beside = false; ///< since the cell last settled
  };
  /// Ranks that compute in lockstep: a fused tp group, or one rank.
  struct Cell {
    std::vector<Member> members;
    std::vector<std::int32_t> arrived;                      ///< by op
    std::int32_t op = -1;                                   ///< running
    double begin = 0, since = 0, progress = 0, seconds = 0; ///< seconds = for the whole op at the present pace
    void* timer = nullptr;
  };

  [[nodiscard]] std::size_t ranks() const { return in_.folded.ranks.size(); }
  [[nodiscard]] const StageProgram& program(std::size_t rc) const {
    return in_.program.stages[std::size_t(in_.folded.ranks[rc].stage)];
  }

  void make_cells() {
    cell_of_.assign(ranks(), -1);
    for (const auto& group : lockstep_groups(in_.program, in_.folded, in_.placement)) {
      const auto id = std::int32_t(cells_.size());
      Cell& cell = cells_.emplace_back();
      cell.arrived.assign(program(std::size_t(group.front())).ops.size(), 0);
      for (std::int32_t rc : group) {
        cell.members.push_back({rc});
        cell_of_[std::size_t(rc)] = id;
      }
    }
    beside_.assign(ranks(), 0);
  }

  void make_messages() {
    const auto& communicators = in_.folded.communicators;
    arrived_.resize(communicators.size());
    run_.messages.resize(communicators.size());
    transfers_.resize(communicators.size());
    ends_.resize(communicators.size());
    for (std::size_t c = 0; c < communicators.size(); ++c) {
      const auto& real = in_.placement.communicators[std::size_t(communicators[c].representative)];
      const auto members = in_.placement.members_of(real);
      std::size_t tags = 0;
      for (std::int32_t m : communicators[c].members)
        tags = std::max(tags, program(std::size_t(m)).by_tag[std::size_t(real.role)].size());
      arrived_[c].assign(tags, 0);
      run_.messages[c].resize(tags);
      if (is_channel(real.role))
        ends_[c] = {in_.folded.rank_class[std::size_t(members[0])], in_.folded.rank_class[std::size_t(members[1])]};
    }
  }

  void make_network() {
    std::vector<NetworkLink> links;
    std::vector<std::int32_t> index(in_.folded.links.size(), -1);
    for (std::size_t l = 0; l < index.size(); ++l) {
      const auto& link = in_.folded.links[l];
      if (!link.solved) continue;
      index[l] = std::int32_t(links.size());
      links.push_back({link.bytes_per_second});
    }
    std::vector<NetworkRoute> routes;
    route_of_.assign(in_.folded.communicators.size(), -1);
    for (std::size_t c = 0; c < route_of_.size(); ++c) {
      const auto& uses = in_.folded.communicators[c].uses;
      if (uses.empty()) continue;
      NetworkRoute route;
      for (const LinkUse& use : uses)
        route.links.emplace_back(index[use.link], double(use.weight));
      route_of_[c] = std::int32_t(routes.size());
      routes.push_back(std::move(route));
    }
    network_ = sim::make_network(in_.solver, links, routes, [this](std::int64_t token) {
      finish_message(std::int32_t(token >> 32), std::int32_t(token & 0xffffffff));
    });
    network_->after_each_date([this] { settle(); });
  }

  // --- ops -------------------------------------------------------------------------------------------
  void ready(std::int32_t rc, std::int32_t op_id) {
    const Op& op = program(std::size_t(rc)).ops[std::size_t(op_id)];
    switch (op.kind) {
    case OpKind::compute: {
      Cell& cell = cells_[std::size_t(cell_of_[std::size_t(rc)])];
      if (++cell.arrived[std::size_t(op_id)] == std::int32_t(cell.members.size())) begin_compute(cell, op_id);
      break;
    }
    case OpKind::receive: complete(rc, op_id); break;
    case OpKind::send: begin_message(communicator(rc, op.role), op); break;
    case OpKind::collective: {
      const std::int32_t c = communicator(rc, op.role);
      if (++arrived_[std::size_t(c)][std::size_t(op.tag)] ==
          std::int32_t(in_.folded.communicators[std::size_t(c)].members.size()))
        begin_message(c, op);
      break;
    }
    }
  }
  [[nodiscard]] std::int32_t communicator(std::int32_t rc, Role role) const {
    return in_.folded.ranks[std::size_t(rc)].communicator[std::size_t(role)];
  }

  void complete(std::int32_t rc, std::int32_t op_id) {
    --unfinished_;
    end_[std::size_t(rc)] = network_->now();
    const StageProgram& p = program(std::size_t(rc));
    if (in_.program.steps_apart && op_id == p.first_arrival) run_.begin[std::size_t(rc)] = network_->now();
    if (in_.program.steps_apart && op_id == p.last_gather) gathered_[std::size_t(rc)] = network_->now();
    const Op& op = p.ops[std::size_t(op_id)];
    for (std::int32_t i = 0; i < op.successor_count; ++i) {
      const std::int32_t next = p.successors[std::size_t(op.first_successor + i)];
      if (--waits_[std::size_t(rc)][std::size_t(next)] == 0) ready(rc, next);
    }
  }

  // --- compute ---------------------------------------------------------------------------------------
  void begin_compute(Cell& cell, std::int32_t op_id) {
    const Op& op = program(std::size_t(cell.members[0].rank_class)).ops[std::size_t(op_id)];
    cell.op = op_id;
    cell.begin = cell.since = network_->now();
    cell.progress = 0;
    for (Member& m : cell.members) {
      const auto part = std::size_t(in_.folded.ranks[std::size_t(m.rank_class)].part);
      const Cost& cost = in_.prices.costs[part][std::size_t(op.cost)];
      const double speed = in_.speed[std::size_t(m.rank_class)];
      m.free = op.share * ((cost.elastic + cost.scalable) / speed + (cost.rigid - cost.scalable));
      m.beside = m.free + op.share * in_.overlap_slowdown[part] * cost.elastic / speed;
      m.slowed = 0;
      m.is_beside = beside_[std::size_t(m.rank_class)] > 0;
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
    cell.timer = network_->at(network_->now() + (1 - cell.progress) * cell.seconds, [this, &cell] {
      cell.timer = nullptr;
      account(cell);
      end_compute(cell);
    });
  }
  void account(Cell& cell) {
    const double now = network_->now();
    if (now <= cell.since || cell.seconds <= 0) return;
    const double done = (now - cell.since) / cell.seconds;
    for (Member& m : cell.members)
      if (m.is_beside) m.slowed += done * (m.beside - m.free);
    cell.progress += done;
    cell.since = now;
  }
  void end_compute(Cell& cell) {
    const std::int32_t op = cell.op;
    const double now = network_->now();
    cell.op = -1;
    for (const Member& m : cell.members) {
      const double waited = std::max(0.0, now - cell.begin - m.free - m.slowed);
      run_.compute[std::size_t(m.rank_class)].push_back({op, cell.begin, now, m.slowed, waited});
    }
    for (const Member& m : cell.members)
      complete(m.rank_class, op);
  }
  /// A rank class gains or loses a collective that takes cores from its compute.
  void disturb(std::int32_t rc, int change) {
    beside_[std::size_t(rc)] += change;
    if (slows_) disturbed_.push_back(cell_of_[std::size_t(rc)]);
  }
  /// Cells go on at another pace once a date is over: until then one collective may take another's place, and whether
  /// the first ends before the second begins is no matter of time.
  void settle() {
    for (const std::int32_t c : disturbed_) {
      Cell& cell = cells_[std::size_t(c)];
      auto is_beside = [this](const Member& m) { return beside_[std::size_t(m.rank_class)] > 0; };
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
    const auto& real =
        in_.placement.communicators[std::size_t(in_.folded.communicators[std::size_t(c)].representative)];
    MessageSpan& span = run_.messages[std::size_t(c)][std::size_t(op.tag)];
    span.begin = network_->now();
    if (in_.prices.ideal & bit(in_.folded.communicators[std::size_t(c)].dim(message.dim))) {
      end_message(c, op.tag, real.role);
      return;
    }
    const Transfer transfer = price(c, op.message);
    if (message.slows_compute && transfer.algorithm != Algorithm::in_network) {
      slowing_.insert(token(c, op.tag));
      for (std::int32_t m : in_.folded.communicators[std::size_t(c)].members)
        disturb(m, +1);
    }
    const std::int32_t route = route_of_[std::size_t(c)];
    const double alone = in_.folded.communicators[std::size_t(c)].unit_seconds;
    ++run_.activities;
    if (route < 0 || transfer.units <= 0) {
      const double seconds = transfer.latency + transfer.units * alone;
      if (seconds > 0)
        network_->at(network_->now() + seconds, [this, c, tag = op.tag] { finish_message(c, tag); });
      else
        finish_message(c, op.tag);
      return;
    }
    ++run_.activities;
    network_->start_after(transfer.latency, route, transfer.units, token(c, op.tag));
  }
  /// A communicator has a few kinds of messages, each many times.
  Transfer price(std::int32_t c, std::int32_t id) {
    auto& known = transfers_[std::size_t(c)];
    for (const auto& [message, transfer] : known)
      if (message == id) return transfer;
    const Message& m = in_.program.messages[std::size_t(id)];
    const auto& real =
        in_.placement.communicators[std::size_t(in_.folded.communicators[std::size_t(c)].representative)];
    known.emplace_back(id, in_.collectives.price(m.op, m.size, real, m.rate) * m.share);
    return known.back().second;
  }
  static std::int64_t token(std::int32_t c, std::int32_t tag) { return (std::int64_t(c) << 32) | tag; }

  void finish_message(std::int32_t c, std::int32_t tag) {
    if (slowing_.erase(token(c, tag)) > 0)
      for (std::int32_t m : in_.folded.communicators[std::size_t(c)].members)
        disturb(m, -1);
    const auto& real =
        in_.placement.communicators[std::size_t(in_.folded.communicators[std::size_t(c)].representative)];
    end_message(c, tag, real.role);
  }
  void end_message(std::int32_t c, std::int32_t tag, Role role) {
    run_.messages[std::size_t(c)][std::size_t(tag)].end = network_->now();
    if (is_channel(role)) {
      const auto [from, to] = ends_[std::size_t(c)];
      complete(from, program(std::size_t(from)).by_tag[std::size_t(role)][std::size_t(tag)]);
      const auto& receives = program(std::size_t(to)).by_tag[std::size_t(receiver_of(role))];
      const std::int32_t arrival = std::size_t(tag) < receives.size() ? receives[std::size_t(tag)] : -1;
      if (arrival < 0) return; // for the step after this one
      if (--waits_[std::size_t(to)][std::size_t(arrival)] == 0) ready(to, arrival);
      return;
    }
    for (std::int32_t m : in_.folded.communicators[std::size_t(c)].members)
      complete(m, program(std::size_t(m)).by_tag[std::size_t(role)][std::size_t(tag)]);
  }

  const EngineInput& in_;
  EngineRun run_;
  std::unique_ptr<Network> network_;
  std::vector<Cell> cells_;
  std::vector<std::int32_t> cell_of_, beside_, disturbed_, route_of_;
  std::vector<std::vector<std::int32_t>> waits_, arrived_;
  std::vector<std::pair<std::int32_t, std::int32_t>> ends_; ///< rank classes of a channel: sender, receiver
  std::vector<std::vector<std::pair<std::int32_t, Transfer>>> transfers_; ///< by communicator class: message, price
  std::vector<double> end_, gathered_; ///< by rank class: of its last op, of its gathers
  std::set<std::int64_t> slowing_;     ///< messages that take cores
  std::int64_t unfinished_ = 0;
  bool slows_ = false; ///< communication slows compute beside it
};

} // namespace

EngineRun run_engine(const EngineInput& input) {
  return Engine(input).run();
}

} // namespace weft::sim
