#pragma once
// A scenario at other sizes, by data parallelism: more or fewer replicas of its plan on more or fewer of its
// accelerators.

#include "analysis/headline.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace weft::analysis {

/// What stays when the number of replicas changes.
enum class Scaling {
  fixed_batch,      ///< the global batch: replicas have fewer microbatches (strong scaling)
  batch_per_replica ///< microbatches of a replica: the global batch grows along (weak scaling)
};

/// The most that a cluster may have.
inline constexpr std::int64_t most_accelerators = 4'194'304;

/// The scenario with `dp` replicas. Fails where its plan forbids that, where packages do not come out whole, where the
/// cluster would need sites that it does not describe, past 4,194,304 accelerators.
Result<Case> resized(const Case& one, std::int64_t dp, Scaling scaling);

/// Packages that `dp` replicas take; nothing where they do not come out whole.
std::optional<std::int64_t> packages(const Case& one, std::int64_t dp);

/// Every number of replicas that the batch can be dealt to, ascending; of a fixed batch, which has that many divisors.
std::vector<std::int64_t> replica_counts(const Case& one);

/// Whether the number of accelerators can change at all: one kind of node, nothing left out, part-filled or degraded,
/// no rank by its number.
Result<void> check_resizable(const Case& one);

/// A size that a plan can run, and what it does there.
struct SizePoint {
  std::int64_t dp = 0;
  Headline head;
};
/// Accelerators at which tokens/s reach `target`, on the straight line between two sizes in logarithms.
double accelerators_between(const SizePoint& below, const SizePoint& above, double target);
/// tokens/s at that many accelerators, on the same line.
double throughput_between(const SizePoint& below, const SizePoint& above, double accelerators);

} // namespace weft::analysis
