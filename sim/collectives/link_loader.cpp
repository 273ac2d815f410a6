#include "sim/collectives/patterns.hpp"

#include <algorithm>

namespace weft::sim {

LinkLoader::LinkLoader(const platforms::Topology& topology, platforms::ScaleUpKind scale_up)
    : topology_(topology), scale_up_(scale_up), weight_(topology.links().size(), 0), begins_(weight_) {}

std::int64_t LinkLoader::domains(const std::vector<std::int32_t>& members) const {
  std::int64_t count = 0, last = -1;
  std::vector<std::int64_t> seen;
  for (std::int32_t m : members) {
    const std::int64_t d = topology_.domain_of(m);
    if (d == last) continue;
    last = d;
    seen.push_back(d);
  }
  std::sort(seen.begin(), seen.end());
  count = std::unique(seen.begin(), seen.end()) - seen.begin();
  return count;
}

std::int32_t LinkLoader::collective(const std::vector<std::int32_t>& members, std::vector<LinkUse>& out) {
  std::int32_t split = 1;
  if (scale_up_ == platforms::ScaleUpKind::full_mesh && domains(members) == 1)
    load_mesh(members, *this);
  else
    split = load_ring(members, *this);
  flush(out);
  return split;
}

void LinkLoader::send(std::int32_t from, std::int32_t to, std::vector<LinkUse>& out) {
  flow(from, to);
  flush(out);
}

void LinkLoader::flow(std::int32_t from, std::int32_t to) {
  path_.clear();
  topology_.append_path(from, to, path_);
  for (platforms::LinkId link : path_) {
    if (weight_[link] == 0) touched_.push_back(link);
    ++weight_[link];
  }
  if (!path_.empty()) ++begins_[path_.front()];
}

void LinkLoader::flush(std::vector<LinkUse>& out) {
  std::sort(touched_.begin(), touched_.end());
  for (platforms::LinkId link : touched_) {
    out.push_back({link, weight_[link], begins_[link]});
    weight_[link] = begins_[link] = 0;
  }
  touched_.clear();
}

} // namespace weft::sim
