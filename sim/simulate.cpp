#include "sim/simulate.hpp"

#include "platforms/topology.hpp"
#include "sim/busy.hpp"
#include "sim/calls.hpp"
#include "sim/estimate.hpp"
#include "sim/fold_input.hpp"
#include "sim/ideal.hpp"
#include "sim/isolation.hpp"
#include "sim/lower.hpp"
#include "sim/over_time.hpp"
#include "sim/silence.hpp"
#include "sim/traffic.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>

namespace weft::sim {
namespace {

using workloads::Recompute;

class Simulation {
public:
  Simulation(const workloads::Scenario& s, const platforms::Cluster& c, const Options& o, const Choice& choice)
      : scenario_(s), cluster_(c), options_(o), choice_(choice), collectives_(c, choice), topology_(c, c.ranks()) {
    for (std::size_t i = 0; i < c.part_count(); ++i)
      parts_.push_back(c.part(i));
    loads_ = workloads::expert_loads(s.model, s.plan);
  }

  Result<StepResult> run() {
    StepResult r;
    r.scenario = scenario_;
    r.seed = options_.seed;
    r.cluster = cluster_;
    r.flops = workloads::model_flops(scenario_.model, scenario_.training);
    for (const platforms::Cluster& part : parts_) {
      auto kernels = KernelPricer::make(part.accelerator, scenario_);
      if (!kernels) return tl::unexpected(kernels.error());
      kernels_.push_back(*kernels);
    }
    set_peaks(r);

    hold(r);
    const workloads::LayerContext context = with(r.recompute);
    if (auto ok = lower_and_place(r); !ok) return tl::unexpected(ok.error());
    r.program = lowered_.front().program;
    if (auto ok = set_speeds(); !ok) return tl::unexpected(ok.error());
    const FoldInput in = fold_input(placement_, topology_, collectives_, speed_, r.program.fused);
    capacity_ = in.capacity;
    r.folded = fold(placement_, in, !options_.fold);
    r.dims = dims_present(scenario_.plan, scenario_.model.experts.has_value());
    for (const auto& c : r.folded.communicators)
      if (c.wan) r.dims |= bit(Dim::wan);
    describe_classes(r);
    count_traffic(lowered_.front(), placement_, collectives_, topology_, r);
    if (options_.fold && sets(r).size() > 1 && is_silent(r.program, r.folded, r.dims))
      silent_ = fold_silent(placement_, in, r.folded, r.speed_of_class);
    if (auto ok = check_size(r); !ok) return tl::unexpected(ok.error());
    run_all(r);
    if (options_.link_bins > 0) count_over_time(lowered_.front(), placement_, collectives_, options_.link_bins, r);
    if (options_.tier_subsets) count_busy(placement_, topology_, collectives_, capacity_, r);
    r.hardware_flops = executed(context, r.program);
    return r;
  }

