#include "analysis/claims.hpp"

#include "analysis/claim_metrics.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace weft::analysis {
namespace {

/// Multiples of the compared size at which a world is simulated to find the one that reaches its output.
constexpr std::int64_t ladder[] = {1, 2, 4, 8, 16, 32};

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
  std::vector<std::size_t> ladder;
};

Asked ask(Book& book, const Worlds& worlds, const Reading& r, const Metric& m, Cell& cell) {
  Asked out;
  World self{cell.world};
  if (!m.changed) self.sets = r.set;
  cell.world = self;
  out.self = book.want(self);
  if (!r.against) return out;
  World other = self;
  if (!r.against->hardware.empty()) other.hardware = r.against->hardware;
  if (r.against->accelerators > 0) other.accelerators = r.against->accelerators;
  if (!r.against->set.empty()) other.sets = r.against->set;
  out.other = book.want(other);
  if (m.changed) {
    World changed = self;
    changed.sets = r.set;
    if (r.take_network) changed.parts_of = other.hardware;
    out.changed = book.want(changed);
  }
  if (m.ladder)
    for (const std::int64_t times : ladder) {
      World step = self;
      step.accelerators = times * other.accelerators;
      step.batch = batch_of(worlds, other);
      out.ladder.push_back(book.want(step));
    }
  return out;
}

std::optional<Ran> ran(const Best& best) {
  if (!best.plan) return std::nullopt;
  return Ran{best.headline, &best.plan->cluster, &best.plan->scenario};
}

void measure(const Book& book, const Reading& r, const Metric& m, const Asked& asked, Cell& cell) {
  Facts facts;
  cell.best = book.of(asked.self);
  auto take = [&](std::optional<std::size_t> world, Ran& to, const char* whose) {
    if (!world || !cell.why.empty()) return;
    const auto there = ran(book.of(*world));
    if (there)
      to = *there;
    else
      cell.why = fmt::format("{}{}", whose, book.of(*world).why);
  };
  if (!m.ladder) take(asked.self, facts.self, "");
  take(asked.other, facts.other, "compared: ");
  take(asked.changed, facts.changed, "changed: ");
  if (asked.other) cell.other = book.of(*asked.other);
  if (!cell.why.empty()) return;
  for (const std::size_t step : asked.ladder)
    if (const auto there = ran(book.of(step))) facts.ladder.push_back(*there);
  if (cell.best.plan) cell.measured_runs = cell.best.plan->cluster.accelerator.measured_runs.value;
  cell.value = m.of(facts);
  if (!cell.value) {
    cell.why = "no value";
    if (m.ladder && !facts.ladder.empty()) {
      double most = 0;
      for (const Ran& step : facts.ladder)
        most = std::max(most, step.headline.tokens_per_s / facts.other.headline.tokens_per_s);
      cell.why = fmt::format("at most {:.2f} of it at any size", most);
    }
    return;
  }
  if (!r.holds) return;
  const double low = cell.low.value_or(*cell.value), high = cell.high.value_or(*cell.value);
  auto within = [&](double v) {
    return (!r.holds->at_least || v >= *r.holds->at_least) && (!r.holds->at_most || v <= *r.holds->at_most);
  };
  const bool apart = (r.holds->at_least && high < *r.holds->at_least) || (r.holds->at_most && low > *r.holds->at_most);
  cell.verdict = within(low) && within(high) ? Verdict::yes : apart ? Verdict::no : Verdict::open;
}

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
  for (std::size_t c = 0; c < out.size(); ++c)
    for (std::size_t r = 0; r < out[c].readings.size(); ++r) {
      ReadingResult& result = out[c].readings[r];
      for (std::size_t i = 0; i < result.cells.size(); ++i)
        measure(book, *result.reading, *metric(result.reading->metric), asked[c][r][i], result.cells[i]);
      conclude(result);
    }
  return out;
}

} // namespace weft::analysis
