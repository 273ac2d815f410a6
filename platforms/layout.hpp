#pragma once
// Where ranks stand. A cluster has places for dies, part by part, scale-up domain by domain; ranks take those that are
// in use, in order. In a cluster of one kind of node with nothing left out rank r takes place r.

#include "platforms/cluster.hpp"

#include <cstdint>
#include <vector>

namespace weft::platforms {

class Layout {
public:
  /// The places of equal nodes. first_accelerator counts as the fabric's blocks do: a part begins with a block;
  /// first_package without the gaps that this leaves, as links and `without` are numbered.
  struct Part {
    std::int64_t first = 0;                                         ///< place
    std::int64_t places = 0;                                        ///< up to the last one taken, or whole domains
    std::int64_t per_node = 1, per_domain = 1, per_accelerator = 1; ///< places
    std::int64_t first_node = 0, first_domain = 0, first_accelerator = 0, first_package = 0;
    ScaleUpKind scale_up{};
  };

  Layout(const Cluster& cluster, std::int64_t ranks);

  [[nodiscard]] std::int64_t ranks() const { return ranks_; }
  /// Up to the last one that is taken.
  [[nodiscard]] std::int64_t places() const { return parts_.back().first + parts_.back().places; }
  [[nodiscard]] std::int64_t place(std::int64_t rank) const {
    return place_.empty() ? rank : place_[std::size_t(rank)];
  }
  /// Who stands there; -1 for nobody.
  [[nodiscard]] std::int64_t rank_at(std::int64_t place) const;
  /// One kind of node, and every place up to the last one taken.
  [[nodiscard]] bool uniform() const { return place_.empty(); }

  [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }
  [[nodiscard]] std::size_t part_of(std::int64_t place) const;
  [[nodiscard]] std::int64_t node_of(std::int64_t place) const {
    const Part& p = parts_[part_of(place)];
    return p.first_node + (place - p.first) / p.per_node;
  }
  [[nodiscard]] std::int64_t domain_of(std::int64_t place) const {
    const Part& p = parts_[part_of(place)];
    return p.first_domain + (place - p.first) / p.per_domain;
  }
  [[nodiscard]] std::int64_t accelerator_of(std::int64_t place) const {
    const Part& p = parts_[part_of(place)];
    return p.first_accelerator + (place - p.first) / p.per_accelerator;
  }

  [[nodiscard]] std::int64_t package_of(std::int64_t place) const {
    const Part& p = parts_[part_of(place)];
    return p.first_package + (place - p.first) / p.per_accelerator;
  }

private:
  std::int64_t ranks_ = 0;
  std::vector<Part> parts_;
  std::vector<std::int64_t> place_; ///< by rank, ascending; empty where it is the rank
};

/// What `without` may name.
enum class AbsentKind { accelerator, node, domain };
/// "node 3", counted over all parts as links are; nothing when it is no such name.
std::optional<std::pair<AbsentKind, std::int64_t>> find_absent(const std::string& name);

} // namespace weft::platforms