  Held held() const {
    StepResult r;
    hold(r);
    return {r.recompute, r.fits()};
  }

private:
  /// One program; recipes for every load of experts.
  void lower_all(Recompute recompute, RoleSet fused) {
    lowered_.clear();
    for (const double load : loads_)
      lowered_.push_back(lower(scenario_, recompute, fused, load));
  }
  /// Which links there are follows from what is sent; which layers' collectives can be fused, from the links.
  Result<void> lower_and_place(StepResult& r) {
    lower_all(r.recompute, options_.closed_form_layers ? may_be_isolated(scenario_) : 0);
    r.calls = calls_of(lowered_.front());
    const bool structural = options_.fold && options_.structural;
    placement_ = place(scenario_, topology_, choice_, r.calls,
                       structural ? Symmetry::find(scenario_, topology_) : Symmetry::none(scenario_.plan),
                       std::uint64_t(options_.seed));
    if (options_.closed_form_layers && placement_.isolated != lowered_.front().program.fused)
      lower_all(r.recompute, placement_.isolated);
    return check_forced(choice_, r.calls, placement_);
  }
  /// Means over ranks.
  void set_peaks(StepResult& r) const {
    bool known = true;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      const platforms::Accelerator& a = parts_[part].accelerator;
      const double share = double(parts_[part].ranks()) / double(cluster_.ranks());
      r.rank_peak += share * kernels_[part].peak();
      const auto bf16 = platforms::peak_of(a, Precision::bf16);
      known = known && bf16.has_value();
      if (bf16) r.rank_peak_bf16 += share * bf16->value.count() / double(a.ranks_per_accelerator);
    }
    if (!known) r.rank_peak_bf16 = 0;
  }
  [[nodiscard]] workloads::LayerContext with(Recompute recompute) const {
    return {scenario_.model, scenario_.training, scenario_.plan, scenario_.stack, recompute};
  }
  /// Stage and part of everybody, each pair once.
  [[nodiscard]] std::set<std::pair<std::int64_t, std::size_t>> stands() const {
    std::set<std::pair<std::int64_t, std::size_t>> out;
    const workloads::RankMap map(scenario_.plan);
    if (parts_.size() > 1)
      for (std::int64_t r = 0; r < topology_.ranks(); ++r)
        out.emplace(map.coordinates(r).pp, topology_.part_of(r));
    else
      for (std::int64_t stage = 0; stage < scenario_.plan.pp; ++stage)
        out.emplace(stage, 0);
    return out;
  }
  /// Memory, with the least recomputation that fits; full when none does.
  void hold(StepResult& r) const {
    const auto everybody = stands();
    const Recompute asked = scenario_.plan.recompute;
    for (Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full}) {
      r.recompute = asked == Recompute::automatic ? recompute : asked;
      r.memory_of_stages = workloads::memory_of_stages(with(r.recompute));
      double most = -1;
      for (const auto& [stage, part] : everybody) {
        const platforms::Accelerator& a = parts_[part].accelerator;
        const Bytes capacity = a.memory_capacity.value / double(a.ranks_per_accelerator);
        const workloads::MemoryNeed& need = r.memory_of_stages[std::size_t(stage)];
        if (need.total() / capacity <= most) continue;
        most = need.total() / capacity;
        r.memory = need;
        r.memory_capacity = capacity;
      }
      if (asked != Recompute::automatic || r.fits()) return;
    }
  }

  Result<void> set_speeds() {
    for (const auto& cell : placement_.cells)
      speed_.push_back(speed_of(scenario_.jitter, cell.rank, options_.seed));
    for (const workloads::SlowRank& slow : scenario_.slow_ranks) {
      if (slow.rank >= scenario_.plan.ranks())
        return fail(slow.mark, fmt::format("slow rank {} does not exist (ranks are 0 to {})", slow.rank,
                                           scenario_.plan.ranks() - 1));
      speed_[std::size_t(placement_.symmetry.cell_of(slow.rank))] *= slow.speed;
    }
    return {};
  }

  void describe_classes(StepResult& r) const {
    r.speed_of_class = speeds(r.folded);
    for (const auto& rank : r.folded.ranks) {
      r.stage_of_class.push_back(rank.stage);
      r.weight_of_class.push_back(kernels_[std::size_t(rank.part)].peak() / r.rank_peak);
    }
    for (const auto& c : r.folded.communicators) {
      const auto& real = placement_.communicators[std::size_t(c.representative)];
      const auto members = placement_.members_of(real);
      r.role_of_communicator.push_back(real.role);
      r.channel_ends.emplace_back(r.folded.rank_class[std::size_t(members.front())],
                                  r.folded.rank_class[std::size_t(members.back())]);
    }
    for (const auto& link : r.folded.links)
      r.link_classes += link.solved;
  }

