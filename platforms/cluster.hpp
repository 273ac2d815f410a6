#pragma once
// Node, scale-up domain, scale-out fabric, cluster: the described pattern and how often it is repeated.

#include "platforms/accelerator.hpp"
#include "platforms/base/diagnostic.hpp"

#include <string>
#include <vector>

namespace weft::platforms {

enum class ScaleUpKind {
  switched,  ///< every accelerator has one port into a non-blocking switch
  full_mesh, ///< a direct link between every pair of accelerators of the node
  two_tier,  ///< node switches joined by a second tier; a domain spans nodes
  torus,     ///< direct links to the neighbours in two or three dimensions; a domain may span nodes
  pcie       ///< a tree of PCIe switches below the host, with or without bridged pairs
};

struct Nics {
  std::int64_t per_node = 0;                           ///< shared evenly by the node's ranks
  Figure<BytesPerSecond> bandwidth;                    ///< line rate per direction of one NIC
  Figure<double> efficiency;                           ///< payload over line rate that large messages reach
  std::optional<Figure<double>> all_to_all_efficiency; ///< the same for exchanges of every rank with every other
};

/// How a node's accelerators hang on its host (scale_up pcie). Bandwidths per direction.
struct PcieTree {
  std::int64_t per_switch = 0;                  ///< accelerators below one switch; 0: each on a port of the host
  std::optional<Figure<BytesPerSecond>> uplink; ///< of a switch, to the host
  std::optional<Figure<BytesPerSecond>> host;   ///< all that crosses the host together; absent: no limit known
  std::optional<Figure<BytesPerSecond>> bridge; ///< direct link between accelerators 2i and 2i + 1
};

struct Node {
  std::string name;
  std::string accelerator; ///< catalog name
  std::int64_t accelerators = 8;
  ScaleUpKind scale_up = ScaleUpKind::switched;
  std::vector<std::int64_t> torus; ///< accelerators along each dimension, x first; of the domain
  std::optional<PcieTree> pcie;
  Nics nics;
  std::optional<Figure<Watts>> power_max;                    ///< rated: accelerators, host, fans, cards, its switches
  std::optional<Figure<Dollars>> price;                      ///< of all that
  std::optional<Figure<std::int64_t>> accelerators_per_rack; ///< as such nodes are racked
};

/// One switch tier of the scale-out fabric, lowest first.
struct FabricTier {
  std::string name;                ///< rack, leaf, pod, ...
  std::int64_t accelerators = 0;   ///< accelerators below one block of this tier
  Figure<double> oversubscription; ///< downlink over uplink capacity of the block; < 1 = under-subscribed
  std::optional<Figure<std::int64_t>>
      uplinks; ///< of a block and rail, in parallel; absent: as many as cards' ports make up
};

enum class FabricKind { clos, rail_optimised, rail_only };

/// What belongs to one plane of a fabric that is built several times over.
enum class PlaneOf {
  port, ///< every NIC has a port in each plane: balanced, the planes together are one fabric
  nic   ///< each NIC of a node stands in one plane only
};

/// How flows are spread over links in parallel.
enum class Routing {
  balanced, ///< evenly: k links are one of k times the capacity
  hashed,   ///< each flow takes one, by a hash of its ends: static ECMP
  adaptive  ///< packets go wherever there is room: evenly too
};

/// A latency of NCCL's Simple protocol (NVIDIA/nccl@5067397, 2.30.7, src/graph/tuning.cc).
inline Figure<Seconds> nccl_latency(double seconds) {
  return {Seconds(seconds), "NVIDIA/nccl@5067397, src/graph/tuning.cc", Evidence::derived, {}, {}, {}};
}

/// Latencies of a library's ring and of one send across the fabric.
struct FabricLatency {
  Figure<Seconds> base;           ///< per collective phase
  Figure<Seconds> hop;            ///< per ring step that leaves the scale-up domain
  Figure<Seconds> point_to_point; ///< per send
  // Where an algorithm's step is not the ring's.
  Figure<Seconds> tree_inside = nccl_latency(4.0e-6);    ///< NVLink hop of a tree
  Figure<Seconds> switches_inside = nccl_latency(25e-6); ///< NVLSTree, all of a domain
  Figure<Seconds> switches_hop = nccl_latency(20.9e-6);  ///< NVLSTree, between domains
  Figure<Seconds> reduction = nccl_latency(18e-6);       ///< NVLS over a network that reduces; inside as NVLSTree
};

struct Fabric {
  FabricKind kind = FabricKind::clos;
  std::int64_t planes = 1; ///< independent copies of the switch tiers
  PlaneOf plane_of = PlaneOf::port;
  Routing routing = Routing::balanced;
  std::int64_t queue_pairs = 1;  ///< flows that a library cuts each message between two ranks into (hashed routing)
  std::string technology;        ///< InfiniBand, RoCE
  std::vector<FabricTier> tiers; ///< the top tier joins all blocks and has no uplink
  FabricLatency latency;
  std::optional<Figure<double>>
      reduction; ///< share of a card's line rate that switches reduce at (SHARP); absent: none do
  std::optional<Figure<Watts>> endpoint_power;   ///< of switches and optics, for each accelerator
  std::optional<Figure<Dollars>> endpoint_price; ///< the same in money; absent: power.yaml says, by tiers
};

/// The link between two sites, both ways alike. What is absent is as `Sites` says.
struct SiteLink {
  std::vector<std::int64_t> between;               ///< two sites, counted from 0
  std::optional<Figure<BytesPerSecond>> bandwidth; ///< line rate per direction
  std::optional<Figure<Seconds>> round_trip;       ///< there and back
  std::optional<Figure<double>> kilometres;        ///< of fibre
  Mark mark;
};

/// Sites of equal size, a link between any two of them. Ranks fill sites in order.
struct Sites {
  std::int64_t accelerators = 0;                   ///< of one site; 0 = everything is one site
  std::optional<Figure<BytesPerSecond>> bandwidth; ///< line rate per direction of a link
  std::optional<Figure<Seconds>> round_trip;       ///< of a link, there and back; absent: what the fibre's length takes
  std::optional<Figure<double>> kilometres;        ///< of a link's fibre
  std::optional<Figure<double>> efficiency;        ///< payload over line rate that transfers between sites reach
  std::vector<SiteLink> links;                     ///< pairs whose link differs
};

/// A link that carries less than its line rate: "pod uplink 3" at half is {"pod uplink 3", 0.5}.
struct DegradedLink {
  std::string link; ///< Topology::link_name
  double share = 1; ///< of its capacity; 0 = removed
  Mark mark;
};

/// Equal nodes in a cluster of several kinds.
struct Part {
  Accelerator accelerator;
  Node node;
  std::int64_t domain = 0;       ///< accelerators that share the scale-up fabric
  std::int64_t accelerators = 0; ///< packages in use
};

/// Out of service, or somebody else's: "node 3", "accelerator 17", "domain 2".
struct Absent {
  std::string name;
  Mark mark;
};

struct Cluster {
  std::string name;
  std::string about;
  Accelerator accelerator; ///< this, node and domain: of the first part where there are several
  Node node;
  std::int64_t domain = 0;        ///< accelerators that share the scale-up fabric (0 = the node's)
  std::vector<Part> parts;        ///< in the order in which ranks fill them; empty: all nodes are equal
  std::vector<std::int64_t> fill; ///< accelerators in use of every domain, in turn, the last figure goes on; empty: all
  std::vector<Absent> without;
  Fabric fabric;
  Sites sites;
  std::vector<DegradedLink> degraded;
  Figure<std::int64_t> built;    ///< accelerators of the real or described system
  std::int64_t accelerators = 0; ///< packages in use; may exceed `built`: the pattern is repeated
  std::string canonical;         ///< resolved inputs as text, for the inputs' hash
  [[nodiscard]] std::size_t part_count() const { return parts.empty() ? 1 : parts.size(); }
  /// The same cluster as if it had nothing but the nodes of one part.
  [[nodiscard]] Cluster part(std::size_t which) const;
  /// Of every part, each once, in order.
  [[nodiscard]] std::vector<const Accelerator*> chips() const;
  [[nodiscard]] std::string chip_names() const; ///< "h100-sxm + h800"
  /// One kind of node, and rank after rank in every place.
  [[nodiscard]] bool uniform() const { return parts.empty() && fill.empty() && without.empty(); }
  [[nodiscard]] std::int64_t ranks() const;
  [[nodiscard]] std::int64_t ranks_per_node() const { return node.accelerators * accelerator.ranks_per_accelerator; }
  [[nodiscard]] std::int64_t ranks_per_domain() const { return domain * accelerator.ranks_per_accelerator; }
};

} // namespace weft::platforms
