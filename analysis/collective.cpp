#include "analysis/collective.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/catalog.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

using sim::AskedCollective;
using sim::GroupKind;

tl::unexpected<Error> unknown(const char* what, const std::string& word, const std::vector<std::string>& names) {
  const std::string near = nearest(word, names);
  return fail({}, fmt::format("unknown {} `{}`; there are: {}", what, word, fmt::join(names, ", ")),
              near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

/// "all-reduce" or "all-reduce@rails".
Result<void> read_op(const std::string& text, AskedCollective& out) {
  const std::size_t at = text.find('@');
  const auto op = sim::op_named(text.substr(0, at));
  if (!op) return unknown("operation", text.substr(0, at), sim::op_names());
  out.op = *op;
  if (at == std::string::npos) return {};
  const std::string group = text.substr(at + 1);
  const auto* found = std::find(std::begin(sim::group_names), std::end(sim::group_names), group);
  if (found == std::end(sim::group_names))
    return unknown("group", group, {std::begin(sim::group_names), std::end(sim::group_names)});
  out.group = GroupKind(found - std::begin(sim::group_names));
  return {};
}

/// "64 MiB", "64MiB", or a number of bytes.
Result<Bytes> read_size(const std::string& text) {
  double bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error == std::errc{} && end == text.data() + text.size()) {
    if (bytes >= 1 && bytes <= 1e18) return Bytes(bytes);
    return fail({}, fmt::format("`{}` is no size: between 1 byte and 1e18 bytes", text));
  }
  std::string spaced = text;
  const std::size_t unit = spaced.find_first_not_of("0123456789.+-eE");
  if (unit != std::string::npos && unit > 0 && spaced[unit] != ' ') spaced.insert(unit, 1, ' ');
  auto parsed = parse_quantity<Bytes>(spaced);
  if (!parsed) return fail({}, fmt::format("--bytes {}: {}", text, parsed.error()));
  if (parsed->count() < 1 || parsed->count() > 1e18)
    return fail({}, fmt::format("`{}` is no size: between 1 byte and 1e18 bytes", text));
  return *parsed;
}

Result<std::vector<AskedCollective>> read_asked(const CollectiveRequest& r) {
  const std::size_t n = r.ops.size();
  for (const auto& [what, count] : {std::pair{"--bytes", r.sizes.size()}, {"--algorithm", r.algorithms.size()}})
    if (count > 1 && count != n)
      return fail(
          {}, fmt::format("{} is given {} times for {} operations: once for all, or once for each", what, count, n));
  std::vector<AskedCollective> out;
  for (std::size_t i = 0; i < n; ++i) {
    AskedCollective a;
    if (auto ok = read_op(r.ops[i], a); !ok) return tl::unexpected(ok.error());
    auto size = read_size(r.sizes.size() == 1 ? r.sizes[0] : r.sizes[i]);
    if (!size) return tl::unexpected(size.error());
    a.size = *size;
    if (!r.algorithms.empty()) {
      const std::string& name = r.algorithms.size() == 1 ? r.algorithms[0] : r.algorithms[i];
      const auto algorithm = sim::algorithm_named(name);
      if (!algorithm) return unknown("algorithm", name, sim::algorithm_names());
      a.algorithm = *algorithm;
    }
    out.push_back(a);
  }
  return out;
}

/// The cluster by name with what --set changes, and as many accelerators as the ranks need where --set says nothing.
Result<platforms::Cluster> read_cluster(const CollectiveRequest& r) {
  Value name, root, cluster;
  name.kind = Value::Kind::scalar;
  name.scalar = r.cluster;
  cluster.kind = root.kind = Value::Kind::map;
  cluster.members.push_back({"name", {}, name});
  root.members.push_back({"cluster", {}, cluster});
  for (const std::string& set : r.sets) {
    if (!set.starts_with("cluster.") && !set.starts_with("cluster="))
      return fail({}, fmt::format("--set {}: a collective knows only its cluster: cluster.…=…", set));
    if (auto ok = set_path(root, set); !ok) return tl::unexpected(ok.error());
  }
  auto out = platforms::read_cluster(*root.find("cluster"));
  if (!out) return out;
  const bool counted = root.find("cluster")->find("accelerators") != nullptr || !out->parts.empty();
  if (counted && r.ranks > out->ranks())
    return fail({}, fmt::format("{} ranks are more than the {} of cluster {}", r.ranks, out->ranks(), out->name));
  if (counted) return out;
  const std::int64_t per = out->accelerator.ranks_per_accelerator;
  if (auto ok = set_path(root, fmt::format("cluster.accelerators={}", (r.ranks + per - 1) / per)); !ok)
    return tl::unexpected(ok.error());
  return platforms::read_cluster(*root.find("cluster"));
}

} // namespace

Result<CollectiveReport> run_collective(const CollectiveRequest& request) {
  CollectiveReport out;
  auto asked = read_asked(request);
  if (!asked) return tl::unexpected(asked.error());
  out.asked = std::move(*asked);
  if (request.ranks < 2 || request.ranks > 4'194'304)
    return fail({}, fmt::format("--ranks {}: a collective runs between 2 and 4,194,304 ranks", request.ranks));
  auto cluster = read_cluster(request);
  if (!cluster) return tl::unexpected(cluster.error());
  out.cluster = std::move(*cluster);
  out.ranks = request.ranks;
  out.repeated = out.cluster.accelerators > out.cluster.built.value;
  auto run = sim::run_collectives(out.cluster, out.ranks, out.asked, request.how);
  if (!run) return tl::unexpected(run.error());
  out.run = std::move(*run);
  for (std::size_t i = 0; request.closed_form && i < out.asked.size(); ++i) {
    auto form = sim::closed_form(out.cluster, out.ranks, out.asked[i], out.run.collectives[i].algorithm);
    if (!form) return fail({}, form.error());
    out.closed_forms.push_back(std::move(*form));
  }
  return out;
}

} // namespace weft::analysis
