#include "platforms/sites.hpp"

#include "platforms/layout.hpp"
#include "platforms/readers.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft {

using platforms::SiteLink;
using platforms::Sites;

namespace {

using OptionalFigure = std::optional<Figure<double>>;
std::string not_negative(const OptionalFigure& figure) {
  return figure->value >= 0 ? std::string{} : "must not be negative";
}
std::string share(const OptionalFigure& figure) {
  return platforms::share_of_one(*figure);
}

} // namespace

Result<void> read_value(const Value& value, SiteLink& out) {
  static const Fields<SiteLink> table{
      required("between", &SiteLink::between, "two sites, counted from 0"),
      optional("bandwidth", &SiteLink::bandwidth, "line rate per direction", platforms::positive),
      optional("round_trip", &SiteLink::round_trip, "there and back"),
      optional("kilometres", &SiteLink::kilometres, "of fibre", not_negative)};
  if (auto ok = read_fields(value, table, out, "site link"); !ok) return ok;
  out.mark = value.mark;
  return {};
}
Result<void> read_value(const Value& value, Sites& out) {
  static const Fields<Sites> table{
      required("accelerators", &Sites::accelerators, "of one site", at_least<std::int64_t>(1)),
      optional("bandwidth", &Sites::bandwidth, "line rate per direction of the link between any two sites",
               platforms::positive),
      optional("round_trip", &Sites::round_trip, "of a link, there and back; absent: what the fibre's length takes"),
      optional("kilometres", &Sites::kilometres, "of a link's fibre", not_negative),
      optional("efficiency", &Sites::efficiency, "payload over line rate", share),
      optional("links", &Sites::links, "pairs of sites whose link differs")};
  return read_fields(value, table, out, "sites");
}

} // namespace weft

namespace weft::platforms {
namespace {

const SiteLink* special(const Cluster& c, std::int64_t a, std::int64_t b) {
  for (const SiteLink& link : c.sites.links)
    if (std::minmax(link.between[0], link.between[1]) == std::minmax(a, b)) return &link;
  return nullptr;
}
constexpr double seconds_per_kilometre = 4.9e-6;
constexpr std::int64_t most_sites = 64; // every pair has a link

} // namespace

Seconds site_delay(const Cluster& c, std::int64_t a, std::int64_t b) {
  const SiteLink* own = special(c, a, b);
  if (own && own->round_trip) return own->round_trip->value / 2.0;
  if (own && own->kilometres) return Seconds(own->kilometres->value * seconds_per_kilometre);
  if (c.sites.round_trip) return c.sites.round_trip->value / 2.0;
  return Seconds(c.sites.kilometres->value * seconds_per_kilometre);
}

BytesPerSecond site_bandwidth(const Cluster& c, std::int64_t a, std::int64_t b) {
  const SiteLink* own = special(c, a, b);
  return own && own->bandwidth ? own->bandwidth->value : c.sites.bandwidth->value;
}

Result<void> check_sites(const Cluster& c, const Value& tree) {
  const Value* said = tree.find("sites");
  if (!said) return {};
  const std::int64_t size = c.sites.accelerators;
  std::int64_t below = c.domain;
  for (const FabricTier& tier : c.fabric.tiers)
    below = std::max(below, tier.accelerators);
  bool whole = size % below == 0;
  for (std::size_t i = 0; i < c.part_count() && whole; ++i)
    if (size % c.part(i).domain != 0) {
      below = c.part(i).domain;
      whole = false;
    }
  if (!whole)
    return fail(said->find("accelerators")->mark,
                fmt::format("a site of {} accelerators is no multiple of the {} of its largest block", size, below));
  const Layout layout(c, c.ranks());
  const std::int64_t sites = layout.accelerator_of(layout.places() - 1) / size + 1;
  if (sites > most_sites)
    return fail(said->find("accelerators")->mark,
                fmt::format("{} sites of {} accelerators: at most {} can be described", sites, size, most_sites));
  for (std::size_t i = 0; i < c.sites.links.size(); ++i) {
    const SiteLink& link = c.sites.links[i];
    if (link.between.size() != 2 || link.between[0] == link.between[1])
      return fail(link.mark, "`between` names two different sites");
    for (std::int64_t s : link.between)
      if (s < 0 || s >= sites)
        return fail(link.mark, fmt::format("site {} does not exist (sites are 0 to {})", s, sites - 1));
    if (special(c, link.between[0], link.between[1]) != &link)
      return fail(link.mark,
                  fmt::format("the link between sites {} and {} is described twice", link.between[0], link.between[1]));
  }
  if (sites == 1) return {};
  if (!c.sites.efficiency) return fail(said->mark, "several sites need `efficiency`, payload over line rate");
  for (std::int64_t a = 0; a < sites; ++a)
    for (std::int64_t b = a + 1; b < sites; ++b) {
      const SiteLink* own = special(c, a, b);
      if (!c.sites.bandwidth && !(own && own->bandwidth))
        return fail(said->mark, fmt::format("the link between sites {} and {} needs a bandwidth", a, b));
      if (!c.sites.round_trip && !c.sites.kilometres && !(own && (own->round_trip || own->kilometres)))
        return fail(said->mark, fmt::format("the link between sites {} and {} needs round_trip or kilometres", a, b));
    }
  return {};
}

} // namespace weft::platforms
