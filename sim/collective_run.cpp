#include "sim/collective_run.hpp"

#include "platforms/topology.hpp"
#include "sim/asked_groups.hpp"
#include "sim/communicators.hpp"
#include "sim/fold_input.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <stdexcept>
#include <tuple>

namespace weft::sim {
namespace {

using workloads::CollectiveOp;

/// What a group needs of the placement: the same links, the same role.
struct Wanted {
  GroupKind group{};
  Algorithm algorithm{}; ///< automatic: what each group takes for its calls
  bool exchange = false;
  [[nodiscard]] bool operator==(const Wanted&) const = default;
};
bool is_exchange(const AskedCollective& a) {
  return a.op == CollectiveOp::all_to_all;
}

class Builder : Communicators {
public:
  Builder(const platforms::Topology& topology, const Choice& choice, const Calls& calls, const Symmetry& symmetry,
          std::int64_t per_domain, std::uint64_t seed)
      : Communicators(topology, choice, calls, symmetry, seed), per_domain_(per_domain) {}

  std::optional<Placement> build(const std::vector<Wanted>& wanted) {
    for (std::size_t i = 0; i < wanted.size() && !uneven_; ++i)
      groups(wanted[i], asked_role(i));
    if (uneven_) return std::nullopt;
    return std::move(placement_);
  }

private:
  void groups(const Wanted& w, Role role) {
    run_ = symmetry_.runs().front();
    if (w.group == GroupKind::world) across(w, role, ranks_of(0, symmetry_.width(), 1));
    for (std::int64_t rail = 0; w.group == GroupKind::rails && rail < per_domain_; ++rail)
      across(w, role, ranks_of(rail, symmetry_.width(), per_domain_));
    if (w.group != GroupKind::domains) return;
    for (const auto& run : symmetry_.runs()) {
      run_ = run;
      const std::int64_t unit = run.first * symmetry_.width(), end = unit + symmetry_.width();
      for (std::int64_t first = unit, next = unit; first < end; first = next) {
        const std::int64_t domain = loader_.topology().domain_of(first);
        while (next < end && loader_.topology().domain_of(next) == domain)
          ++next;
        Members members = ranks_of(first, next, 1);
        if (w.exchange)
          exchange(role, std::move(members), {}, only(w));
        else
          add(role, std::move(members), only(w));
      }
    }
  }
  void across(const Wanted& w, Role role, Members members) {
    if (w.exchange)
      spread_exchange(role, std::move(members),
                      w.algorithm == Algorithm::automatic ? Algorithm::all_to_all : w.algorithm);
    else
      spread(role, std::move(members), only(w));
  }
  static std::optional<Algorithm> only(const Wanted& w) {
    return w.algorithm == Algorithm::automatic ? std::nullopt : std::optional(w.algorithm);
  }
  std::int64_t per_domain_ = 1;
};

/// A plan whose dp units are whole scale-up domains, where the ranks fill them.
workloads::Scenario domains_as_replicas(std::int64_t ranks, std::int64_t per_domain) {
  workloads::Scenario s;
  s.plan.tp = ranks % per_domain == 0 ? per_domain : 1;
  s.plan.dp = ranks / s.plan.tp;
  return s;
}

class Run {
public:
  Run(const platforms::Cluster& c, std::int64_t ranks, const std::vector<AskedCollective>& asked,
      const CollectiveOptions& o)
      : cluster_(c), asked_(asked), options_(o), topology_(c, ranks), choice_(c), collectives_(c),
        per_domain_(c.uniform() ? std::min(ranks, c.ranks_per_domain()) : ranks_in_domains(topology_)) {}

