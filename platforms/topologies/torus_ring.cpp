#include "platforms/topologies/torus_ring.hpp"

#include <algorithm>

namespace weft::platforms {
namespace {

using Axes = std::vector<std::size_t>;
using Way = std::vector<TorusPoint>;

TorusPoint moved(TorusPoint p, std::size_t axis, std::int64_t to) {
  p[axis] = to;
  return p;
}

/// Back and forth through the box of one or two dimensions: neighbours all along, the ends apart.
Way snake(const TorusBox& box, const Axes& axes) {
  Way out;
  if (axes.size() == 1) {
    for (std::int64_t i = 0; i < box.size[axes[0]]; ++i)
      out.push_back(moved({0, 0, 0}, axes[0], i));
    return out;
  }
  for (std::int64_t j = 0; j < box.size[axes[1]]; ++j)
    for (std::int64_t i = 0, n = box.size[axes[0]]; i < n; ++i)
      out.push_back(moved(moved({0, 0, 0}, axes[0], j % 2 == 0 ? i : n - 1 - i), axes[1], j));
  return out;
}

/// An even dimension over a way of two or more points: back and forth over all but the way's first point, and home
/// along that one.
Way over_even(std::int64_t size, std::size_t axis, const Way& way) {
  Way out;
  const std::size_t m = way.size();
  for (std::int64_t i = 0; i < size; ++i)
    for (std::size_t j = 1; j < m; ++j)
      out.push_back(moved(way[i % 2 == 0 ? j : m - j], axis, i));
  for (std::int64_t i = size; i-- > 0;)
    out.push_back(moved(way[0], axis, i));
  return out;
}

/// An odd closed dimension over an odd ring at least as long: a whole turn at every point of the ring, (m + size)/2
/// times forwards and else backwards. A turn ends one short of its start, so that all of them together come back to it.
Way over_odd(std::int64_t size, std::size_t axis, const Way& ring) {
  Way out;
  const auto m = std::int64_t(ring.size());
  std::int64_t at = 0;
  for (std::int64_t j = 0; j < m; ++j) {
    const std::int64_t step = j < (m + size) / 2 ? 1 : size - 1;
    for (std::int64_t i = 0; i < size; ++i)
      out.push_back(moved(ring[std::size_t(j)], axis, (at + i * step) % size));
    at = (at + (size - 1) * step) % size;
  }
  return out;
}

Way ring(const TorusBox& box, Axes axes) {
  if (axes.empty()) return {};
  if (axes.size() == 1) return box.closed[axes[0]] || box.size[axes[0]] == 2 ? snake(box, axes) : Way{};
  auto pick = std::find_if(axes.begin(), axes.end(), [&](std::size_t a) { return box.size[a] % 2 == 0; });
  const bool even = pick != axes.end();
  if (!even) {
    if (!std::all_of(axes.begin(), axes.end(), [&](std::size_t a) { return box.closed[a]; })) return {};
    pick = std::min_element(axes.begin(), axes.end(),
                            [&](std::size_t a, std::size_t b) { return box.size[a] < box.size[b]; });
  }
  const std::size_t axis = *pick;
  axes.erase(pick);
  return even ? over_even(box.size[axis], axis, snake(box, axes)) : over_odd(box.size[axis], axis, ring(box, axes));
}

} // namespace

std::vector<TorusPoint> torus_ring(const TorusBox& box) {
  Axes axes;
  for (std::size_t a = 0; a < 3; ++a)
    if (box.size[a] > 1) axes.push_back(a);
  return ring(box, axes);
}

} // namespace weft::platforms
