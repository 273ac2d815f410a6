#include "analysis/sobol.hpp"

#include <boost/random/sobol.hpp>
#include <cmath>
#include <random>

namespace weft::analysis {

std::vector<std::vector<double>> sobol_points(std::size_t n, std::size_t dimensions, std::uint64_t seed) {
  std::vector<std::vector<double>> out(n, std::vector<double>(dimensions));
  if (dimensions == 0) return out;
  auto share = [](std::uint64_t bits) { return double(bits >> 11) * 0x1p-53; };
  std::mt19937_64 random(seed);
  std::vector<double> shift(dimensions);
  for (double& s : shift)
    s = share(random());
  boost::random::sobol sequence(dimensions);
  for (auto& point : out)
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double moved = share(sequence()) + shift[d];
      point[d] = moved - std::floor(moved);
    }
  return out;
}

} // namespace weft::analysis
