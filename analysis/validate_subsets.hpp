#pragma once
// The same predictions cut another way than by group: a good median over all may hide a kind of run that is bad, and
// a large group may hide a small one.

#include "analysis/validate.hpp"

namespace weft::analysis {

/// The run's model, as stated or as the catalog has it, is a mixture of experts.
bool has_experts(const PublishedRun& run);
/// The run has more chips than one scale-up domain; nothing where it does not say how many either are.
std::optional<bool> leaves_domain(const PublishedRun& run);

/// How many measured runs a group needs before its median is compared with the baseline's.
inline constexpr std::size_t runs_to_compare = 8;

/// Fills the subsets, the medians of group medians and the groups where the baseline is nearer from runs and groups.
/// Groups without a measured run have no median and count nowhere; one whose runs are not predicted has an infinite
/// one.
void add_subsets(Validation& validation);

std::string subsets_text(const Validation& validation);

} // namespace weft::analysis
