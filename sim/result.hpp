#pragma once
// What a simulation returns: the step, its timelines by class, bytes by kind of link, and what went in.

#include "platforms/cluster.hpp"
#include "sim/engine.hpp"
#include "workloads/memory.hpp"
#include "workloads/scenario.hpp"

#include <string>
#include <vector>

namespace weft::sim {

/// Bytes that one kind of link carried in the step, both directions of a pair counted apart.
struct LinkBytes {
  std::string link;    ///< "scale-up port tx", "NIC rx", "pod uplink", ...
  double bytes = 0;    ///< all links together
  double capacity = 0; ///< all links together, achieved bytes/s
  std::int64_t links = 0;
  std::size_t tier = 0; ///< sim/tier.hpp
  double while_busy =
      -1; ///< share of capacity used, on the average, while some message is under way on a link, latency
          ///< included; -1: not asked for, or its links can never limit, so no message is timed by them
  std::vector<double> over_time = {}; ///< bytes in equal parts of the time from first_begin to last_end, a message's
                                      ///< spread evenly over its span; empty: not asked for
};

/// Bytes a rank sends by dimension: simulated against the collectives' closed forms.
struct BytesCheck {
  Dim dim{};
  double simulated = 0;
  double closed_form = 0;
};

/// Step time with a set of dimensions ideal.
struct IdealRun {
  DimSet ideal = 0;
  double step_time = 0;
};
/// The same with a set of tiers.
struct IdealTiersRun {
  TierSet ideal = 0;
  double step_time = 0;
};

struct StepResult {
  workloads::Scenario scenario;
  platforms::Cluster cluster;
  std::int64_t seed = 0;            ///< of what is random in it
  workloads::Recompute recompute{}; ///< as run
  workloads::MemoryNeed memory;     ///< of the rank that it leaves least of its capacity
  std::vector<workloads::MemoryNeed> memory_of_stages;
  Bytes memory_capacity; ///< of that rank
  workloads::ModelFlops flops;
  double hardware_flops = 0; ///< executed in the step, all ranks
  double rank_peak = 0;      ///< FLOP/s at the plan's precision, mean over ranks
  double rank_peak_bf16 = 0; ///< likewise; 0 where unknown

  Program program;
  Calls calls;
  Folded folded;
  std::vector<std::int32_t> stage_of_class; ///< by rank class
  std::vector<double> speed_of_class;
  std::vector<double> weight_of_class;                             ///< its peak over rank_peak
  std::vector<Role> role_of_communicator;                          ///< by communicator class
  std::vector<std::pair<std::int32_t, std::int32_t>> channel_ends; ///< sender, receiver class; p2p only
  std::vector<Costs> costs, ideal_costs; ///< with nothing ideal, with everything ideal; by kind of rank
  EngineRun run, ideal;                  ///< the step; the step without communication
  bool ideal_known = true;               ///< false: it was not asked for, `ideal` is `run`
  std::vector<IdealRun> subsets;         ///< all subsets of `dims`, when asked for
  double capacity_response = -1; ///< relative change of the step after a last-place change of one link; -1 = not asked
  DimSet dims = 0;               ///< dimensions present
  TierSet tiers = 0;             ///< that its messages wait for (Placement::Communicator::tiers)
  std::vector<IdealTiersRun> tier_subsets; ///< all subsets of `tiers`, when asked for
  std::vector<LinkBytes> links;
  std::vector<BytesCheck> bytes;
  std::int64_t link_classes = 0; ///< that the solver sees

  [[nodiscard]] bool fits() const { return memory.total() <= memory_capacity; }
  /// Rank classes begin and end their steps apart where stages do not wait for each other.
  [[nodiscard]] double first_begin() const;
  [[nodiscard]] double last_end() const;
};

} // namespace weft::sim
