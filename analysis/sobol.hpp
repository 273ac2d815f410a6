#pragma once
// Points that fill a cube evenly, so that a few hundred tell what thousands of random ones would.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::analysis {

/// `n` points of `dimensions` coordinates in [0, 1): a Sobol sequence, each coordinate moved by a constant of its own
/// and wrapped (Cranley and Patterson), which the seed draws. Coordinates do not depend on how many others there are.
std::vector<std::vector<double>> sobol_points(std::size_t n, std::size_t dimensions, std::uint64_t seed);

} // namespace weft::analysis
