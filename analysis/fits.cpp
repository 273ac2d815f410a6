#include "analysis/fits.hpp"

#include "analysis/published_row.hpp"
#include "analysis/validate.hpp"
#include "platforms/base/workers.hpp"
#include "platforms/catalog.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace weft::analysis {
namespace {

using Combination = std::vector<std::size_t>; ///< by field, which value
constexpr std::size_t not_set = std::size_t(-1);
constexpr double infinite = std::numeric_limits<double>::infinity();
const std::string chip_path = "cluster.node.accelerator.", stack_path = "stack.", host_path = "stack.host.";

std::string scalar_at(const Value& root, std::string_view path) {
  const Value* value = find_path(root, path);
  if (value && value->find("value")) value = value->find("value"); // a figure
  return value && value->kind == Value::Kind::scalar ? value->scalar : std::string();
}

/// A scenario's own words and the catalog entries that it names.
struct Resolved {
  Value scenario, stack, chip;

  [[nodiscard]] std::string at(const std::string& path) const {
    if (path.starts_with(stack_path)) return scalar_at(stack, path.substr(stack_path.size()));
    if (path.starts_with(chip_path)) return scalar_at(chip, path.substr(chip_path.size()));
    return scalar_at(scenario, path);
  }
  /// False for what nothing reads in this scenario: host times of other graphs than the run's, and what tp hides
  /// where there is none. Predictions that differ in nothing else are equal and need not be made twice.
  [[nodiscard]] bool reads(const std::string& path) const {
    if (path == "stack.tp_hidden_share") return at("plan.tp") != "1";
    if (!path.starts_with(host_path)) return true;
    const std::string graph = at("stack.cuda_graph");
    return path.starts_with(host_path + (graph.empty() ? "none" : graph) + ".");
  }
};

Result<Resolved> resolve(const std::string& scenario, const std::string& id) {
  auto tree = parse_document(scenario, "run " + id);
  if (!tree) return tl::unexpected(tree.error());
  Resolved out{std::move(*tree), {}, {}};
  auto stack = platforms::resolve_entry("stacks", *out.scenario.find("stack"));
  if (!stack) return tl::unexpected(stack.error());
  auto chip = platforms::resolve_entry("accelerators", *find_path(out.scenario, "cluster.node.accelerator"));
  if (!chip) return tl::unexpected(chip.error());
  out.stack = std::move(*stack);
  out.chip = std::move(*chip);
  return out;
}

std::vector<std::string> texts(const std::vector<Word>& words) {
  std::vector<std::string> out;
  for (const Word& word : words)
    out.push_back(word.text);
  return out;
}
void add_once(std::vector<std::string>& to, const std::string& text) {
  if (std::find(to.begin(), to.end(), text) == to.end()) to.push_back(text);
}

GridErrors errors_of(const std::vector<double>& ratios) {
  GridErrors out;
  std::vector<double> sizes, signs;
  for (const double r : ratios) {
    out.objective += std::abs(std::log(r)) / double(ratios.size());
    sizes.push_back(std::abs(r - 1));
    signs.push_back(r - 1);
  }
  out.runs = ratios.size();
  out.median = median_of(sizes);
  out.p90 = p90_of(sizes);
  out.bias = median_of(signs);
  return out;
}

/// The runs of a fit, predicted / measured with everything that is tried.
class Table {
public:
  Table(const GridFit& fit, const std::vector<PublishedRun>& runs, const Value& unknown, int jobs)
      : fit_(fit), grid_(grid_of(fit.fields)) {
    std::vector<const PublishedRun*> members;
    std::vector<std::vector<FieldUse>> uses;
    for (const std::size_t i : runs_of(fit, runs)) {
      members.push_back(&runs[i]);
      auto use = uses_of(runs[i], fit, unknown); // of a run that has none nothing is predicted either
      uses.push_back(use ? std::move(*use) : std::vector<FieldUse>(fit.fields.size()));
    }
    predict_all(members, uses, unknown, jobs);
  }