  [[nodiscard]] std::vector<Costs> costs(const Ideal& ideal) const {
    std::vector<Costs> out;
    for (std::size_t part = 0; part < parts_.size(); ++part)
      for (const Lowered& lowered : lowered_)
        out.push_back(costs(ideal, part, lowered.recipes));
    return out;
  }
  [[nodiscard]] Costs costs(const Ideal& ideal, std::size_t part, const std::vector<Recipe>& recipes) const {
    std::map<Role, const Placement::Communicator*> groups; // those inside compute ops are alike (isolation.cpp)
    for (const auto& c : placement_.communicators)
      if (c.span.part == std::int32_t(part)) groups.try_emplace(c.role, &c);
    std::map<std::tuple<Role, int, double, TierSet>, LayerTime> known;
    auto timer = [&](TierSet tiers) -> LayerTimer {
      return [this, &groups, &known, tiers](const workloads::LayerCollective& c) -> LayerTime {
        const auto group = groups.find(role_of(c.group));
        if (group == groups.end()) return {};
        auto [it, fresh] = known.try_emplace({group->first, int(c.op), c.bytes.count(), tiers});
        if (fresh)
          it->second = {collectives_.isolated(c.op, c.bytes, placement_, *group->second, capacity_, tiers),
                        collectives_.price(c.op, c.bytes, *group->second).algorithm != Algorithm::in_network};
        return it->second;
      };
    };
    const SlotPricer pricer(kernels_[part], timer(ideal.tiers), parts_[part].accelerator.overlap_slowdown.value,
                            scenario_.stack.tp_hidden_share.value, ideal.dims);
    Costs out;
    for (const Recipe& recipe : recipes)
      out.push_back(pricer.price(recipe));
    return out;
  }

  [[nodiscard]] std::vector<Ideal> sets(const StepResult& r) const { return ideal_sets(r.dims, r.tiers, options_); }

  [[nodiscard]] Result<void> check_size(const StepResult& r) const {
    const Estimate one = estimate(r.program, r.folded, placement_);
    std::int64_t activities = 0, runs = options_.draws;
    for (const Ideal& ideal : sets(r))
      activities += (silently(r, ideal) ? estimate(r.program, *silent_, placement_) : one)
                        .activities(ideal.tiers == r.tiers ? all_dims : ideal.dims);
    runs *= std::int64_t(sets(r).size());
    activities *= options_.draws;
    if (activities <= options_.max_activities) return {};
    return fail(
        scenario_.cluster.mark,
        fmt::format("this would take about {:.2g} activities ({} rank classes, {} simulations), more than {}",
                    double(activities), r.folded.ranks.size(), runs, options_.max_activities),
        fmt::format("--max-activities {} runs it all the same; a million take seconds, on contended links minutes",
                    activities));
  }

  [[nodiscard]] bool silently(const StepResult& r, const Ideal& ideal) const {
    if (ideal.tiers != 0) return silent_ && ideal.tiers == r.tiers;
    return silent_ && is_silent(r.program, r.folded, ideal.dims);
  }
  [[nodiscard]] std::vector<double> speeds(const Folded& folded) const {
    std::vector<double> out;
    for (const auto& rank : folded.ranks)
      out.push_back(speed_[std::size_t(rank.representative)]);
    return out;
  }

