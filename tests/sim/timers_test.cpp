// Does everything that is due come, once, in order of dates?
#include "sim/timers.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <limits>
#include <map>
#include <random>
#include <vector>

using namespace weft;

TEST_CASE("timers set and removed at random come as a sorted list says") {
  std::mt19937 random(5);
  auto up_to = [&](int n) { return int(random() % unsigned(n)); };
  for (int round = 0; round < 50; ++round) {
    sim::Timers timers;
    std::map<int, std::pair<double, sim::Timers::Timer*>> waiting; // by number
    std::vector<int> called, due;
    double now = 0;
    for (int i = 0; i < 400; ++i) {
      const int what = up_to(8);
      if (what < 5) {
        const double date = now + up_to(40) * 0.25;
        waiting[i] = {date, timers.set(date, [&called, i] { called.push_back(i); })};
      } else if (what < 6 && !waiting.empty()) {
        const auto it = std::next(waiting.begin(), up_to(int(waiting.size())));
        timers.remove(it->second.second);
        waiting.erase(it);
      } else {
        now += up_to(4) * 0.25;
        for (auto it = waiting.begin(); it != waiting.end();)
          if (it->second.first <= now) {
            due.push_back(it->first);
            it = waiting.erase(it);
          } else
            ++it;
        timers.run_due(now);
        std::sort(called.begin(), called.end());
        std::sort(due.begin(), due.end());
        REQUIRE(called == due);
      }
      double first = std::numeric_limits<double>::infinity();
      for (const auto& [number, timer] : waiting)
        first = std::min(first, timer.first);
      REQUIRE(timers.next() == first);
    }
  }
}

TEST_CASE("dates come in order, and what is set for now while timers run comes with them") {
  sim::Timers timers;
  std::vector<double> dates;
  for (const double date : {3.0, 1.0, 2.0, 5.0})
    timers.set(date, [&, date] {
      dates.push_back(date);
      if (date == 2) timers.set(2, [&] { dates.push_back(2); });
    });
  timers.run_due(4);
  CHECK(dates == std::vector<double>{1, 2, 2, 3});
  CHECK(timers.next() == 5);
}
