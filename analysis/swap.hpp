#pragma once
// What makes two clusters differ on equal work: the gap between their steps split by Shapley values over what each is
// made of, and the steps of the one's chip on the other's network (analysis/docs/swap.md).

#include "analysis/hybrid.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// What a part contributes to the gap: its mean marginal contribution over all orders of exchanging the parts.
struct SwapShare {
  double seconds = 0;         ///< of step time; the parts sum to the gap
  double factor = 1;          ///< of step time, split in logarithms; the parts multiply to the ratio
  double per_accelerator = 1; ///< factor of tokens/s/accelerator; with it `compute` changes the packages
  double first_s = 0;         ///< the step of the first with this part of the second, less that of the first
  double last_s = 0;          ///< the step of the second, less that of it with this part of the first
};

struct SwapCorner {
  std::string name;
  SwapSet from_second = 0;
  Headline head; ///< with the step without communication
};

struct Swap {
  std::string first, second; ///< scenarios
  std::array<SwapShare, swap_part_count> parts;
  /// The first; the second; the first's chip on the second's network; the second's chip on the first's network. A chip
  /// takes its kernels and their software along.
  std::array<SwapCorner, 4> corners;
  bool recompute_follows = false;              ///< the memory of each combination: a plan says `auto`
  std::size_t runs = 0;                        ///< steps simulated, those without communication left out
  std::string first_evidence, second_evidence; ///< sentences

  [[nodiscard]] double gap_s() const { return corners[1].head.step_s - corners[0].head.step_s; }
  [[nodiscard]] double ratio() const { return corners[1].head.step_s / corners[0].head.step_s; }
  /// What the second's network costs the second's chip beyond what the first's would.
  [[nodiscard]] double excess_s() const { return corners[1].head.step_s - corners[3].head.step_s; }
  /// Nothing where there is no gap.
  [[nodiscard]] std::optional<double> share_of_gap(const SwapShare& part) const;
};

/// Simulates all 2⁶ combinations, `jobs` processes at a time. Fails on what check_swappable refuses and on a
/// combination that cannot be, which it names; on a side whose plan says how much to recompute where the other says
/// `auto` and would take another amount.
Result<Swap> swap(const Case& first, const Case& second, sim::Options options, int jobs);

std::string swap_text(const Swap& swap);
std::string swap_csv(const Swap& swap);
/// `runs`: the JSON object of each of the two scenarios.
std::string swap_json(const Swap& swap, const std::vector<Summary>& runs);

} // namespace weft::analysis
