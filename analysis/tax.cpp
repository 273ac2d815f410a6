#include "analysis/ledger.hpp"

#include <bit>
#include <map>

namespace weft::analysis {
namespace {

/// What each member of a set saves, by the step times of all its subsets; the set's bits ascending. Nothing where a
/// subset was not simulated.
template <class Runs> std::vector<std::pair<std::size_t, double>> split(std::uint32_t all, const Runs& runs) {
  std::vector<std::size_t> players;
  for (std::uint32_t left = all; left != 0; left &= left - 1)
    players.push_back(std::size_t(std::countr_zero(left)));
  const std::size_t subsets = std::size_t{1} << players.size();
  std::map<std::uint32_t, double> time;
  for (const auto& run : runs)
    time[run.ideal] = run.step_time;
  if (time.size() < subsets) return {};
  std::vector<double> v(subsets);
  for (std::size_t set = 0; set < subsets; ++set) {
    std::uint32_t ideal = 0;
    for (std::size_t p = 0; p < players.size(); ++p)
      if (set & (std::size_t{1} << p)) ideal |= std::uint32_t{1} << players[p];
    v[set] = time.at(0) - time.at(ideal);
  }
  const auto values = shapley(v, players.size());
  std::vector<std::pair<std::size_t, double>> out;
  for (std::size_t p = 0; p < players.size(); ++p)
    out.emplace_back(players[p], values[p]);
  return out;
}

} // namespace

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
  tax.tier_runs = result.tier_subsets.size();
  tax.method = "difference to the step without communication";
  for (const auto& [dim, seconds] : split(result.dims, result.subsets)) {
    tax.parts.push_back({sim::Dim(dim), seconds});
    tax.method = "Shapley values over all subsets of dimensions";
  }
  for (const auto& [tier, seconds] : split(result.tiers, result.tier_subsets))
    tax.tiers.push_back({tier, sim::tier_name(tier, result.cluster), seconds});
  return tax;
}

} // namespace weft::analysis