  /// Which of them is the step without communication; 0 where it was not asked for.
  [[nodiscard]] static std::size_t ideal_at(const std::vector<Ideal>& sets) {
    return sets.size() > 1 && sets[1].dims != 0 ? 1 : 0;
  }
  void run_all(StepResult& r) {
    const std::vector<double>& speed = r.speed_of_class;
    std::vector<double> sigma;
    for (const platforms::Cluster& part : parts_)
      sigma.push_back(part.accelerator.overlap_slowdown.value);
    const std::vector<Ideal> sets = this->sets(r);
    std::vector<EngineInput> inputs;
    for (const Ideal& set : sets) {
      const Folded& folded = silently(r, set) ? *silent_ : r.folded;
      EngineInput input{
          r.program,      folded, placement_, collectives_, speeds(folded), sigma, {costs(set), set.dims, set.tiers},
          options_.solver};
      inputs.push_back(std::move(input));
    }
    r.costs = inputs[0].prices.costs;
    r.ideal_costs = inputs[ideal_at(sets)].prices.costs;
    // Congested programs can be chaotic: how much does a rounding error matter?
    Folded nudged;
    if (options_.capacity_response) nudged = r.folded;
    auto link = std::find_if(nudged.links.begin(), nudged.links.end(), [](const auto& l) { return l.solved; });
    const bool respond = link != nudged.links.end();
    if (respond) {
      link->bytes_per_second = std::nextafter(link->bytes_per_second, 0.0);
      inputs.push_back({r.program, nudged, placement_, collectives_, speed, sigma, {r.costs, 0}, options_.solver});
    }
    auto runs = run_engines(inputs, options_.jobs);
    if (!runs) throw std::runtime_error(runs.error()); // not what the user typed
    for (std::size_t i = 0; i < sets.size(); ++i) {
      if (sets[i].tiers == 0) r.subsets.push_back({sets[i].dims, (*runs)[i].step_time});
      if (options_.tier_subsets && sets[i].dims == 0) r.tier_subsets.push_back({sets[i].tiers, (*runs)[i].step_time});
    }
    const double step = runs->front().step_time;
    if (respond) r.capacity_response = std::abs(runs->back().step_time - step) / step;
    r.run = std::move((*runs)[0]);
    r.ideal_known = ideal_at(sets) > 0 || r.dims == 0;
    if (ideal_at(sets) > 0)
      r.ideal = silently(r, sets[1]) ? spread((*runs)[1], *silent_, r.folded, placement_) : std::move((*runs)[1]);
    else
      r.ideal = r.run;
  }

  [[nodiscard]] double executed(const workloads::LayerContext& context, const Program& program) const {
    double flops = 0;
    const double ranks_per_stage = double(context.plan.ranks()) / double(context.plan.pp);
    for (std::size_t i = 0; i < lowered_.size(); ++i) {
      const double busiest = lowered_.size() == 1 ? 1 : 1 / double(context.plan.ep); // of an ep group's ranks
      const double share = i + 1 == lowered_.size() ? busiest : 1 - busiest;
      for (const auto& stage : program.stages)
        for (const Op& op : stage.ops) {
          if (op.kind != OpKind::compute) continue;
          for (const auto& part : lowered_[i].recipes[std::size_t(op.cost)].parts) {
            if (part.only_host) continue;
            for (const auto& step : part.work)
              if (!step.is_collective) flops += share * op.share * part.times * step.kernel.executed.count();
          }
        }
    }
    return flops * ranks_per_stage;
  }

  const workloads::Scenario& scenario_;
  const platforms::Cluster& cluster_;
  const Options& options_;
  const Choice& choice_;
  CollectivePricer collectives_;
  platforms::Topology topology_;
  std::vector<platforms::Cluster> parts_; ///< of the cluster, each as if alone
  std::vector<KernelPricer> kernels_;     ///< by part
  Placement placement_;
  std::vector<double> loads_;    ///< workloads::expert_loads
  std::vector<Lowered> lowered_; ///< by load; they differ in recipes only
  std::vector<double> speed_, capacity_;
  std::optional<Folded> silent_; ///< classes of a simulation without communication, where they are fewer
};

} // namespace

Result<StepResult> simulate(const workloads::Scenario& scenario, const platforms::Cluster& cluster,
                            const Options& options) {
  if (auto ok = check_legal(scenario.model, scenario.training, scenario.plan, cluster.ranks()); !ok)
    return tl::unexpected(ok.error());
  const auto choice = Choice::make(cluster, scenario.stack.collectives);
  if (!choice) return tl::unexpected(choice.error());
  return Simulation(scenario, cluster, options, *choice).run();
}

Result<Held> hold(const workloads::Scenario& scenario, const platforms::Cluster& cluster) {
  if (auto ok = check_legal(scenario.model, scenario.training, scenario.plan, cluster.ranks()); !ok)
    return tl::unexpected(ok.error());
  const auto choice = Choice::make(cluster, scenario.stack.collectives);
  if (!choice) return tl::unexpected(choice.error());
  const Options options;
  return Simulation(scenario, cluster, options, *choice).held();
}

} // namespace weft::sim
