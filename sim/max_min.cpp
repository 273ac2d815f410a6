#include "sim/max_min.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace weft::sim {

namespace {
constexpr double never = std::numeric_limits<double>::infinity();
// What a link may carry of its capacity and count as not full: rounding is far smaller.
constexpr double full = 1 - 1e-9;
} // namespace

MaxMin::MaxMin(std::vector<double> capacity, const std::vector<std::vector<std::pair<std::int32_t, double>>>& routes)
    : links_(capacity.size()), crossings_(capacity.size()) {
  for (std::size_t l = 0; l < capacity.size(); ++l)
    links_[l].capacity = capacity[l];
  for (const auto& route : routes) {
    first_use_.push_back(std::int32_t(uses_.size()));
    std::map<std::int32_t, double> weights;
    for (const auto& [link, weight] : route)
      weights[link] += weight;
    for (const auto& [link, weight] : weights)
      uses_.push_back({link, weight});
    std::stable_sort(uses_.begin() + first_use_.back(), uses_.end(), [&](const Use& a, const Use& b) {
      return capacity[std::size_t(a.link)] / a.weight < capacity[std::size_t(b.link)] / b.weight;
    });
  }
  first_use_.push_back(std::int32_t(uses_.size()));
}

std::int32_t MaxMin::add(std::int32_t route) {
  std::int32_t id = std::int32_t(flows_.size());
  if (free_.empty())
    flows_.emplace_back();
  else {
    id = free_.back();
    free_.pop_back();
  }
  Flow& flow = flows_[std::size_t(id)];
  flow.shared.clear();
  flow.rate = 0;
  flow.bound = -1;
  flow.live = true;
  flow.first_use = first_use_[std::size_t(route)];
  flow.use_count = first_use_[std::size_t(route) + 1] - flow.first_use;
  flow.alone = never;
  if (flow.use_count > 0) {
    const Use& tightest = uses_of(flow).front();
    flow.alone = links_[std::size_t(tightest.link)].capacity / tightest.weight;
  }
  for (const Use& use : uses_of(flow)) {
    const std::int32_t live = ++links_[std::size_t(use.link)].live;
    if (live > 1) flow.shared.push_back(use);
    if (live == 2) { // its one flow so far shares it from now on
      const Crossing& crossing = only_other(use.link, id);
      Flow& other = flows_[std::size_t(crossing.flow)];
      other.shared.push_back({use.link, crossing.weight});
      other.bound = -1;
    }
    crossings_[std::size_t(use.link)].push_back({id, use.weight});
    touched_.push_back(use.link);
  }
  fresh_.push_back(id);
  return id;
}

void MaxMin::remove(std::int32_t id) {
  Flow& flow = flows_[std::size_t(id)];
  flow.live = false;
  for (const Use& use : uses_of(flow)) {
    if (--links_[std::size_t(use.link)].live == 1) {
      Flow& other = flows_[std::size_t(only_other(use.link, id).flow)];
      const auto at =
          std::find_if(other.shared.begin(), other.shared.end(), [&](const Use& u) { return u.link == use.link; });
      *at = other.shared.back();
      other.shared.pop_back();
      other.bound = -1;
    }
    touched_.push_back(use.link);
  }
  removed_.push_back(id);
}

const std::vector<std::int32_t>& MaxMin::solve() {
  changed_.clear();
  if (settled()) return changed_;
  if (leaves_others_alone()) {
    for (std::int32_t f : fresh_) {
      Flow& flow = flows_[std::size_t(f)];
      if (!flow.live) continue;
      flow.rate = flow.bound;
      changed_.push_back(f);
    }
    forget();
    return changed_;
  }
  gather();
  do
    fill();
  while (!pins_hold());
  for (std::int32_t f : part_flows_) {
    Flow& flow = flows_[std::size_t(f)];
    flow.seen = flow.pinned = false;
    if (flow.next == flow.rate) continue;
    flow.rate = flow.next;
    changed_.push_back(f);
  }
  for (std::int32_t l : part_links_)
    links_[std::size_t(l)].seen = false;
  return changed_;
}

/// What may change: flows that began, all that the links which were touched limit, all that the links of these limit,
/// and so on. Other flows on those links are pinned to the rate they have; pins_hold() looks whether that was right.
/// A flow that another link limits cannot rise as long as that link's flows stay as they are.
void MaxMin::gather() {
  part_links_.clear();
  part_flows_.clear();
  for (std::int32_t l : touched_)
    see(l);
  for (std::int32_t f : fresh_)
    if (flows_[std::size_t(f)].live) join(f);
  looked_at_ = 0;
  while (looked_at_ < part_links_.size())
    look_at(part_links_[looked_at_++]);
  forget();
}