  GridFitResult result() const {
    GridFitResult out;
    out.fit = fit_;
    out.grid = grid_;
    out.skipped = skipped_;
    out.simulated = simulated_;
    std::vector<std::size_t> all;
    for (std::size_t m = 0; m < runs_.size(); ++m) {
      all.push_back(m);
      out.ids.push_back(runs_[m]->id);
      out.unmoved += std::none_of(uses_[m].begin(), uses_[m].end(), [](const FieldUse& u) { return u.read; });
    }
    for (std::size_t f = 0; f < fit_.fields.size(); ++f)
      out.catalog.push_back(catalog(f));
    for (std::size_t c = 0; c < grid_.size(); ++c)
      out.errors.push_back(errors_of(with(all, c)));
    out.catalog_errors = errors_of(with(all, not_set));
    out.best = best(all);
    out.catalog_is_best = departures(out.best) == 0;
    for (std::size_t f = 0; f < fit_.fields.size(); ++f) {
      auto& good = out.as_good.emplace_back();
      for (std::size_t v = 0; v < fit_.fields[f].values.size(); ++v)
        for (std::size_t c = 0; c < grid_.size(); ++c)
          if (grid_[c][f] == v && out.errors[c].objective <= out.errors[out.best].objective + flat)
            add_once(good, fit_.fields[f].values[v].text);
    }
    for (const HoldOutBy by : fit_.hold_out)
      if (auto held = hold_out(by); held.sets.size() > 1) out.held_out.push_back(std::move(held));
    return out;
  }

private:
  void predict_all(const std::vector<const PublishedRun*>& members, const std::vector<std::vector<FieldUse>>& uses,
                   const Value& unknown, int jobs) {
    // What is simulated once: a run, and the values of the fields that it reads.
    struct Item {
      std::size_t member, combination;
    };
    std::vector<Item> items;
    std::vector<std::vector<std::size_t>> item_of(members.size()); // by combination, the catalog's last
    for (std::size_t m = 0; m < members.size(); ++m) {
      const std::size_t own = items.size();
      std::map<Combination, std::size_t> known{{Combination(fit_.fields.size(), not_set), own}};
      items.push_back({m, not_set});
      for (std::size_t c = 0; c < grid_.size(); ++c) {
        Combination read = grid_[c];
        for (std::size_t f = 0; f < read.size(); ++f)
          if (!uses[m][f].read) read[f] = not_set;
        const auto [at, added] = known.emplace(std::move(read), items.size());
        if (added) items.push_back({m, c});
        item_of[m].push_back(at->second);
      }
      item_of[m].push_back(own);
    }
    const auto work = [&](std::size_t i) -> std::string {
      const auto [m, c] = items[i];
      const auto set = c == not_set ? std::vector<Assignment>{} : assignments_of(fit_, grid_[c]);
      const auto predicted = predict(*members[m], unknown, nullptr, set);
      if (!predicted) return nlohmann::json{{"reason", predicted.error().message}}.dump();
      return nlohmann::json{{"step", predicted->median}}.dump();
    };
    const auto bytes = run_workers(items.size(), jobs, work);
    if (!bytes) throw std::runtime_error(bytes.error());
    simulated_ = items.size();
    std::vector<double> steps;
    for (const auto& said : *bytes) {
      if (!said) throw std::runtime_error(said.error());
      steps.push_back(nlohmann::json::parse(*said).value("step", infinite));
    }
    for (std::size_t m = 0; m < members.size(); ++m) {
      const std::size_t own = item_of[m].back();
      if (!std::isfinite(steps[own])) {
        const auto reason = nlohmann::json::parse(*(*bytes)[own])["reason"].get<std::string>();
        skipped_.push_back(fmt::format("{}: {}", members[m]->id, reason));
        continue;
      }
      runs_.push_back(members[m]);
      uses_.push_back(uses[m]);
      auto& ratios = ratios_.emplace_back();
      for (const std::size_t i : item_of[m])
        ratios.push_back(steps[i] / *members[m]->seconds);
    }
  }

  /// Ratios of some runs with a combination; `not_set`: the catalog's values.
  [[nodiscard]] std::vector<double> with(const std::vector<std::size_t>& of, std::size_t combination) const {
    std::vector<double> out;
    for (const std::size_t m : of)
      out.push_back(combination == not_set ? ratios_[m].back() : ratios_[m][combination]);
    return out;
  }

  [[nodiscard]] std::string catalog(std::size_t field) const {
    std::vector<std::string> values;
    for (const auto& use : uses_)
      for (const std::string& value : use[field].catalog)
        add_once(values, value);
    std::string out;
    for (const std::string& value : values)
      out += (out.empty() ? "" : " / ") + value;
    return out;
  }
  /// In how many fields a combination is not the catalog's.
  [[nodiscard]] std::size_t departures(std::size_t combination) const {
    std::size_t out = 0;
    for (std::size_t f = 0; f < fit_.fields.size(); ++f)
      out += !same_value(fit_.fields[f].values[grid_[combination][f]].text, catalog(f));
    return out;
  }
  [[nodiscard]] std::size_t best(const std::vector<std::size_t>& of) const {
    std::size_t out = 0;
    double least = infinite;
    for (std::size_t c = 0; c < grid_.size(); ++c) {
      const double objective = errors_of(with(of, c)).objective;
      if (objective > least || (objective == least && departures(c) >= departures(out))) continue;
      least = objective;
      out = c;
    }
    return out;
  }

