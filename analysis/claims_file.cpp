// What the files of claims say (declared in claims.hpp).
#include "analysis/claim_metrics.hpp"
#include "analysis/claims.hpp"
#include "platforms/base/fields.hpp"
#include "platforms/catalog.hpp"
#include "platforms/location.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace weft::analysis {

// Found by the field tables.
Result<void> read_value(const Value& value, Threshold& out) {
  static const Fields<Threshold> table{optional("at_least", &Threshold::at_least, "smallest value that counts"),
                                       optional("at_most", &Threshold::at_most, "largest value that counts")};
  if (auto ok = read_fields(value, table, out, "threshold"); !ok) return ok;
  if (!out.at_least && !out.at_most) return fail(value.mark, "a threshold has `at_least`, `at_most` or both");
  if (out.at_least && out.at_most && *out.at_least > *out.at_most)
    return fail(value.mark, "`at_least` is more than `at_most`");
  return {};
}
Result<void> read_value(const Value& value, Against& out) {
  static const Fields<Against> table{
      optional("hardware", &Against::hardware, "instead of the world's"),
      optional("accelerators", &Against::accelerators, "instead of the world's", at_least<std::int64_t>(1)),
      optional("set", &Against::set, "overrides, path=value, instead of the reading's"),
      optional("location", &Against::location, "where it stands"),
      optional("fleet", &Against::fleet, "accelerators that are counted")};
  return read_fields(value, table, out, "against");
}
Result<void> read_value(const Value& value, Reading& out) {
  static const Fields<Reading> table{
      required("name", &Reading::name, "what is read out of the claim"),
      optional("about", &Reading::about, "why it is read so"),
      required("metric", &Reading::metric, "what is measured"),
      required("workloads", &Reading::workloads, "of the worlds"),
      required("hardware", &Reading::hardware, "of the worlds"),
      required("accelerators", &Reading::accelerators, "of the worlds: packages"),
      optional("set", &Reading::set, "overrides, path=value; where the metric is of a change, the change"),
      optional("against", &Reading::against, "what each world is compared with"),
      optional("location", &Reading::location, "where the worlds stand, for power and money"),
      optional("fleet", &Reading::fleet, "accelerators that are counted"),
      optional("take_network", &Reading::take_network, "the change: fabrics of the compared hardware"),
      optional("holds", &Reading::holds, "values with which the claim holds; none: nothing is judged")};
  out.mark = value.mark;
  return read_fields(value, table, out, "reading");
}

namespace {

Result<void> known(const std::vector<std::string>& names, const auto& known, const char* what, const Mark& mark) {
  std::vector<std::string> all;
  for (const auto& [name, entry] : known)
    all.push_back(name);
  if (names.empty()) return fail(mark, fmt::format("reading has no {}", what));
  for (const std::string& name : names)
    if (!known.contains(name)) {
      const std::string near = nearest(name, all);
      return fail(mark, fmt::format("no {} `{}` in worlds.yaml", what, name),
                  near.empty() ? "" : fmt::format("did you mean `{}`?", near));
    }
  return {};
}

Result<void> check(const Reading& r, const Worlds& worlds) {
  const Metric* m = metric(r.metric);
  if (!m) {
    std::vector<std::string> names;
    for (const Metric& one : metrics())
      names.emplace_back(one.name);
    const std::string near = nearest(r.metric, names);
    return fail(r.mark, fmt::format("unknown metric `{}`", r.metric),
                near.empty() ? fmt::format("known: {}", fmt::join(names, ", "))
                             : fmt::format("did you mean `{}`?", near));
  }
  if (auto ok = known(r.workloads, worlds.workloads, "workload", r.mark); !ok) return ok;
  if (auto ok = known(r.hardware, worlds.hardware, "hardware", r.mark); !ok) return ok;
  if (r.accelerators.empty()) return fail(r.mark, "reading has no accelerators");
  for (const std::int64_t size : r.accelerators)
    if (size < 1) return fail(r.mark, "accelerators are 1 or more");
  for (const std::string& place : {r.location, r.against ? r.against->location : std::string()})
    if (!place.empty())
      if (auto there = platforms::read_location(place, r.mark); !there) return tl::unexpected(there.error());
  if (!m->power && (!r.location.empty() || (r.against && !r.against->location.empty())))
    return fail(r.mark, fmt::format("`{}` does not depend on a `location`, or takes each chip's own", r.metric));
  if (!m->name.ends_with("fleet") && (r.fleet != 0 || (r.against && r.against->fleet != 0)))
    return fail(r.mark, fmt::format("`{}` counts no `fleet`", r.metric));
  if (m->name.ends_with("fleet") && (r.fleet <= 0 || !r.against || r.against->fleet <= 0))
    return fail(r.mark, fmt::format("`{}` counts: it needs `fleet` on both sides", r.metric));
  if (m->against && !r.against) return fail(r.mark, fmt::format("`{}` compares: it needs `against`", r.metric));
  if (r.against && !r.against->hardware.empty())
    if (auto ok = known({r.against->hardware}, worlds.hardware, "hardware", r.mark); !ok) return ok;
  if (m->changed && !r.take_network && r.set.empty())
    return fail(r.mark, fmt::format("`{}` is of a change: it needs `set` or `take_network`", r.metric));
  return {};
}

Result<Claim> read_claim(const Value& root) {
  static const Fields<Claim> table{
      required("number", &Claim::number, "in the order of the list", at_least<std::int64_t>(1)),
      required("name", &Claim::name, "short, for the command line"),
      required("statement", &Claim::statement, "what is said"),
      required("source", &Claim::source, "by whom, where"),
      optional("assumptions", &Claim::assumptions, "what the answer rests on, besides the catalog"),
      required("readings", &Claim::readings, "what it may mean")};
  Claim out;
  if (auto ok = read_fields(root, table, out, "claim"); !ok) return tl::unexpected(ok.error());
  out.mark = root.mark;
  if (out.readings.empty()) return fail(root.mark, "claim has no reading");
  return out;
}

} // namespace

Shape claim_shape() {
  return described([] { (void)read_claim(nothing_said()); });
}

std::string own_claims() {
  return platforms::catalog_root() + "/analysis/claims";
}

Result<ClaimSet> read_claims(const std::string& folder) {
  namespace fs = std::filesystem;
  ClaimSet out;
  auto worlds = read_worlds(folder + "/worlds.yaml");
  if (!worlds) return tl::unexpected(worlds.error());
  out.worlds = std::move(*worlds);
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& file : fs::directory_iterator(folder, ignored))
    if (file.path().extension() == ".yaml" && file.path().filename() != "worlds.yaml")
      files.push_back(file.path().string());
  std::sort(files.begin(), files.end());
  if (files.empty()) return fail(Mark{}, fmt::format("no claim in {}", folder));
  for (const std::string& file : files) {
    auto root = read_document(file);
    if (!root) return tl::unexpected(root.error());
    auto claim = read_claim(*root);
    if (!claim) return tl::unexpected(claim.error());
    for (const Reading& r : claim->readings)
      if (auto ok = check(r, out.worlds); !ok) return tl::unexpected(ok.error());
    for (const Claim& other : out.claims)
      if (other.number == claim->number || other.name == claim->name)
        return fail(claim->mark, fmt::format("claim {} ({}) is there twice", claim->number, claim->name));
    out.claims.push_back(std::move(*claim));
  }
  std::sort(out.claims.begin(), out.claims.end(), [](const Claim& a, const Claim& b) { return a.number < b.number; });
  return out;
}

} // namespace weft::analysis
