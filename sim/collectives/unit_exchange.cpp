// LinkLoader::all_to_all over the units of a symmetry, without visiting pairs of units: how many pairs of two runs meet
// below which tier is arithmetic, one pair of each kind is routed and counts for all.
#include "sim/collectives/patterns.hpp"

#include <algorithm>
#include <utility>

namespace weft::sim {
namespace {

struct Pair {
  std::int64_t from = 0, to = 0, count = 0; ///< units; ordered pairs that this one stands for
};

/// Pairs of units by the smallest block that holds both. `sizes`: units of a block of each kind, ascending, each a
/// multiple of the one before; 1 stands first and everything last.
class UnitPairs {
public:
  explicit UnitPairs(std::vector<std::int64_t> sizes) : sizes_(std::move(sizes)) {}

  /// From a unit of one run to one of another, or of the same.
  [[nodiscard]] std::vector<Pair> between(const Symmetry::Run& a, const Symmetry::Run& b) const {
    std::vector<Pair> out;
    std::int64_t below = 0;
    for (std::size_t level = 0; level < sizes_.size(); ++level) {
      const std::int64_t same = together(a, b, sizes_[level]);
      if (same > below) out.push_back(one_of(a, b, level, same - below));
      below = same;
    }
    return out;
  }

private:
  static std::int64_t inside(const Symmetry::Run& run, std::int64_t block, std::int64_t size) {
    const std::int64_t first = std::max(run.first, block * size);
    return std::max<std::int64_t>(0, std::min(run.first + run.count, (block + 1) * size) - first);
  }
  /// Ordered pairs that share a block of this size.
  static std::int64_t together(const Symmetry::Run& a, const Symmetry::Run& b, std::int64_t size) {
    const std::int64_t from = std::max(a.first, b.first) / size;
    const std::int64_t to = std::min(a.first + a.count - 1, b.first + b.count - 1) / size;
    std::int64_t pairs = 0;
    for (std::int64_t block = from; block <= to; ++block) {
      pairs += inside(a, block, size) * inside(b, block, size);
      if (block == from && to - from > 2) { // those in between are full
        pairs += (to - from - 1) * size * size;
        block = to - 1;
      }
    }
    return pairs;
  }
  [[nodiscard]] bool meet(std::int64_t u, std::int64_t v, std::size_t level) const {
    return u / sizes_[level] == v / sizes_[level] && (level == 0 || u / sizes_[level - 1] != v / sizes_[level - 1]);
  }
  [[nodiscard]] Pair one_of(const Symmetry::Run& a, const Symmetry::Run& b, std::size_t level,
                            std::int64_t count) const {
    if (level == 0) return {a.first, b.first, count};
    const std::int64_t step = sizes_[level - 1];
    if (a.first == b.first) { // two neighbours at a border of the smaller blocks
      for (std::int64_t at = (a.first / step + 1) * step;; at += step)
        if (meet(at - 1, at, level)) return {at - 1, at, count};
    }
    const bool ascending = a.first < b.first;
    const Symmetry::Run &low = ascending ? a : b, &high = ascending ? b : a;
    const std::int64_t last = low.first + low.count - 1;
    for (const std::int64_t u : {last, last / step * step - 1})
      for (const std::int64_t v : {high.first, (high.first / step + 1) * step})
        if (u >= low.first && v < high.first + high.count && meet(u, v, level))
          return ascending ? Pair{u, v, count} : Pair{v, u, count};
    return {};
  }
  std::vector<std::int64_t> sizes_;
};

} // namespace

bool load_unit_exchange(const std::vector<std::int32_t>& members, LinkLoader& loader) {
  const Symmetry& symmetry = loader.symmetry();
  if (symmetry.stretches() != 1) return false;
  std::vector<std::int64_t> sizes{1};
  for (const auto& g : loader.topology().groups()) // a border through a unit cuts it off: its run says all
    if (g.ranks % symmetry.width() == 0)
      sizes.push_back(g.ranks / symmetry.width());
    else if (symmetry.width() % g.ranks != 0 && g.ranks % loader.topology().ranks_per_domain() != 0)
      return false;
  sizes.push_back(symmetry.units());
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  while (sizes.back() > symmetry.units())
    sizes.pop_back();
  for (std::size_t i = 1; i + 1 < sizes.size(); ++i)
    if (sizes[i] % sizes[i - 1] != 0) return false;
  const UnitPairs pairs(std::move(sizes));
  for (const auto& a : symmetry.runs())
    for (const auto& b : symmetry.runs())
      for (const Pair& pair : pairs.between(a, b))
        for (std::int32_t from : members)
          for (std::int32_t to : members)
            if (pair.from != pair.to || from != to)
              loader.flow(symmetry.moved(from, 0, pair.from), symmetry.moved(to, 0, pair.to), pair.count);
  return true;
}

} // namespace weft::sim
