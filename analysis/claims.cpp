#include "analysis/claims.hpp"

#include "analysis/claim_bands.hpp"
#include "analysis/claim_metrics.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace weft::analysis {
namespace {

/// Worlds are many, and readings ask for the same ones: each is simulated once.
class Book {
public:
  explicit Book(const Worlds& worlds) : worlds_(worlds) {}
  std::size_t want(World world) {
    const auto [at, fresh] = index_.try_emplace(world.key(), asked_.size());
    if (fresh) asked_.push_back(std::move(world));
    return at->second;
  }
  Result<void> simulate(int jobs) {
    auto all = best_plans(worlds_, asked_, {}, jobs);
    if (!all) return tl::unexpected(all.error());
    best_ = std::move(*all);
    return {};
  }
  [[nodiscard]] const Best& of(std::size_t world) const { return best_[world]; }

  [[nodiscard]] const World& world(std::size_t world) const { return asked_[world]; }

private:
  const Worlds& worlds_;
  std::map<std::string, std::size_t> index_;
  std::vector<World> asked_;
  std::vector<Best> best_;
};

std::int64_t batch_of(const Worlds& worlds, const World& world) {
  const auto& batch = worlds.workloads.at(world.workload).batch;
  auto at = batch.upper_bound(world.accelerators);
  return (at == batch.begin() ? at : std::prev(at))->second;
}

/// What a cell asks the book for.
struct Asked {
  std::size_t self = 0;
  std::optional<std::size_t> other, changed;
};

Asked ask(Book& book, const Worlds& worlds, const Reading& r, const Metric& m, Cell& cell) {
  Asked out;
  if (!m.changed) cell.world.sets = r.set;
  cell.world.only_count = m.name == "plans left";
  World other = cell.world;
  if (r.against) {
    if (!r.against->hardware.empty()) other.hardware = r.against->hardware;
    if (r.against->accelerators > 0) other.accelerators = r.against->accelerators;
    if (!r.against->set.empty()) other.sets = r.against->set;
  }
  if (m.parity) cell.world.batch = batch_of(worlds, other);
  out.self = book.want(cell.world);
  if (r.against) out.other = book.want(other);
  if (m.changed) {
    World changed = cell.world;
    changed.sets = r.set;
    if (r.take_network) changed.parts_of = other.hardware;
    out.changed = book.want(changed);
  }
  return out;
}

Verdict verdict(const Threshold& holds, const Cell& cell) {
  const double low = std::min(*cell.value, cell.low.value_or(*cell.value)),
               high = std::max(*cell.value, cell.high.value_or(*cell.value));
  auto within = [&](double v) {
    return (!holds.at_least || v >= *holds.at_least) && (!holds.at_most || v <= *holds.at_most);
  };
  const bool apart = (holds.at_least && high < *holds.at_least) || (holds.at_most && low > *holds.at_most);
  return within(low) && within(high) ? Verdict::yes : apart ? Verdict::no : Verdict::open;
}

/// Worlds as facts, and what is asked of two of them together.
class Judge {
public:
  Judge(const ClaimSet& set, const Book& book, const ClaimOptions& options)
      : set_(set), book_(book), options_(options) {}

  Result<void> measure(const Reading& r, const Asked& asked, Cell& cell) {
    const Metric& m = *metric(r.metric);
    Facts facts;
    cell.best = book_.of(asked.self);
    if (asked.other) cell.other = book_.of(*asked.other);
    for (auto [world, to, whose] :
         {std::tuple{std::optional(asked.self), &facts.self, ""}, std::tuple{asked.other, &facts.other, "compared: "},
          std::tuple{asked.changed, &facts.changed, "changed: "}}) {
      if (!world || (m.parity && world == asked.self)) continue;
      if (!fill(*world, *to) && !m.counts) {
        cell.why = whose + book_.of(*world).why;
        return {};
      }
    }
    facts.self.fleet = r.fleet;
    facts.self.kin = kin(asked.self);
    if (r.against) facts.other.fleet = r.against->fleet;
    if (m.power)
      for (auto [ran, place] : {std::pair{&facts.self, r.location},
                                std::pair{&facts.other, r.against ? r.against->location : std::string()}})
        if (ran->plan) {
          auto power = power_at(ran->plan->cluster, ran->headline, place);
          if (!power) return tl::unexpected(power.error());
          ran->power = *power;
        }
    if (m.parity) {
      auto both = equals(*asked.other, asked.self);
      if (!both) {
        cell.why = both.error().message;
        return {};
      }
      facts.parity = *both;
    }
    const Best& chip = m.parity ? *cell.other : cell.best;
    if (cell.best.plan)
      cell.measured_runs = cell.best.plan->cluster.accelerator.measured_runs.value;
    else if (m.parity && chip.plan)
      cell.measured_runs = facts.parity->candidates.front().best.at.cluster.accelerator.measured_runs.value;
    if (const auto found = m.of(facts, cell.why)) {
      cell.value = found->value;
      cell.low = found->low;
      cell.high = found->high;
      cell.why.clear();
      // A figure of the catalog over another is no matter of steps, nor is by how much what is reached is.
      if (options_.samples > 0 && !m.catalog && !(m.reach && *cell.value == 1))
        uncertain_.push_back({&cell, &m, facts, r.location, r.against ? r.against->location : std::string()});
    }
    return {};
  }

