#pragma once
// Which ranks a collective that is asked for by itself joins.

#include "platforms/topology.hpp"
#include "sim/collective_run.hpp"
#include "sim/span.hpp"

#include <vector>

namespace weft::sim {

std::vector<std::int32_t> ranks_of(std::int64_t first, std::int64_t end, std::int64_t step);
/// Ranks of each domain where all have equally many, else 0.
std::int64_t ranks_in_domains(const platforms::Topology& topology);
/// How the groups lie: one for all where they are alike. No rails where domains are unequal.
std::vector<Span> spans_of(const platforms::Cluster& cluster, std::int64_t ranks, GroupKind group);

} // namespace weft::sim
