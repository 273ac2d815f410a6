#pragma once
// How many accelerators of one cluster equal so many of another: each side with the best of the plans given, grown by
// data parallelism until it makes the reference's tokens per second (analysis/docs/parity.md).

#include "analysis/power.hpp"
#include "analysis/scaling.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

struct ParityOptions {
  std::optional<std::int64_t> accelerators; ///< of the reference; absent: as many as its scenarios have
  std::optional<double> tokens_per_s;       ///< instead of what the reference makes
  Scaling scaling = Scaling::fixed_batch;
  std::string location; ///< where all of them stand, for power and money; empty: each where its chip's kind does
  sim::Options sim;
  int jobs = 2;
};

/// One plan against a target.
struct ParityPlan {
  Case at;                            ///< its scenario at the size of `head`
  Headline head;                      ///< the smallest size that reaches the target, else the one with most tokens/s
  bool reached = false;               ///< whether any size does
  std::optional<double> accelerators; ///< interpolated number that makes the target exactly; absent: not reached, or
                                      ///< the smallest size makes more already
  double tokens_per_s = 0;            ///< that many make, or of `head`
  std::int64_t below = 0, above = 0;  ///< sizes it was interpolated between; equal: none was needed
  std::int64_t largest = 0;           ///< accelerators that the plan can run on; 0: nothing but the cluster limits it
  std::string why_not;                ///< a plan that runs nowhere, or not at the size asked for: the reason

  [[nodiscard]] bool runs() const { return why_not.empty(); }
  [[nodiscard]] bool interpolated() const { return below != above; }
  /// The answer: interpolated where known. What follows is of so many.
  [[nodiscard]] double count() const { return accelerators.value_or(double(head.accelerators)); }
  [[nodiscard]] double per_accelerator() const { return tokens_per_s / count(); } ///< tokens/s
  [[nodiscard]] double effective_flops() const { return head.effective_flops * tokens_per_s / head.tokens_per_s; }
  [[nodiscard]] double mfu() const { return head.mfu_causal * per_accelerator() / head.tokens_per_s_per_accelerator; }
};

/// One cluster: what is compared.
struct ParitySide {
  std::string cluster;
  ParityPlan best;               ///< of `plans`: the fewest accelerators, else the most tokens/s
  std::vector<ParityPlan> plans; ///< as given
  std::optional<Power> power;    ///< of `best.count()` accelerators, working as those of its size do

  [[nodiscard]] const std::string& chip() const { return best.at.cluster.accelerator.name; }
};

struct Parity {
  double target_tokens_per_s = 0;
  Scaling scaling = Scaling::fixed_batch;
  ParitySide reference;
  std::vector<ParitySide> candidates; ///< by cluster name, in the order given

  /// Candidate's accelerators for each of the reference's; nothing where the candidate does not reach the target.
  [[nodiscard]] std::optional<double> ratio(const ParitySide& candidate) const;
};

/// The reference's nominal figure over the candidate's, by package: what parity would be if only that mattered.
struct NominalRatio {
  double peak = 0, memory_capacity = 0, memory_bandwidth = 0;
};
NominalRatio nominal_ratio(const ParitySide& reference, const ParitySide& candidate);

/// The reference's cases are one cluster's; candidates are grouped by the name of theirs. All train the same model with
/// the same batch and sequence; the precision is each one's own. Fails where that is not so, where the reference does
/// not run at the size asked for or does not reach the tokens/s asked for, and on a plan that is wrong by itself.
Result<Parity> parity(const std::vector<Case>& reference, const std::vector<Case>& candidates,
                      const ParityOptions& options);

/// "tp 8 pp 16 vpp 8 zero 2": what of a plan stays at every size.
std::string plan_words(const Case& one);

std::string parity_text(const Parity& parity);
std::string parity_json(const Parity& parity);
std::string parity_csv(const Parity& parity);

} // namespace weft::analysis
