#include "analysis/pairs.hpp"

#include "analysis/published_scan.hpp"
#include "platforms/catalog.hpp"

#include <algorithm>
#include <cmath>

namespace weft::analysis {
namespace {

using Runs = std::map<std::string, const PublishedRun*>;

Runs by_id(const std::vector<PublishedRun>& runs) {
  Runs out;
  for (const PublishedRun& run : runs)
    out[run.id] = &run;
  return out;
}

/// Chips for one sequence of the batch; 0 where the run does not state both.
double chips_per_sequence(const PublishedRun& run) {
  Row row(run);
  const auto chips = row.integer("system", "chips");
  const std::int64_t batch = stated_batch(row);
  return row.error() || !chips || *chips < 1 || batch < 1 ? 0 : double(*chips) / double(batch);
}

int sign(double x) {
  return (x > 0) - (x < 0);
}

} // namespace

// Found by the field tables.
Result<void> read_value(const Value& value, RunId& out) {
  out.mark = value.mark;
  return weft::read_value(value, out.id);
}
Result<void> read_value(const Value& value, Pair& out) {
  static const Fields<Pair> table{required("name", &Pair::name, "what is printed"),
                                  optional("about", &Pair::about, "what else differs"),
                                  required("with", &Pair::with, "the run with the communication"),
                                  required("without", &Pair::without, "the run without it, or with less")};
  return read_fields(value, table, out, "pair");
}
Result<void> read_value(const Value& value, PairFamily& out) {
  static const Fields<PairFamily> table{required("name", &PairFamily::name, "what is printed"),
                                        required("about", &PairFamily::about, "which communication it isolates"),
                                        required("pairs", &PairFamily::pairs, "the pairs")};
  return read_fields(value, table, out, "family of pairs");
}

std::string own_pairs() {
  return platforms::catalog_root() + "/analysis/isolating_pairs.yaml";
}

Result<std::vector<PairFamily>> read_pairs(const std::string& path) {
  struct File {
    std::vector<PairFamily> families;
  };
  static const Fields<File> table{required("families", &File::families, "families of pairs")};
  auto tree = read_document(path);
  if (!tree) return tl::unexpected(tree.error());
  File out;
  if (auto ok = read_fields(*tree, table, out, "file of pairs"); !ok) return tl::unexpected(ok.error());
  return out.families;
}

Result<void> check_pairs(const std::vector<PairFamily>& families, const std::vector<PublishedRun>& runs) {
  const Runs known = by_id(runs);
  auto check = [&](const RunId& asked) -> Result<void> {
    const auto run = known.find(asked.id);
    if (run == known.end()) {
      std::vector<std::string> ids;
      for (const auto& [id, of] : known)
        ids.push_back(id);
      const std::string near = nearest(asked.id, ids);
      return fail(asked.mark, fmt::format("no run `{}`", asked.id),
                  near.empty() ? "" : fmt::format("did you mean `{}`?", near));
    }
    if (chips_per_sequence(*run->second) == 0)
      return fail(asked.mark, fmt::format("run `{}` does not state its chips and its batch", asked.id));
    return {};
  };
  for (const PairFamily& family : families)
    for (const Pair& pair : family.pairs) {
      for (const RunId* id : {&pair.with, &pair.without})
        if (auto ok = check(*id); !ok) return ok;
      if (pair.with.id == pair.without.id)
        return fail(pair.without.mark, fmt::format("`{}` is the run with it", pair.with.id));
      const Row with(*known.at(pair.with.id)), without(*known.at(pair.without.id));
      if (with.word("model", "seq") != without.word("model", "seq"))
        return fail(pair.without.mark,
                    fmt::format("sequences of `{}` have {} tokens, those of `{}` {}", pair.with.id,
                                with.word("model", "seq"), pair.without.id, without.word("model", "seq")));
    }
  return {};
}

double loss(double with, double without) {
  return 1 - without / with;
}

PairSummary summary_of(const std::vector<const PairLoss*>& pairs) {
  PairSummary s;
  for (const PairLoss* pair : pairs) {
    if (!pair->reason.empty()) continue;
    ++s.count;
    s.mean_difference += std::abs(pair->predicted - pair->measured);
    s.same_sign += sign(pair->predicted) == sign(pair->measured);
  }
  if (s.count > 0) s.mean_difference /= double(s.count);
  return s;
}

PairLosses pair_losses(const std::vector<PairFamily>& families, const std::vector<PublishedRun>& runs,
                       const Value& unknown, int jobs) {
  PairLosses out;
  out.families = families;
  const Runs known = by_id(runs);
  std::map<std::string, std::size_t> place; // of a run among those asked for
  std::vector<PublishedRun> asked;
  for (const PairFamily& family : families)
    for (const Pair& pair : family.pairs) {
      if (!known.contains(pair.with.id) || !known.contains(pair.without.id)) continue;
      for (const std::string& id : {pair.with.id, pair.without.id})
        if (place.emplace(id, asked.size()).second) asked.push_back(*known.at(id));
      out.pairs.push_back(
          {family.name, pair.name, pair.about, {pair.with.id, {}, {}}, {pair.without.id, {}, {}}, {}, 0, 0});
    }
  const Validation predicted = validate(asked, unknown, jobs);
  std::vector<const PairLoss*> all;
  std::map<std::string, std::vector<const PairLoss*>> of_family;
  for (PairLoss& pair : out.pairs) {
    for (PairSide* side : {&pair.with, &pair.without}) {
      const Prediction& p = predicted.runs[place.at(side->id)];
      const double scale = chips_per_sequence(*known.at(side->id));
      if (p.measured) side->measured = *p.measured * scale;
      if (p.ok) side->predicted = p.predicted * scale;
      if (pair.reason.empty() && !p.ok) pair.reason = fmt::format("{}: {}", side->id, p.reason);
      if (pair.reason.empty() && !p.measured) pair.reason = fmt::format("{}: no measured step", side->id);
    }
    if (pair.with.measured && pair.without.measured) pair.measured = loss(*pair.with.measured, *pair.without.measured);
    if (pair.with.predicted && pair.without.predicted)
      pair.predicted = loss(*pair.with.predicted, *pair.without.predicted);
    all.push_back(&pair);
    of_family[pair.family].push_back(&pair);
  }
  out.overall = summary_of(all);
  for (const auto& [family, pairs] : of_family)
    out.by_family[family] = summary_of(pairs);
  return out;
}

} // namespace weft::analysis
