#pragma once
// Worlds that claims are asked of: a workload on a piece of hardware at a size, with the best of the plans that its
// practitioners would try. A file of them (analysis/claims/worlds.yaml) names workloads and hardware once for all
// claims.

#include "analysis/headline.hpp"
#include "analysis/hybrid.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// What is trained, at every size.
struct Workload {
  std::string about;
  Value scenario;                             ///< model and training, without batch and plan
  std::map<std::int64_t, std::int64_t> batch; ///< sequences a step by accelerators; that of the largest size not above
  std::vector<Value> plans;                   ///< tried; dp is what the ranks leave. In the file a degree may be a list
  Mark mark;
};

/// What it is trained on.
struct Hardware {
  std::string about;
  Value cluster; ///< without `accelerators`
  Value stack;
  Mark mark;
};

struct World {
  std::string workload, hardware;
  std::int64_t accelerators = 0;         ///< packages
  std::vector<std::string> sets;         ///< path=value on the scenario of every plan
  std::int64_t batch = 0;                ///< instead of the workload's; 0 = the workload's
  std::string parts_of;                  ///< hardware from which parts of the cluster are taken; empty: none are
  bool only_count = false;               ///< plans that fit are counted, none is simulated
  SwapSet parts = swap_network;          ///< which
  [[nodiscard]] std::string key() const; ///< equal worlds, equal keys
};

struct Worlds {
  std::map<std::string, Workload> workloads;
  std::map<std::string, Hardware> hardware;
};
/// A file {workloads: {name: {about, scenario, batch, plans}}, hardware: {name: {about, cluster, stack}}}.
Result<Worlds> read_worlds(const std::string& path);

/// The legal plans of a world as cases, named "tp 8 pp 16 ..."; `why`: what forbids the first of them where none is.
struct LegalPlans {
  std::vector<Case> cases;
  std::string why;
};
Result<LegalPlans> plans_of(const Worlds& worlds, const World& world);

/// A world's best plan: of those that fit the one with the most tokens/s.
struct Best {
  std::optional<Case> plan; ///< nothing: see `why`
  Headline headline;
  double ideal_step_s = 0;            ///< without communication, of the plan that is then the fastest
  std::size_t legal = 0, fitting = 0; ///< plans
  std::string why;
};
/// One a world, in order; every plan that fits is simulated, `jobs` processes at a time.
Result<std::vector<Best>> best_plans(const Worlds& worlds, const std::vector<World>& asked, const sim::Options& options,
                                     int jobs);

} // namespace weft::analysis