  Result<CollectiveRun> run() {
    want();
    if (wanted_.size() > most_asked)
      return fail({}, fmt::format("these collectives need {} kinds of groups at once, {} are the most", wanted_.size(),
                                  most_asked));
    if (auto placed = place(); placed)
      placement_ = std::move(*placed);
    else
      return tl::unexpected(placed.error());
    const std::vector<double> cell_speed(placement_.cells.size(), 1.0);
    const FoldInput in = fold_input(placement_, topology_, collectives_, cell_speed, 0);
    folded_ = fold(placement_, in, !options_.fold);
    const std::vector<double> speed(folded_.ranks.size(), 1.0);
    auto runs = run_engines({{program_, folded_, placement_, collectives_, speed, {}, {}, options_.solver}}, 1);
    if (!runs) throw std::runtime_error(runs.error()); // not what the user typed
    return result(runs->front());
  }

private:
  /// The program: a chain of ops for every collective, the first of which waits for nothing.
  void want() {
    StageProgram stage;
    for (const AskedCollective& whole : asked_) {
      std::vector<std::int32_t> chain;
      for (const AskedCollective& a : phases_of(whole, cluster_, topology_.ranks())) {
        const Wanted w{a.group, a.algorithm, is_exchange(a)};
        auto at = std::find(wanted_.begin(), wanted_.end(), w);
        if (at == wanted_.end()) at = wanted_.insert(at, w);
        Op op;
        op.kind = OpKind::collective;
        op.role = asked_role(std::size_t(at - wanted_.begin()) % most_asked);
        calls_[index(op.role)].push_back({a.op, a.size.count()});
        op.message = std::int32_t(program_.messages.size());
        auto& by_tag = stage.by_tag[index(op.role)];
        op.tag = std::int32_t(by_tag.size());
        op.waits = chain.empty() ? 0 : 1;
        const auto id = std::int32_t(stage.ops.size());
        if (!chain.empty()) {
          Op& before = stage.ops.back();
          before.first_successor = std::int32_t(stage.successors.size());
          before.successor_count = 1;
          stage.successors.push_back(id);
        }
        by_tag.push_back(id);
        chain.push_back(id);
        program_.messages.push_back({a.op, a.size, Dim::other});
        stage.ops.push_back(op);
      }
      chains_.push_back(std::move(chain));
    }
    program_.stages.push_back(std::move(stage));
  }

  [[nodiscard]] Result<Placement> place() const {
    const workloads::Scenario s = domains_as_replicas(topology_.ranks(), std::max<std::int64_t>(1, per_domain_));
    const auto seed = std::uint64_t(options_.seed);
    if (options_.fold && options_.structural) {
      const Symmetry symmetry = Symmetry::find(s, topology_);
      if (auto p = Builder(topology_, choice_, calls_, symmetry, per_domain_, seed).build(wanted_))
        return std::move(*p);
    }
    // Without units an exchange visits every pair.
    constexpr std::int64_t most_pairs = 300'000'000;
    const std::int64_t n = topology_.ranks();
    for (const Wanted& w : wanted_)
      if (w.exchange && w.group == GroupKind::world && n * n > most_pairs)
        return fail({},
                    fmt::format("an exchange of {} ranks has {:.1e} pairs, and nothing here lets some stand for "
                                "others: hashed routes, unequal domains, or an algorithm like trees beside it",
                                n, double(n) * double(n)),
                    "rings and exchanges on balanced routes are fast at any size: --algorithm ring --algorithm direct");
    const Symmetry none = Symmetry::none(s.plan);
    return std::move(*Builder(topology_, choice_, calls_, none, per_domain_, seed).build(wanted_));
  }

  [[nodiscard]] CollectiveRun result(const EngineRun& run) const {
    CollectiveRun out;
    out.time = run.step_time;
    out.activities = run.activities;
    out.rank_classes = std::int64_t(folded_.ranks.size());
    out.group_classes = std::int64_t(folded_.communicators.size());
    for (const auto& link : folded_.links)
      out.link_classes += link.solved;
    std::vector<double> flows(folded_.communicators.size(), 0); // bytes through each of a class's flows
    for (std::size_t i = 0; i < asked_.size(); ++i)
      out.collectives.push_back(outcome(run, i, flows));
    for (const auto& g : topology_.groups())
      out.links.push_back({topology_.title(g), 0, double(g.count) * collectives_.capacity(g), g.count});
    for (const auto& load : folded_.loads)
      out.links[std::size_t(load.group)].bytes += flows[std::size_t(load.communicator)] * load.weight;
    return out;
  }