  /// Bands of all that was measured.
  Result<void> sample() { return uncertain_.empty() ? Result<void>{} : add_bands(uncertain_, options_); }

private:
  [[nodiscard]] std::string kin(std::size_t world) const {
    World any_size = book_.world(world);
    any_size.accelerators = any_size.batch = 0;
    return any_size.key();
  }
  bool fill(std::size_t world, Ran& to) const {
    const Best& best = book_.of(world);
    if (!best.plan) return false;
    to.headline = best.headline;
    to.plan = &*best.plan;
    to.kin = kin(world);
    to.fitting = best.fitting;
    if (best.headline.ideal_step_s > 0) to.replanned = best.ideal_step_s / best.headline.ideal_step_s;
    return true;
  }
  /// How many of the one world's hardware equal the other world; each pair once.
  Result<const Parity*> equals(std::size_t reference, std::size_t candidate) {
    const auto [at, fresh] = parities_.try_emplace({reference, candidate}, tl::unexpected(Error{}));
    if (fresh) {
      auto these = plans_of(set_.worlds, book_.world(reference)), those = plans_of(set_.worlds, book_.world(candidate));
      if (!these) return tl::unexpected(these.error());
      if (!those) return tl::unexpected(those.error());
      if (those->cases.empty())
        at->second = fail(Mark{}, those->why);
      else {
        ParityOptions how;
        how.jobs = options_.jobs;
        at->second = parity(these->cases, those->cases, how);
      }
    }
    if (!at->second) return tl::unexpected(at->second.error());
    return &*at->second;
  }
  const ClaimSet& set_;
  const Book& book_;
  const ClaimOptions& options_;
  std::map<std::pair<std::size_t, std::size_t>, Result<Parity>> parities_;
  std::vector<Uncertainty> uncertain_;
};

/// "h100-roce 0 of 6, h800-roce 4 of 6": along one axis, where it has several values.
template <class Of> std::string along(const std::vector<Cell>& cells, Of of) {
  std::vector<std::pair<std::string, std::pair<int, int>>> groups; // name, (yes, judged)
  for (const Cell& cell : cells) {
    if (cell.verdict == Verdict::none) continue;
    const std::string name = of(cell);
    auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == name; });
    if (at == groups.end()) at = groups.insert(groups.end(), {name, {0, 0}});
    at->second.first += cell.verdict == Verdict::yes;
    ++at->second.second;
  }
  if (groups.size() < 2) return {};
  std::string out;
  for (const auto& [name, count] : groups)
    out += fmt::format("{}{} {} of {}", out.empty() ? "" : ", ", name, count.first, count.second);
  return out;
}

void conclude(ReadingResult& r) {
  for (const Cell& cell : r.cells) {
    r.yes += cell.verdict == Verdict::yes;
    r.no += cell.verdict == Verdict::no;
    r.open += cell.verdict == Verdict::open;
    r.without += !cell.value;
  }
  for (const std::string& part :
       {along(r.cells, [](const Cell& c) { return c.world.hardware; }),
        along(r.cells, [](const Cell& c) { return c.world.workload; }),
        along(r.cells, [](const Cell& c) { return fmt::format("{}", c.world.accelerators); })})
    if (!part.empty()) r.conditions += (r.conditions.empty() ? "" : "; ") + part;
}

/// What was measured of the chips of a reading about MFU.
Result<void> add_published(ReadingResult& r) {
  auto all = published_mfu();
  if (!all) return tl::unexpected(all.error());
  for (const Cell& cell : r.cells)
    if (cell.best.plan) {
      const std::pair key{cell.best.plan->cluster.accelerator.name, cell.best.plan->scenario.model.experts.has_value()};
      if (const auto there = all->find(key); there != all->end()) r.published[key] = there->second;
    }
  return {};
}

} // namespace

Result<std::vector<ClaimResult>> judge(const ClaimSet& set, const std::vector<const Claim*>& claims,
                                       const ClaimOptions& options) {
  Book book(set.worlds);
  std::vector<ClaimResult> out;
  std::vector<std::vector<std::vector<Asked>>> asked(claims.size());
  for (std::size_t c = 0; c < claims.size(); ++c) {
    ClaimResult result{claims[c], {}};
    for (const Reading& reading : claims[c]->readings) {
      ReadingResult r;
      r.reading = &reading;
      std::vector<Asked> wants;
      for (const std::string& workload : reading.workloads)
        for (const std::string& hardware : reading.hardware)
          for (const std::int64_t size : reading.accelerators) {
            Cell cell;
            cell.world.workload = workload;
            cell.world.hardware = hardware;
            cell.world.accelerators = size;
            wants.push_back(ask(book, set.worlds, reading, *metric(reading.metric), cell));
            r.cells.push_back(std::move(cell));
          }
      asked[c].push_back(std::move(wants));
      result.readings.push_back(std::move(r));
    }
    out.push_back(std::move(result));
  }
  if (auto ok = book.simulate(options.jobs); !ok) return tl::unexpected(ok.error());
  Judge judge(set, book, options);
  for (std::size_t c = 0; c < out.size(); ++c)
    for (std::size_t r = 0; r < out[c].readings.size(); ++r) {
      ReadingResult& result = out[c].readings[r];
      for (std::size_t i = 0; i < result.cells.size(); ++i)
        if (auto ok = judge.measure(*result.reading, asked[c][r][i], result.cells[i]); !ok)
          return tl::unexpected(ok.error());
    }
  if (auto ok = judge.sample(); !ok) return tl::unexpected(ok.error());
  for (ClaimResult& claim : out)
    for (ReadingResult& result : claim.readings) {
      for (Cell& cell : result.cells)
        if (cell.value && result.reading->holds) cell.verdict = verdict(*result.reading->holds, cell);
      conclude(result);
      if (result.reading->metric == "not useful")
        if (auto ok = add_published(result); !ok) return tl::unexpected(ok.error());
    }
  return out;
}

} // namespace weft::analysis
