// All forwards, then all backwards (GPipe, arXiv 1811.06965): every microbatch's activations are held at once.
#include "workloads/schedules/schedules.hpp"

namespace weft::workloads {

Slots gpipe_slots(const Pipeline& p) {
  std::vector<Slot> one;
  for (std::int64_t j = 0; j < p.microbatches; ++j)
    one.push_back({Phase::forward, 0, std::int32_t(j)});
  for (std::int64_t j = 0; j < p.microbatches; ++j)
    one.push_back({Phase::backward, 0, std::int32_t(j)});
  return Slots(std::size_t(p.pp), one);
}

} // namespace weft::workloads
