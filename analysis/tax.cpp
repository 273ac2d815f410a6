#include "analysis/ledger.hpp"

#include <bit>
#include <map>

namespace weft::analysis {

std::vector<double> shapley(const std::vector<double>& v, std::size_t players) {
  std::vector<double> factorial(players + 1, 1);
  for (std::size_t i = 1; i <= players; ++i)
    factorial[i] = factorial[i - 1] * double(i);
  std::vector<double> out(players, 0);
  for (std::size_t set = 0; set < v.size(); ++set) {
    const auto size = std::size_t(std::popcount(set));
    for (std::size_t p = 0; p < players; ++p) {
      if (set & (std::size_t{1} << p)) continue;
      const double weight = factorial[size] * factorial[players - size - 1] / factorial[players];
      out[p] += weight * (v[set | (std::size_t{1} << p)] - v[set]);
    }
  }
  return out;
}

std::optional<Tax> interconnect_tax(const sim::StepResult& result) {
  if (!result.ideal_known) return std::nullopt;
  Tax tax;
  const double step = result.run.step_time;
  tax.seconds = step - result.ideal.step_time;
  tax.total = tax.seconds / step;
  tax.runs = result.subsets.size();
  std::vector<sim::Dim> dims;
  for (std::size_t d = 0; d < sim::dim_count; ++d)
    if (result.dims & sim::bit(sim::Dim(d))) dims.push_back(sim::Dim(d));
  const std::size_t subsets = std::size_t{1} << dims.size();
  tax.method = "difference to the step without communication";
  if (result.subsets.size() < subsets) return tax;

  std::map<sim::DimSet, double> time;
  for (const auto& run : result.subsets)
    time[run.ideal] = run.step_time;
  std::vector<double> v(subsets);
  for (std::size_t set = 0; set < subsets; ++set) {
    sim::DimSet ideal = 0;
    for (std::size_t d = 0; d < dims.size(); ++d)
      if (set & (std::size_t{1} << d)) ideal = sim::DimSet(ideal | sim::bit(dims[d]));
    v[set] = step - time.at(ideal);
  }
  tax.method = "Shapley values over all subsets of dimensions";
  const auto values = shapley(v, dims.size());
  for (std::size_t d = 0; d < dims.size(); ++d)
    tax.parts.push_back({dims[d], values[d]});
  return tax;
}

} // namespace weft::analysis
