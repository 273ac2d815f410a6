#pragma once
// Which ranks stand for which before anything is simulated: groups of replicas that can be exchanged without anybody
// noticing. Found by arithmetic on the plan's order and the fabric's blocks, never by visiting ranks. What folding
// then refines is the quotient; a symmetry that is missed costs time, not exactness.

#include "platforms/topology.hpp"
#include "workloads/scenario.hpp"

#include <cstdint>
#include <vector>

namespace weft::sim {

/// Ranks fall into `outer` equal stretches (the dimensions outside dp), each into units of `width` consecutive ranks;
/// unit u has one segment in every stretch and holds whole replicas and whole scale-up domains. Units of a run can be
/// exchanged with each other: below every tier that may limit they stand in the same block, or, where replicas are
/// contiguous, in blocks that are alike.
class Symmetry {
public:
  /// One unit, which holds everything: every rank stands for itself.
  static Symmetry none(const workloads::Plan& plan);
  /// `none` where no unit smaller than the whole exists.
  static Symmetry find(const workloads::Scenario& scenario, const platforms::Topology& topology);

  struct Run {
    std::int64_t first = 0, count = 0; ///< units; the first one stands for all
  };
  [[nodiscard]] const std::vector<Run>& runs() const { return runs_; }
  [[nodiscard]] std::int64_t units() const { return units_; }
  [[nodiscard]] std::int64_t replicas() const { return replicas_; } ///< values of dp in a unit
  [[nodiscard]] std::int64_t stretches() const { return outer_; }
  [[nodiscard]] std::int64_t width() const { return width_; }
  [[nodiscard]] std::int64_t ranks_per_unit() const { return outer_ * width_; }
  [[nodiscard]] std::int64_t unit_of(std::int64_t rank) const { return rank % (units_ * width_) / width_; }
  [[nodiscard]] std::size_t run_of(std::int64_t unit) const;
  /// The same place in another unit.
  [[nodiscard]] std::int64_t moved(std::int64_t rank, std::int64_t from_unit, std::int64_t to_unit) const {
    return rank + (to_unit - from_unit) * width_;
  }
  /// The rank that stands for this one.
  [[nodiscard]] std::int64_t canonical(std::int64_t rank) const {
    const std::int64_t unit = unit_of(rank);
    return moved(rank, unit, runs_[run_of(unit)].first);
  }
  /// Where a canonical rank stands in a list of all of them, run by run.
  [[nodiscard]] std::int64_t cell_of(std::int64_t rank) const {
    const std::int64_t unit = unit_of(rank), stretch = rank / (units_ * width_);
    return (std::int64_t(run_of(unit)) * outer_ + stretch) * width_ + rank % width_;
  }
  /// The link that stands for this one.
  [[nodiscard]] platforms::LinkId canonical(platforms::LinkId link, const platforms::Topology& topology) const;
  /// For how many links a canonical one stands that belongs to no more than a unit.
  [[nodiscard]] std::int64_t links_like(platforms::LinkId canonical, const platforms::Topology& topology) const;

private:
  void cut(const workloads::Scenario& scenario, const platforms::Topology& topology);
  std::int64_t outer_ = 1, units_ = 1, width_ = 1, replicas_ = 1;
  std::vector<Run> runs_;
};

} // namespace weft::sim