  [[nodiscard]] HoldOut hold_out(HoldOutBy by) const {
    HoldOut out{by, {}, {}};
    std::map<std::string, std::vector<std::size_t>> sets;
    for (std::size_t m = 0; m < runs_.size(); ++m)
      sets[set_of(*runs_[m], by)].push_back(m);
    if (sets.size() < 2) return out;
    std::vector<double> pooled;
    for (const auto& [name, inside] : sets) {
      HeldOutSet set{name, {}, 0, std::vector<bool>(fit_.fields.size(), true), {}, {}};
      std::vector<std::size_t> others;
      for (std::size_t m = 0; m < runs_.size(); ++m) {
        if (std::find(inside.begin(), inside.end(), m) != inside.end()) continue;
        others.push_back(m);
        for (std::size_t f = 0; f < fit_.fields.size(); ++f)
          if (uses_[m][f].read) set.open[f] = false;
      }
      for (const std::size_t m : inside)
        ++set.models[Row(*runs_[m]).word("model", "name")];
      set.chosen = best(others);
      const auto ratios = with(inside, set.chosen);
      pooled.insert(pooled.end(), ratios.begin(), ratios.end());
      set.errors = errors_of(ratios);
      set.catalog = errors_of(with(inside, not_set));
      out.sets.push_back(std::move(set));
    }
    out.overall = errors_of(pooled);
    return out;
  }

  const GridFit& fit_;
  std::vector<Combination> grid_;
  std::vector<const PublishedRun*> runs_;   ///< predicted ones
  std::vector<std::vector<FieldUse>> uses_; ///< by run and field
  std::vector<std::vector<double>> ratios_; ///< by run and combination, the catalog's last
  std::vector<std::string> skipped_;
  std::size_t simulated_ = 0;
};

} // namespace

bool same_value(std::string a, std::string b) {
  std::erase(a, ' ');
  std::erase(b, ' ');
  char *end_a = nullptr, *end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a), y = std::strtod(b.c_str(), &end_b);
  return a == b || (end_a != a.c_str() && end_b != b.c_str() && x == y && std::string(end_a) == end_b);
}

std::vector<std::vector<std::size_t>> grid_of(const std::vector<FittedField>& fields) {
  std::vector<Combination> out{{}};
  for (const FittedField& field : fields) {
    std::vector<Combination> longer;
    for (const Combination& so_far : out)
      for (std::size_t v = 0; v < field.values.size(); ++v) {
        longer.push_back(so_far);
        longer.back().push_back(v);
      }
    out = std::move(longer);
  }
  return out;
}

std::vector<Assignment> assignments_of(const GridFit& fit, const std::vector<std::size_t>& combination) {
  std::vector<Assignment> out;
  for (std::size_t f = 0; f < fit.fields.size(); ++f)
    for (const Word& path : fit.fields[f].paths)
      out.push_back({path.text, fit.fields[f].values[combination[f]].text, texts(fit.fields[f].stacks)});
  return out;
}

Result<std::vector<FieldUse>> uses_of(const PublishedRun& run, const GridFit& fit, const Value& unknown) {
  const auto all = candidates(run, unknown);
  if (!all) return tl::unexpected(all.error());
  std::vector<FieldUse> out(fit.fields.size());
  for (const Candidate& candidate : *all) {
    const auto resolved = resolve(candidate.scenario, run.id);
    if (!resolved) return tl::unexpected(resolved.error());
    for (std::size_t f = 0; f < fit.fields.size(); ++f)
      for (const Word& path : fit.fields[f].paths)
        if (takes(resolved->scenario, {path.text, {}, texts(fit.fields[f].stacks)}) && resolved->reads(path.text)) {
          out[f].read = true;
          add_once(out[f].catalog, resolved->at(path.text));
        }
  }
  return out;
}

std::vector<GridFitResult> fits(const std::vector<GridFit>& asked, const std::vector<PublishedRun>& runs,
                                const Value& unknown, int jobs) {
  std::vector<GridFitResult> out;
  for (const GridFit& fit : asked) {
    auto result = Table(fit, runs, unknown, jobs).result();
    if (!result.ids.empty() || !result.skipped.empty()) out.push_back(std::move(result));
  }
  return out;
}

} // namespace weft::analysis
