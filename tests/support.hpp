#pragma once
// What many tests do: load a scenario with changes, simulate it, compare runs.

#include "analysis/load.hpp"
#include "analysis/summary.hpp"
#include "sim/simulate.hpp"
#include "workloads/plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <doctest/doctest.h>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace weft::test {

inline analysis::Loaded load(const std::string& name, const std::vector<std::string>& sets = {}) {
  auto loaded = analysis::load_scenario(name, sets);
  if (!loaded) FAIL(render(loaded.error()));
  return std::move(*loaded);
}

/// Nothing where the world cannot be read or its plan is illegal.
inline std::optional<analysis::Loaded> legal(const std::string& name, const std::vector<std::string>& sets) {
  auto loaded = analysis::load_scenario(name, sets);
  if (!loaded) return std::nullopt;
  const auto& s = loaded->scenario;
  if (!workloads::check_legal(s.model, s.training, s.plan, loaded->cluster.ranks())) return std::nullopt;
  return std::move(*loaded);
}

inline sim::StepResult simulate(const analysis::Loaded& loaded, sim::Options options = {}) {
  auto result = sim::simulate(loaded.scenario, loaded.cluster, options);
  if (!result) FAIL(render(result.error()));
  return std::move(*result);
}
inline sim::StepResult simulate(const std::string& name, const std::vector<std::string>& sets = {},
                                sim::Options options = {}) {
  return simulate(load(name, sets), options);
}

/// Every rank, without a symmetry; communicators have the links of what their library takes for an all-gather.
inline sim::Placement placed(const workloads::Scenario& scenario, const platforms::Cluster& cluster,
                             const platforms::Topology& topology, std::uint64_t seed = 0) {
  return sim::place(scenario, topology, sim::Choice(cluster), {}, sim::Symmetry::none(scenario.plan), seed);
}

inline double relative(double a, double b) {
  return std::abs(a - b) / std::max(1e-300, std::abs(b));
}

/// Entries of where time went are not negative and sum to the step; bytes and model FLOP agree with closed forms.
/// Flows of a deduplicating dispatcher, and those to and from busier experts, are whole 64ths (expert.md): bytes of ep
/// may then differ by what is rounded away.
inline void check_ledgers(const sim::StepResult& r, double flops_tolerance = 1e-3) {
  const bool rounded =
      r.scenario.model.experts &&
      (r.scenario.stack.dispatcher == workloads::Dispatcher::deduplicated || r.scenario.model.experts->skew != 1);
  const auto where = analysis::where_time_went(r, r.run, r.costs, 0);
  double sum = 0;
  for (double s : where.seconds) {
    CHECK(s >= -1e-12);
    sum += s;
  }
  CHECK(relative(sum, r.run.step_time) < 1e-9);
  for (const auto& b : r.bytes)
    CHECK(std::abs(b.simulated - b.closed_form) <=
          (rounded && b.dim == sim::Dim::ep ? 0.01 : 1e-9) * std::max(1.0, b.closed_form));
  CHECK(relative(r.flops.causal.count(), r.flops.six_n.count()) < flops_tolerance);
}

/// A file of the source tree.
inline std::string text_of(const std::string& path) {
  std::ifstream in(std::string(WEFT_SOURCE_DIR) + "/" + path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// What a command prints on stdout, and its exit code.
struct Output {
  std::string out;
  int code = -1;
};
inline Output command(const std::string& line) {
  Output result;
  FILE* pipe = ::popen(line.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 65536> buffer{};
  while (std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    result.out.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  result.code = WEXITSTATUS(status);
  return result;
}

} // namespace weft::test
