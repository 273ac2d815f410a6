#pragma once
// Node, scale-up domain, scale-out fabric, cluster: the described pattern and how often it is repeated.

#include "platforms/accelerator.hpp"

#include <string>
#include <vector>

namespace weft::platforms {

enum class ScaleUpKind {
  switched,  ///< every accelerator has one port into a non-blocking switch
  full_mesh, ///< a direct link between every pair of accelerators of the node
  two_tier   ///< node switches joined by a second tier; a domain spans nodes
};

struct Nics {
  std::int64_t per_node = 0;                           ///< shared evenly by the node's ranks
  Figure<BytesPerSecond> bandwidth;                    ///< line rate per direction of one NIC
  Figure<double> efficiency;                           ///< payload over line rate that large messages reach
  std::optional<Figure<double>> all_to_all_efficiency; ///< the same for exchanges of every rank with every other
};

struct Node {
  std::string name;
  std::string accelerator; ///< catalog name
  std::int64_t accelerators = 8;
  ScaleUpKind scale_up = ScaleUpKind::switched;
  Nics nics;
};

/// One switch tier of the scale-out fabric, lowest first.
struct FabricTier {
  std::string name;                ///< rack, leaf, pod, ...
  std::int64_t accelerators = 0;   ///< accelerators below one block of this tier
  Figure<double> oversubscription; ///< downlink over uplink capacity of the block; < 1 = under-subscribed
};

enum class FabricKind { clos, rail_optimised };

/// Latencies of a library's ring and of one send across the fabric.
struct FabricLatency {
  Figure<Seconds> base;           ///< per collective phase
  Figure<Seconds> hop;            ///< per ring step that leaves the scale-up domain
  Figure<Seconds> point_to_point; ///< per send
};

struct Fabric {
  FabricKind kind = FabricKind::clos;
  std::string technology;        ///< InfiniBand, RoCE
  std::vector<FabricTier> tiers; ///< the top tier joins all blocks and has no uplink
  FabricLatency latency;
};

struct Cluster {
  std::string name;
  std::string about;
  Accelerator accelerator;
  Node node;
  std::int64_t domain = 0; ///< accelerators that share the scale-up fabric (0 = the node's)
  Fabric fabric;
  Figure<std::int64_t> built;    ///< accelerators of the real or described system
  std::int64_t accelerators = 0; ///< packages in use; may exceed `built`: the pattern is repeated
  std::string canonical;         ///< resolved inputs as text, for the inputs' hash
  [[nodiscard]] std::int64_t ranks() const { return accelerators * accelerator.ranks_per_accelerator; }
  [[nodiscard]] std::int64_t ranks_per_node() const { return node.accelerators * accelerator.ranks_per_accelerator; }
  [[nodiscard]] std::int64_t ranks_per_domain() const { return domain * accelerator.ranks_per_accelerator; }
};

} // namespace weft::platforms