  [[nodiscard]] CollectiveOutcome outcome(const EngineRun& run, std::size_t which, std::vector<double>& flows) const {
    const AskedCollective& asked = asked_[which];
    CollectiveOutcome out;
    for (const std::int32_t id : chains_[which]) {
      const Op& op = program_.stages.front().ops[std::size_t(id)];
      const Message& m = program_.messages[std::size_t(op.message)];
      for (std::size_t c = 0; c < folded_.communicators.size(); ++c) {
        const auto& real = placement_.communicators[std::size_t(folded_.communicators[c].representative)];
        if (real.role != op.role) continue;
        const Transfer t = collectives_.price(m.op, m.size, real);
        flows[c] += t.payload;
        const double end = run.messages[c][std::size_t(op.tag)].end;
        if (end < out.time || real.span.ranks < 2) continue;
        out.algorithm = t.algorithm; // of the group that is last
        out.span = real.span;
        out.time = end;
      }
    }
    if (chains_[which].size() > 1) { // rails and domains together are the world
      out.algorithm = chosen(asked, cluster_, topology_.ranks());
      out.span = {topology_.ranks(), topology_.ranks() / per_domain_};
    }
    out.algbw = out.time > 0 ? asked.size.count() / out.time : 0;
    out.busbw = out.algbw * bus_factor(asked.op, out.span.ranks);
    return out;
  }

  const platforms::Cluster& cluster_;
  const std::vector<AskedCollective>& asked_;
  const CollectiveOptions& options_;
  platforms::Topology topology_;
  Choice choice_;
  CollectivePricer collectives_;
  std::int64_t per_domain_ = 1;
  std::vector<Wanted> wanted_;
  std::vector<std::vector<std::int32_t>> chains_; ///< ops of every collective, in order
  Program program_;
  Calls calls_;
  Placement placement_;
  Folded folded_;
};

/// Inside domains, along rails, and inside domains again.
bool layered(Algorithm algorithm) {
  return algorithm == Algorithm::hierarchical || algorithm == Algorithm::halving_doubling ||
         algorithm == Algorithm::nhr;
}

/// Why the algorithm cannot run this here; empty = it can.
std::string refusal(const platforms::Cluster& cluster, std::int64_t ranks, const AskedCollective& a) {
  const auto& table = algorithm_table();
  const auto row = std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.id == a.algorithm; });
  if (row == table.end() || std::find(row->ops.begin(), row->ops.end(), a.op) == row->ops.end()) {
    std::vector<std::string_view> able;
    for (const auto& r : table)
      if (std::find(r.ops.begin(), r.ops.end(), a.op) != r.ops.end()) able.push_back(r.name);
    return fmt::format("algorithm `{}` does not run {}; these do: {}", algorithm_name(a.algorithm), op_name(a.op),
                       fmt::join(able, ", "));
  }
  const bool needs_rails = a.group == GroupKind::rails || (layered(a.algorithm) && a.group == GroupKind::world);
  const std::int64_t even =
      cluster.uniform() ? cluster.ranks_per_domain() : ranks_in_domains(platforms::Topology(cluster, ranks));
  if (even == 0 && needs_rails)
    return "rails join the same places of scale-up domains, and those of this cluster are unequal";
  const std::int64_t per_domain = even == 0 ? ranks : even;
  if (a.group == GroupKind::rails && (ranks <= per_domain || ranks % per_domain != 0))
    return fmt::format("rails join the same places of several whole scale-up domains, and {} ranks are not several "
                       "times {}",
                       ranks, per_domain);
  if (layered(a.algorithm) && a.group == GroupKind::world && ranks > per_domain && ranks % per_domain != 0)
    return fmt::format("algorithm `{}` needs whole scale-up domains, and {} ranks are no multiple of {}",
                       algorithm_name(a.algorithm), ranks, per_domain);
  if (a.algorithm == Algorithm::hierarchical && (a.group != GroupKind::world || ranks <= per_domain))
    return "algorithm `hierarchical` joins several scale-up domains: it needs all ranks and more than one domain";
  const Choice choice(cluster);
  for (const Span& span : spans_of(cluster, ranks, a.group))
    if (const std::string why = choice.refusal(a.algorithm, span); !why.empty() && span.ranks > 1) return why;
  return {};
}

} // namespace

