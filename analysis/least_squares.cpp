#include "analysis/least_squares.hpp"

#include <cmath>
#include <cstddef>
#include <limits>

namespace weft::analysis {
namespace {

using Columns = std::vector<std::vector<double>>;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

struct Solution {
  std::vector<double> x;
  std::size_t rank = 0;
};

/// Without bounds, by modified Gram-Schmidt: columns nearly inside the span of earlier ones get zero.
Solution unbounded(Columns q, std::vector<double> target) {
  const std::size_t n = q.size();
  std::vector<std::vector<double>> r(n, std::vector<double>(n, 0.0));
  std::vector<double> y(n, 0.0);
  std::vector<bool> used(n, false);
  Solution out{std::vector<double>(n, 0.0), 0};
  for (std::size_t j = 0; j < n; ++j) {
    const double before = std::sqrt(dot(q[j], q[j]));
    for (std::size_t pass = 0; pass < 2; ++pass) // the second pass takes away what rounding left
      for (std::size_t i = 0; i < j; ++i) {
        if (!used[i]) continue;
        const double along = dot(q[i], q[j]);
        r[i][j] += along;
        for (std::size_t k = 0; k < q[j].size(); ++k)
          q[j][k] -= along * q[i][k];
      }
    const double after = std::sqrt(dot(q[j], q[j]));
    if (!(after > 1e-10 * before)) continue;
    used[j] = true;
    ++out.rank;
    r[j][j] = after;
    for (double& v : q[j])
      v /= after;
    y[j] = dot(q[j], target);
    for (std::size_t k = 0; k < target.size(); ++k)
      target[k] -= y[j] * q[j][k];
  }
  for (std::size_t j = n; j-- > 0;) {
    if (!used[j]) continue;
    double rest = y[j];
    for (std::size_t i = j + 1; i < n; ++i)
      rest -= r[j][i] * out.x[i];
    out.x[j] = rest / r[j][j];
  }
  return out;
}

} // namespace

NonNegative non_negative_least_squares(const std::vector<std::vector<double>>& rows,
                                       const std::vector<double>& targets) {
  const std::size_t n = rows.empty() ? 0 : rows.front().size();
  NonNegative best;
  best.x.assign(n, 0.0);
  best.cost = std::numeric_limits<double>::infinity();
  for (std::size_t set = (std::size_t{1} << n); set-- > 0;) {
    Columns columns;
    std::vector<std::size_t> which;
    for (std::size_t j = 0; j < n; ++j) {
      if ((set >> j & 1) == 0) continue;
      which.push_back(j);
      auto& column = columns.emplace_back();
      for (const auto& row : rows)
        column.push_back(row[j]);
    }
    const Solution solution = unbounded(std::move(columns), targets);
    if (which.size() == n) best.rank = solution.rank;
    std::vector<double> x(n, 0.0);
    bool allowed = true;
    for (std::size_t i = 0; i < which.size(); ++i) {
      x[which[i]] = solution.x[i];
      allowed = allowed && solution.x[i] >= 0;
    }
    if (!allowed) continue;
    double cost = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double off = dot(rows[i], x) - targets[i];
      cost += off * off;
    }
    if (cost < best.cost) {
      best.cost = cost;
      best.x = std::move(x);
    }
  }
  return best;
}

} // namespace weft::analysis
