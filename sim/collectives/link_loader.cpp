#include "sim/collectives/patterns.hpp"

#include <algorithm>
#include <bit>
#include <set>

namespace weft::sim {

using platforms::LinkId;

LinkLoader::LinkLoader(const platforms::Topology& topology, const Symmetry& symmetry,
                       std::vector<Placement::PlacedLink>& links, std::uint64_t seed)
    : topology_(topology), symmetry_(symmetry), links_(links),
      pages_(std::size_t(topology.link_count()) / page_size + 1), key_{seed, 0, 0},
      counted_(topology.groups().size(), false) {}

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

/// Members ascend, so those of a domain follow each other.
std::int64_t LinkLoader::per_domain(const std::vector<std::int32_t>& members) const {
  std::int64_t first = 0, run = 0, last = topology_.domain_of(members.front());
  for (std::int32_t m : members) {
    const std::int64_t d = topology_.domain_of(m);
    if (d != last) {
      if (first == 0) first = run;
      if (run != first) return 0;
      run = 0;
      last = d;
    }
    ++run;
  }
  return first == 0 || first == run ? run : 0;
}

Span LinkLoader::span(const std::vector<std::int32_t>& members) const {
  Span out{std::int64_t(members.size()), domains(members), per_domain(members)};
  if (topology_.layout().parts().size() > 1) {
    out.parts = 0;
    for (std::int32_t m : members)
      out.parts |= std::uint64_t{1} << topology_.part_of(m);
    out.part = std::has_single_bit(out.parts) ? std::countr_zero(out.parts) : -1;
  }
  if (topology_.sites() == 1) return out;
  std::vector<std::int64_t> sites;
  for (std::int32_t m : members)
    sites.push_back(topology_.site_of(m));
  add_delays(out, std::move(sites));
  return out;
}

Span LinkLoader::span_of_units(const std::vector<std::int32_t>& members) const {
  Span out{std::int64_t(members.size()) * symmetry_.units(), domains(members) * symmetry_.units(), per_domain(members)};
  if (topology_.sites() == 1) return out;
  std::vector<std::int64_t> sites; // those between a place's first and last unit are met too
  for (std::int32_t m : members) {
    const std::int64_t last = topology_.site_of(symmetry_.moved(m, 0, symmetry_.units() - 1));
    for (std::int64_t s = topology_.site_of(m); s <= last; ++s)
      sites.push_back(s);
  }
  add_delays(out, std::move(sites));
  return out;
}

Span LinkLoader::span_of_all() const {
  Span out{topology_.ranks(), 1};
  if (const std::size_t parts = topology_.layout().parts().size(); parts > 1) {
    out.part = -1;
    out.parts = parts == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << parts) - 1;
  }
  for (std::int64_t r = 1; r < topology_.ranks(); ++r)
    out.domains += topology_.domain_of(r) != topology_.domain_of(r - 1);
  std::vector<std::int64_t> sites;
  for (std::int64_t s = 0; s < topology_.sites(); ++s)
    sites.push_back(s);
  add_delays(out, std::move(sites));
  return out;
}

/// A ring visits sites in order; on its way a chunk passes all edges but one, so all that leave a site unless every
/// edge does.
void LinkLoader::add_delays(Span& span, std::vector<std::int64_t> sites) const {
  std::sort(sites.begin(), sites.end());
  sites.erase(std::unique(sites.begin(), sites.end()), sites.end());
  span.sites = std::int64_t(sites.size());
  if (span.sites == 1) return;
  double shortest = 1e300;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const double edge = topology_.site_delay(sites[i], sites[(i + 1) % sites.size()]).count();
    span.ring_delay += edge;
    shortest = std::min(shortest, edge);
    for (std::size_t j = 0; j < i; ++j)
      span.longest_delay = std::max(span.longest_delay, topology_.site_delay(sites[i], sites[j]).count());
  }
  if (span.sites == span.ranks) span.ring_delay -= shortest;
}