Algorithm chosen(const AskedCollective& a, const platforms::Cluster& cluster, std::int64_t ranks) {
  if (a.algorithm != Algorithm::automatic) return a.algorithm;
  const std::vector<Span> spans = spans_of(cluster, ranks, a.group);
  // Groups that differ choose for themselves, each something that is one activity.
  if (spans.size() > 1) return Algorithm::automatic;
  return Choice(cluster).in_phases(a.op, a.size.count(), spans.front());
}

std::vector<AskedCollective> phases_of(const AskedCollective& asked, const platforms::Cluster& cluster,
                                       std::int64_t ranks) {
  AskedCollective a = asked;
  a.algorithm = chosen(asked, cluster, ranks);
  const std::int64_t per_domain = cluster.uniform() ? std::min(ranks, cluster.ranks_per_domain())
                                                    : ranks_in_domains(platforms::Topology(cluster, ranks));
  if (!layered(a.algorithm) || a.group != GroupKind::world || ranks <= per_domain || per_domain <= 1) return {a};
  auto part = [&](CollectiveOp op, double size, GroupKind group, Algorithm algorithm) {
    AskedCollective out{op, Bytes(size), group, algorithm};
    out.algorithm = chosen(out, cluster, ranks);
    return out;
  };
  // Along rails a ring or an exchange, where nothing else is said; inside whatever is taken there.
  const auto inner = a.algorithm != Algorithm::hierarchical ? a.algorithm
                     : a.op == CollectiveOp::all_to_all     ? Algorithm::all_to_all
                                                            : Algorithm::ring;
  auto inside = [&](CollectiveOp op) { return part(op, a.size.count(), GroupKind::domains, Algorithm::automatic); };
  auto along = [&](CollectiveOp op, double size) { return part(op, size, GroupKind::rails, inner); };
  const double share = a.size.count() / double(per_domain);
  switch (a.op) {
  case CollectiveOp::all_reduce:
    return {inside(CollectiveOp::reduce_scatter), along(CollectiveOp::all_reduce, share),
            inside(CollectiveOp::all_gather)};
  case CollectiveOp::reduce_scatter:
    return {inside(CollectiveOp::reduce_scatter), along(CollectiveOp::reduce_scatter, share)};
  case CollectiveOp::all_gather: return {along(CollectiveOp::all_gather, share), inside(CollectiveOp::all_gather)};
  case CollectiveOp::all_to_all: // first to the neighbour on the receiver's rail
    return {inside(CollectiveOp::all_to_all), along(CollectiveOp::all_to_all, a.size.count())};
  default: return {a};
  }
}

Result<CollectiveRun> run_collectives(const platforms::Cluster& cluster, std::int64_t ranks,
                                      const std::vector<AskedCollective>& asked, const CollectiveOptions& options) {
  if (ranks < 2) return fail({}, "a collective needs at least two ranks");
  if (asked.empty() || asked.size() > most_asked)
    return fail({}, fmt::format("between one and {} collectives run at once", most_asked));
  for (const AskedCollective& a : asked) {
    if (!(a.size.count() > 0)) return fail({}, "a collective moves at least one byte");
    if (const std::string why = refusal(cluster, ranks, a); !why.empty()) return fail({}, why);
  }
  return Run(cluster, ranks, asked, options).run();
}

} // namespace weft::sim
