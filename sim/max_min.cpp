#include "sim/max_min.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

namespace weft::sim {

namespace {
constexpr double never = std::numeric_limits<double>::infinity();
// Most systems have a few levels, for which a look at every link is cheapest; past this many a heap takes over.
constexpr int longest_scan = 32;
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
  fill();
  for (std::int32_t f : part_flows_) {
    Flow& flow = flows_[std::size_t(f)];
    flow.seen = false;
    if (flow.next == flow.rate) continue;
    flow.rate = flow.next;
    changed_.push_back(f);
  }
  for (std::int32_t l : part_links_)
    links_[std::size_t(l)].seen = false;
  return changed_;
}

/// All flows connected with what was touched, and the links that they share.
void MaxMin::gather() {
  part_links_.clear();
  part_flows_.clear();
  open_.clear();
  unfixed_ = 0;
  for (std::int32_t l : touched_)
    see(l);
  for (std::int32_t f : fresh_)
    if (flows_[std::size_t(f)].live) visit(f);
  for (std::size_t i = 0; i < part_links_.size(); ++i)
    take_stock(part_links_[i]);
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
  for (std::int32_t l : touched_)
    std::erase_if(crossings_[std::size_t(l)], [&](const Crossing& c) { return !flows_[std::size_t(c.flow)].live; });
  return true;
}

void MaxMin::see(std::int32_t l) {
  Link& link = links_[std::size_t(l)];
  if (link.seen) return;
  link.seen = true;
  part_links_.push_back(l);
}

void MaxMin::visit(std::int32_t f) {
  Flow& flow = flows_[std::size_t(f)];
  if (flow.seen) return;
  flow.seen = true;
  if (flow.bound < 0) find_bound(flow);
  flow.next = flow.use_count > 0 ? -1 : never;
  unfixed_ += flow.use_count > 0;
  part_flows_.push_back(f);
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

/// A link's live flows, their weight and its share before anything is fixed. Removed flows leave it here.
void MaxMin::take_stock(std::int32_t l) {
  auto& crossings = crossings_[std::size_t(l)];
  double weight = 0;
  std::size_t kept = 0;
  for (std::size_t c = 0; c < crossings.size(); ++c) {
    const Crossing crossing = crossings[c];
    const Flow& flow = flows_[std::size_t(crossing.flow)];
    if (!flow.live) continue;
    crossings[kept++] = crossing;
    weight += crossing.weight;
    if (!flow.seen) visit(crossing.flow);
  }
  crossings.resize(kept);
  Link& link = links_[std::size_t(l)];
  if (link.live < 2) return; // its flow's bound
  link.unfixed = link.live;
  link.weight = weight;
  link.left = link.capacity;
  link.share = link.left / link.weight;
  link.place = std::int32_t(open_.size());
  open_.push_back({link.share, l});
}

void MaxMin::sum_up(std::int32_t l) {
  double& weight = links_[std::size_t(l)].weight = 0;
  for (const Crossing& c : crossings_[std::size_t(l)])
    if (flows_[std::size_t(c.flow)].next < 0) weight += c.weight;
}

void MaxMin::fill() {
  for (std::int32_t f : part_flows_) {
    Flow& flow = flows_[std::size_t(f)];
    flow.place = std::int32_t(open_.size());
    if (flow.bound < never) open_.push_back({flow.bound, ~f});
  }
  for (int levels = 0; unfixed_ > 0; ++levels) {
    scanning_ = levels < longest_scan;
    if (levels == longest_scan) std::make_heap(open_.begin(), open_.end(), std::greater<>());
    const double level = scanning_ ? lowest_by_scan() : lowest_by_heap();
    for (std::int32_t what : lowest_)
      if (what < 0)
        fix(~what, level);
      else
        for (const Crossing& c : crossings_[std::size_t(what)])
          fix(c.flow, level);
    load(level);
  }
}

void MaxMin::fix(std::int32_t f, double level) {
  Flow& flow = flows_[std::size_t(f)];
  if (flow.next >= 0) return;
  flow.next = level;
  --unfixed_;
  if (scanning_ && flow.bound < never) open_[std::size_t(flow.place)].share = never;
  for (const Use& use : flow.shared) {
    Link& link = links_[std::size_t(use.link)];
    if (link.fixed == 0) loaded_.push_back(use.link);
    link.fixed += use.weight;
    --link.unfixed;
  }
}

/// What this level's flows leave on their links.
void MaxMin::load(double level) {
  for (std::int32_t l : loaded_) {
    Link& link = links_[std::size_t(l)];
    link.left -= level * link.fixed;
    link.weight -= link.fixed;
    link.fixed = 0;
    if (link.unfixed == 0)
      link.share = never;
    else {
      if (link.weight <= 0) sum_up(l); // weights of very different size: nothing is left of the small ones
      // A share never falls while the water rises; rounding must not make it.
      link.share = std::max(link.share, link.left / link.weight);
    }
    if (scanning_) open_[std::size_t(link.place)].share = link.share;
  }
  loaded_.clear();
}

/// Finds all that share the least; drops what has no unfixed flows.
double MaxMin::lowest_by_scan() {
  lowest_.clear();
  double least = never;
  for (std::size_t i = 0; i < open_.size();) {
    const Open entry = open_[i];
    if (entry.share == never) {
      open_[i] = open_.back();
      open_.pop_back();
      if (i == open_.size()) break;
      const std::int32_t moved = open_[i].what;
      (moved < 0 ? flows_[std::size_t(~moved)].place : links_[std::size_t(moved)].place) = std::int32_t(i);
      continue;
    }
    ++i;
    if (entry.share > least) continue;
    if (entry.share < least) lowest_.clear();
    least = entry.share;
    lowest_.push_back(entry.what);
  }
  return least;
}

/// The same off a heap. Shares only rise, so an entry that is out of date is put back at its link's share of now.
double MaxMin::lowest_by_heap() {
  lowest_.clear();
  double least = never;
  while (!open_.empty()) {
    Open entry = open_.front();
    if (entry.share > least) break;
    std::pop_heap(open_.begin(), open_.end(), std::greater<>());
    open_.pop_back();
    const double share = entry.what >= 0                             ? links_[std::size_t(entry.what)].share
                         : flows_[std::size_t(~entry.what)].next < 0 ? entry.share
                                                                     : never;
    if (share == entry.share) {
      least = share;
      lowest_.push_back(entry.what);
    } else if (share < never) {
      open_.push_back({share, entry.what});
      std::push_heap(open_.begin(), open_.end(), std::greater<>());
    }
  }
  return least;
}

} // namespace weft::sim