std::int32_t LinkLoader::collective(const std::vector<std::int32_t>& members, std::vector<LinkUse>& out,
                                    Algorithm algorithm) {
  std::int32_t split = 1;
  switch (algorithm) {
  case Algorithm::mesh: load_mesh(members, *this); break;
  case Algorithm::pipeline: split = load_pipeline(members, *this); break;
  case Algorithm::tree: split = load_tree(members, *this); break;
  case Algorithm::switch_tree: split = load_switch_tree(members, *this); break;
  case Algorithm::fabric_reduction: split = load_fabric_reduction(members, *this); break;
  case Algorithm::halving_doubling: split = load_halving(members, *this); break;
  case Algorithm::nhr: split = load_nhr(members, *this); break;
  default: split = load_ring(members, *this);
  }
  flush(out);
  return split;
}

void LinkLoader::send(std::int32_t from, std::int32_t to, std::vector<LinkUse>& out) {
  flow(from, to);
  flush(out);
}

void LinkLoader::flow(std::int64_t from, std::int64_t to, std::int64_t times) {
  // Cut into one flow a queue pair; inside a domain they all take the same way.
  const bool apart = queue_pairs_ > 1 && topology_.domain_of(from) != topology_.domain_of(to);
  if (!apart) times *= queue_pairs_;
  const auto ways = std::uint64_t(apart ? queue_pairs_ : 1);
  for (key_.queue_pair = 0; key_.queue_pair < ways; ++key_.queue_pair) {
    path_.clear();
    topology_.append_path(from, to, path_, key_);
    bool first = true;
    for (LinkId passed : path_) {
      const LinkId link = symmetry_.canonical(passed, topology_);
      Entry& e = entry(link);
      if (e.weight == 0) touched_.push_back(link);
      e.weight += times;
      if (first) e.begins += times;
      first = false;
    }
  }
}

void LinkLoader::reduce(const std::vector<std::int32_t>& members) {
  std::set<LinkId> passed;
  key_.queue_pair = 0;
  path_.clear();
  for (const std::int32_t m : members) {
    topology_.append_path(m, members.front(), path_, key_);
    topology_.append_path(members.front(), m, path_, key_);
  }
  for (const LinkId link : path_) {
    if (!passed.insert(link).second) continue;
    Entry& e = entry(symmetry_.canonical(link, topology_));
    if (e.weight == 0) touched_.push_back(symmetry_.canonical(link, topology_));
    e.weight += queue_pairs_; // as many pieces on one way
    if (topology_.link(link).kind == platforms::LinkKind::nic_tx) e.begins += queue_pairs_;
  }
}

std::int32_t LinkLoader::open(Role role, std::int64_t domains) {
  key_.stream = index(role);
  queue_pairs_ = domains > 1 ? topology_.queue_pairs() : 1;
  return std::int32_t(queue_pairs_);
}

void LinkLoader::flush(std::vector<LinkUse>& out) {
  std::sort(touched_.begin(), touched_.end());
  for (LinkId link : touched_) {
    Entry& e = entry(link);
    out.push_back({std::uint32_t(e.placed), e.weight, e.begins});
    e.weight = e.begins = 0;
  }
  touched_.clear();
}

LinkLoader::Entry& LinkLoader::entry(LinkId link) {
  auto& page = pages_[link / page_size];
  if (!page) page = std::make_unique<std::array<Entry, page_size>>();
  Entry& e = (*page)[link % page_size];
  if (e.placed < 0) {
    e.placed = std::int32_t(links_.size());
    links_.push_back({link, stands_for(link)});
  }
  return e;
}

std::int64_t LinkLoader::stands_for(LinkId link) {
  if (!topology_.link(link).binding) return 0;
  if (symmetry_.units() == 1) return 1;
  const std::size_t g = topology_.group_of(link);
  const platforms::LinkGroup& group = topology_.groups()[g];
  if (symmetry_.width() % group.ranks == 0) return symmetry_.links_like(link, topology_);
  if (!counted_[g]) {
    for (std::int64_t i = 0; i < group.count; ++i)
      ++blocks_[symmetry_.canonical(group.first + LinkId(i), topology_)];
    counted_[g] = true;
  }
  return blocks_.at(link);
}

} // namespace weft::sim
