#include "sim/timers.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace weft::sim {

namespace {
constexpr std::size_t children = 4;
}

Timers::Timer* Timers::set(double date, Call call) {
  if (unused_.empty()) unused_.push_back(&timers_.emplace_back());
  Timer* timer = unused_.back();
  unused_.pop_back();
  timer->call = std::move(call);
  heap_.emplace_back();
  rise(heap_.size() - 1, {date, timer});
  return timer;
}

void Timers::remove(Timer* timer) {
  const auto place = std::size_t(timer->place);
  unused_.push_back(timer);
  const Due last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  if (place > 0 && last.date < heap_[(place - 1) / children].date)
    rise(place, last);
  else
    sink(place, last);
}

double Timers::next() const {
  return heap_.empty() ? std::numeric_limits<double>::infinity() : heap_.front().date;
}

void Timers::run_due(double now) {
  while (next() <= now) {
    Timer* timer = heap_.front().timer;
    const Call call = std::move(timer->call);
    remove(timer);
    call();
  }
}

void Timers::put(std::size_t place, Due due) {
  heap_[place] = due;
  due.timer->place = std::int32_t(place);
}
void Timers::rise(std::size_t place, Due due) {
  for (; place > 0 && due.date < heap_[(place - 1) / children].date; place = (place - 1) / children)
    put(place, heap_[(place - 1) / children]);
  put(place, due);
}
void Timers::sink(std::size_t place, Due due) {
  for (;;) {
    const std::size_t first = children * place + 1;
    if (first >= heap_.size()) break;
    const std::size_t past = std::min(heap_.size(), first + children);
    std::size_t child = first;
    for (std::size_t c = first + 1; c < past; ++c)
      if (heap_[c].date < heap_[child].date) child = c;
    if (!(heap_[child].date < due.date)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, due);
}

} // namespace weft::sim
