#pragma once
// The headline numbers of one simulated scenario, computed once for text, JSON and CSV alike.

#include "analysis/band.hpp"
#include "analysis/critical_path.hpp"
#include "analysis/evidence.hpp"
#include "analysis/ledger.hpp"
#include "analysis/power.hpp"
#include "sim/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// Of one figure over several seeds.
struct Band {
  double median = 0, p5 = 0, p95 = 0;
};
struct Seeds {
  std::int64_t n = 0, first = 0;
  Band step_time, tokens_per_s_per_accelerator;
  std::optional<Band> tax;
};

struct Summary {
  sim::StepResult result;
  std::string hash;
  Where where;       ///< of the step
  Where where_ideal; ///< of the step without communication, where that is known
  std::optional<Tax> tax;
  std::optional<CriticalPath> path; ///< where an explanation is asked for
  double tokens_per_s_per_accelerator = 0;
  double mfu_causal = 0, mfu_full = 0, mfu_bf16_peak = 0, hfu = 0; ///< bf16_peak: causal FLOP over the bf16 peak
  double effective_flops = 0;                                      ///< causal model FLOP/s of the whole cluster
  double accelerators_per_effective_eflops = 0; ///< accelerators that deliver 1e18 causal model FLOP/s
  std::vector<EvidenceLine> evidence;
  std::optional<Seeds> seeds;         ///< when several were asked for
  std::optional<Power> power;         ///< when it was asked for
  std::optional<HeadlineBands> bands; ///< when samples were asked for

  [[nodiscard]] double where_sum() const;
};

/// `ideal_network` presents the step without communication as the step; `explain` also finds its critical path.
Summary summarise(sim::StepResult result, std::string hash, bool ideal_network = false, bool explain = false);

/// What the numbers leave out and a reader must know, whole sentences: loose coupling, stale weights, jitter.
std::vector<std::string> caveats(const sim::StepResult& result);

/// "tp takes 13.5 %, dp 5.1 %": what a person can quote.
std::string quotable(const Summary& summary);

} // namespace weft::analysis
