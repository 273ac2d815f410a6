#pragma once
// What is due when. Knows no clock, as Fluid does not: whoever has one asks next() where to go and calls run_due() when
// it is there.

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace weft::sim {

class Timers {
public:
  using Call = std::function<void()>;
  struct Timer {
    Call call;
    std::int32_t place = -1; ///< in the heap
  };
  /// The handle holds until the timer is due or removed.
  Timer* set(double date, Call call);
  void remove(Timer* timer);
  /// The earliest date, infinite when nothing is due.
  [[nodiscard]] double next() const;
  /// Calls all that is due by then, those set meanwhile included.
  void run_due(double now);

private:
  struct Due {
    double date = 0;
    Timer* timer = nullptr;
  };
  void put(std::size_t place, Due due);
  void rise(std::size_t place, Due due);
  void sink(std::size_t place, Due due);

  std::vector<Due> heap_;      ///< four children a node: half as deep as with two
  std::deque<Timer> timers_;   ///< never moved
  std::vector<Timer*> unused_; ///< of them
};

} // namespace weft::sim
