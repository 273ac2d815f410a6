#pragma once
// A ring through every point of a box of a torus, each step to a neighbour: a Hamiltonian cycle.

#include <array>
#include <cstdint>
#include <vector>

namespace weft::platforms {

using TorusPoint = std::array<std::int64_t, 3>;

struct TorusBox {
  TorusPoint size{1, 1, 1};
  std::array<bool, 3> closed{}; ///< the box spans the whole dimension, which closes in a ring of three or more
};

/// Empty where none is found: a line that does not close, or odd sizes in every dimension of which not all close
/// (a grid of an odd number of points has no such ring; some boxes closed in part have one that is not looked for).
std::vector<TorusPoint> torus_ring(const TorusBox& box);

} // namespace weft::platforms
