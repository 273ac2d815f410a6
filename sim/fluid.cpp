#include "sim/fluid.hpp"

#include <algorithm>
#include <limits>

namespace weft::sim {

namespace {
constexpr double never = std::numeric_limits<double>::infinity();
}

void Fluid::start(std::int32_t route, double bytes, double now, std::int64_t token) {
  const auto flow = std::size_t(rates_.add(route));
  if (flow >= flows_.size()) flows_.resize(flow + 1);
  flows_[flow] = {token, started_++, std::max(0.0, bytes), now, 0, never, std::int32_t(heap_.size())};
  heap_.push_back(std::int32_t(flow)); // ends never, so it belongs last
}

double Fluid::next(double now) {
  // A flow whose rate stays the same keeps the end it was given: nothing is rounded that did not change.
  for (const std::int32_t f : rates_.solve()) {
    Progress& flow = flows_[std::size_t(f)];
    flow.left = std::max(0.0, flow.left - flow.rate * (now - flow.since));
    flow.since = now;
    flow.rate = rates_.rate(f);
    flow.end = now + flow.left / flow.rate;
    rise(std::size_t(flow.place));
    sink(std::size_t(flow.place));
  }
  return heap_.empty() ? never : flows_[std::size_t(heap_.front())].end;
}

const std::vector<std::int64_t>& Fluid::advance(double now) {
  ended_.clear();
  const double date = now + tolerance * now;
  while (!heap_.empty()) {
    const std::int32_t f = heap_.front();
    if (flows_[std::size_t(f)].end > date) break;
    ended_.push_back(flows_[std::size_t(f)].token);
    rates_.remove(f);
    const std::int32_t last = heap_.back();
    heap_.pop_back();
    if (heap_.empty()) break;
    put(0, last);
    sink(0);
  }
  return ended_;
}

bool Fluid::before(std::int32_t a, std::int32_t b) const {
  const Progress &x = flows_[std::size_t(a)], &y = flows_[std::size_t(b)];
  return x.end < y.end || (x.end == y.end && x.order < y.order);
}
void Fluid::put(std::size_t place, std::int32_t flow) {
  heap_[place] = flow;
  flows_[std::size_t(flow)].place = std::int32_t(place);
}
void Fluid::rise(std::size_t place) {
  const std::int32_t flow = heap_[place];
  for (; place > 0 && before(flow, heap_[(place - 1) / 2]); place = (place - 1) / 2)
    put(place, heap_[(place - 1) / 2]);
  put(place, flow);
}
void Fluid::sink(std::size_t place) {
  const std::int32_t flow = heap_[place];
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], flow)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, flow);
}

} // namespace weft::sim
