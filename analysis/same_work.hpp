#pragma once
// Is it the same work? What differs between two models, trainings or plans, field by field. Names, descriptions,
// sources and places in files do not count.

#include "workloads/scenario.hpp"

#include <string>
#include <vector>

namespace weft::analysis {

/// "global_batch (2048 and 1024)", one a field that differs; a field that only one side has reads "none" on the other.
std::vector<std::string> differences(const workloads::Model& a, const workloads::Model& b);
std::vector<std::string> differences(const workloads::Training& a, const workloads::Training& b);
/// All but `recompute`, which follows the memory where a plan says `auto`.
std::vector<std::string> differences(const workloads::Plan& a, const workloads::Plan& b);
/// Ranks that are slower, jitter.
std::vector<std::string> unevenness_differences(const workloads::Scenario& a, const workloads::Scenario& b);

} // namespace weft::analysis
