#include "sim/collectives/patterns.hpp"

namespace weft::sim {

void load_mesh(const std::vector<std::int32_t>& members, LinkLoader& loader) {
  for (std::int32_t a : members)
    for (std::int32_t b : members)
      if (a != b) loader.flow(a, b);
}

} // namespace weft::sim
