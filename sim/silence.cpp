#include "sim/silence.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace weft::sim {

bool is_silent(const Program& program, const Folded& folded, DimSet ideal) {
  return std::all_of(program.messages.begin(), program.messages.end(),
                     [&](const Message& m) { return (ideal & bit(m.dim)) != 0; }) &&
         ((ideal & bit(Dim::wan)) != 0 ||
          std::none_of(folded.communicators.begin(), folded.communicators.end(), [](const auto& c) { return c.wan; }));
}

std::optional<Folded> fold_silent(const Placement& placement, FoldInput input, const Folded& folded,
                                  const std::vector<double>& speed) {
  std::set<std::tuple<std::int32_t, std::int32_t, double>> different;
  for (std::size_t rc = 0; rc < folded.ranks.size(); ++rc)
    different.emplace(folded.ranks[rc].stage, folded.ranks[rc].kind, speed[rc]);
  if (different.size() == folded.ranks.size()) return std::nullopt;
  input.solver_link.assign(input.solver_link.size(), false);
  Folded out = fold(placement, input, false);
  if (out.ranks.size() == folded.ranks.size()) return std::nullopt;
  return out;
}

EngineRun spread(const EngineRun& run, const Folded& silent, const Folded& folded, const Placement& placement) {
  EngineRun out;
  out.step_time = run.step_time;
  out.activities = run.activities;
  std::vector<std::int32_t> first(silent.ranks.size(), -1);
  out.messages.resize(folded.communicators.size());
  for (std::size_t rc = 0; rc < folded.ranks.size(); ++rc) {
    const auto from = std::size_t(silent.rank_class[std::size_t(folded.ranks[rc].representative)]);
    if (first[from] < 0) first[from] = std::int32_t(rc);
    out.like.push_back(first[from]);
    out.begin.push_back(run.begin[from]);
    out.lead.push_back(run.lead[from]);
    out.compute.push_back(run.compute[from]);
  }
  for (std::size_t c = 0; c < folded.communicators.size(); ++c) {
    const auto& real = placement.communicators[std::size_t(folded.communicators[c].representative)];
    const auto member = std::size_t(silent.rank_class[std::size_t(placement.members_of(real).front())]);
    const std::int32_t from = silent.ranks[member].communicator[index(real.role)];
    out.messages[c] = run.messages[std::size_t(from)];
  }
  return out;
}

} // namespace weft::sim
