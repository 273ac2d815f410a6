#pragma once
// What many tests do: load a scenario with changes, simulate it, compare runs.

#include "analysis/load.hpp"
#include "analysis/summary.hpp"
#include "sim/simulate.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <vector>

namespace weft::test {

inline analysis::Loaded load(const std::string& name, const std::vector<std::string>& sets = {}) {
  auto loaded = analysis::load_scenario(name, sets);
  if (!loaded) FAIL(render(loaded.error()));
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

inline double relative(double a, double b) {
  return std::abs(a - b) / std::max(1e-300, std::abs(b));
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