void MaxMin::forget() {
  free_.insert(free_.end(), removed_.begin(), removed_.end()); // no link knows them any more
  removed_.clear();
  touched_.clear();
  fresh_.clear();
}

/// Whether links that a flow was on before and stays on were not full and will not be, when each that begins goes at
/// the pace of the links it has to itself. Then no flow that stays can change, and none that begins is slower: what
/// solving for all of them would give, to the last bit, as a link that is not full fixes nobody. Takes flows that were
/// removed off their links.
bool MaxMin::leaves_others_alone() {
  for (std::int32_t f : fresh_) {
    Flow& flow = flows_[std::size_t(f)];
    find_bound(flow);
    if (flow.live && flow.bound == never && flow.use_count > 0) return false;
  }
  for (std::int32_t l : touched_) {
    auto& crossings = crossings_[std::size_t(l)];
    double before = 0, after = 0;
    bool stays = false;
    int live = 0;
    for (const Crossing& crossing : crossings) {
      const Flow& flow = flows_[std::size_t(crossing.flow)];
      before += crossing.weight * flow.rate;
      if (!flow.live) continue;
      stays = stays || flow.rate > 0;
      after += crossing.weight * (flow.rate > 0 ? flow.rate : flow.bound);
      ++live;
    }
    const double most = full * links_[std::size_t(l)].capacity;
    if ((stays && before > most) || ((stays || live > 1) && after > most)) return false;
  }
  for (std::int32_t l : touched_) {
    links_[std::size_t(l)].limit = -1;
    std::erase_if(crossings_[std::size_t(l)], [&](const Crossing& c) { return !flows_[std::size_t(c.flow)].live; });
  }
  return true;
}

void MaxMin::see(std::int32_t l) {
  Link& link = links_[std::size_t(l)];
  if (link.seen) return;
  link.seen = true;
  part_links_.push_back(l);
}

void MaxMin::join(std::int32_t f) {
  Flow& flow = flows_[std::size_t(f)];
  if (flow.seen && !flow.pinned) return;
  if (!flow.seen) part_flows_.push_back(f);
  flow.seen = true;
  flow.pinned = false;
  if (flow.bound < 0) find_bound(flow);
  for (const Use& use : flow.shared)
    see(use.link);
}

const MaxMin::Crossing& MaxMin::only_other(std::int32_t link, std::int32_t flow) const {
  const auto& all = crossings_[std::size_t(link)];
  return *std::find_if(all.begin(), all.end(),
                       [&](const Crossing& c) { return c.flow != flow && flows_[std::size_t(c.flow)].live; });
}

void MaxMin::find_bound(Flow& flow) const {
  flow.bound = never;
  for (const Use& use : uses_of(flow)) {
    const Link& link = links_[std::size_t(use.link)];
    if (link.live != 1) continue;
    flow.bound = link.capacity / use.weight;
    break;
  }
}

/// Who of a link's flows joins. Removed flows leave it here.
void MaxMin::look_at(std::int32_t l) {
  auto& crossings = crossings_[std::size_t(l)];
  const Link& link = links_[std::size_t(l)];
  std::erase_if(crossings, [&](const Crossing& c) { return !flows_[std::size_t(c.flow)].live; });
  double weight = 0, most = 0; // a guess of who will be slowed spares solving again
  for (const Crossing& c : crossings) {
    const Flow& flow = flows_[std::size_t(c.flow)];
    weight += c.weight;
    most += c.weight * (flow.seen && !flow.pinned ? flow.alone : flow.rate);
  }
  const double slowed = most > link.capacity ? link.capacity / weight : never;
  for (std::size_t c = 0; c < crossings.size(); ++c) { // join() may look for links, never at this list
    const Crossing crossing = crossings[c];
    Flow& flow = flows_[std::size_t(crossing.flow)];
    if (flow.seen && !flow.pinned) continue;
    if (flow.rate == link.limit || flow.rate == link.capacity / crossing.weight || flow.rate > slowed)
      join(crossing.flow);
    else if (!flow.seen) {
      flow.seen = flow.pinned = true;
      part_flows_.push_back(crossing.flow);
    }
  }
}

/// Those that are slowed below the rate they were pinned to join; whether there were none.
bool MaxMin::pins_hold() {
  const std::size_t flows = part_flows_.size();
  bool hold = true;
  for (std::size_t i = 0; i < flows; ++i) {
    const std::int32_t f = part_flows_[i];
    if (!flows_[std::size_t(f)].pinned || flows_[std::size_t(f)].next == flows_[std::size_t(f)].rate) continue;
    hold = false;
    join(f);
  }
  while (looked_at_ < part_links_.size())
    look_at(part_links_[looked_at_++]);
  return hold;
}

} // namespace weft::sim
