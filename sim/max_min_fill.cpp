// How the part of a system that MaxMin gathered is filled, level by level.
#include "sim/max_min.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace weft::sim {

namespace {
constexpr double never = std::numeric_limits<double>::infinity();
// Most systems have a few levels, for which a look at every link is cheapest; past this many a heap takes over.
constexpr int longest_scan = 32;
} // namespace

/// A link before anything is fixed.
void MaxMin::take_stock(std::int32_t l) {
  Link& link = links_[std::size_t(l)];
  link.level = link.limit = -1;
  if (link.live < 2) return; // its flow's bound
  link.unfixed = link.live;
  link.weight = 0;
  for (const Crossing& c : crossings_[std::size_t(l)])
    link.weight += c.weight;
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
  open_.clear();
  unfixed_ = 0;
  for (std::int32_t l : part_links_)
    take_stock(l);
  for (std::int32_t f : part_flows_) {
    Flow& flow = flows_[std::size_t(f)];
    flow.next = flow.use_count > 0 ? -1 : never;
    unfixed_ += flow.use_count > 0;
    const double bound = flow.pinned ? flow.rate : flow.bound;
    flow.place = bound < never ? std::int32_t(open_.size()) : -1;
    if (bound < never) open_.push_back({bound, ~f});
  }
  for (int levels = 0; unfixed_ > 0; ++levels) {
    scanning_ = levels < longest_scan;
    if (levels == longest_scan) std::make_heap(open_.begin(), open_.end(), std::greater<>());
    const double level = scanning_ ? lowest_by_scan() : lowest_by_heap();
    for (std::int32_t what : lowest_)
      if (what < 0)
        fix(~what, level);
      else {
        links_[std::size_t(what)].limit = level;
        for (const Crossing& c : crossings_[std::size_t(what)])
          fix(c.flow, level);
      }
    load(level);
  }
}

void MaxMin::fix(std::int32_t f, double level) {
  Flow& flow = flows_[std::size_t(f)];
  if (flow.next >= 0) return;
  flow.next = level;
  --unfixed_;
  if (scanning_ && flow.place >= 0) open_[std::size_t(flow.place)].share = never;
  for (const Use& use : flow.shared) {
    Link& link = links_[std::size_t(use.link)];
    if (!link.seen) continue; // a pinned flow's
    if (link.fixed == 0) loaded_.push_back(use.link);
    link.fixed += use.weight;
    --link.unfixed;
  }
}

/// What this level's flows leave on their links.
void MaxMin::load(double level) {
  for (std::int32_t l : loaded_) {
    Link& link = links_[std::size_t(l)];
    if (link.level != level) {
      link.level = level;
      link.before = link.left;
      link.sum = 0;
    }
    link.sum += link.fixed;
    link.left = link.before - level * link.sum; // once a level, in however many rounds it was reached
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
