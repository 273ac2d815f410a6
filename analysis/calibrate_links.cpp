// The link form of a scale-up domain, fitted (declared in calibrated_chip.hpp). What a collective takes is asked of the
// simulator: its price is linear in the phase latency a, in c/√e with the achieved share e of the line rate, and in
// 1/e, so that three prices of a message say all that a fit needs, and the best fit is the one optimum of a convex
// problem.
#include "analysis/calibrated_chip.hpp"
#include "analysis/least_squares.hpp"
#include "platforms/catalog.hpp"
#include "sim/closed_form.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <set>

namespace weft::analysis {
namespace {

using platforms::Cluster;

/// Constants of one way: a in s, c in µs^0.5, e of the line rate.
struct LinkConstants {
  double a = 0, c = 0, e = 1;
};
/// Rings, exchanges and direct links; all-reduces that switches do, with the same a.
struct Links {
  LinkConstants links, switches;
};

/// A measured message and what it costs: t = a·phases + c·root/√e + line/e.
struct Point {
  MeasuredCollective measured;
  bool switches = false;
  double phases = 0, root = 0, line = 0; ///< root in s per µs^0.5, line in s
  [[nodiscard]] double time(const LinkConstants& k) const {
    return k.a * phases + k.c * root / std::sqrt(k.e) + line / k.e;
  }
};

/// One scale-up domain of the chip with so many ranks.
Result<Cluster> domain_of(const CalibratedChip& chip, const platforms::Accelerator& accelerator, std::int64_t ranks) {
  const std::int64_t per = accelerator.ranks_per_accelerator;
  if (ranks % per != 0)
    return fail({},
                fmt::format("{} ranks are no whole number of {}, which have {} each", ranks, accelerator.name, per));
  const char* figure = "source: \"nothing leaves the domain\", evidence: assumed";
  auto tree = parse_document(
      fmt::format(
          "{{name: domain, built: {{value: {0}, {2}}}, accelerators: {0}, node: {{name: domain, accelerator: x, "
          "accelerators: {0}, scale_up: {1}, nics: {{per_node: {0}, bandwidth: {{value: 1 Gbit/s, {2}}}, "
          "efficiency: {{value: 1, {2}}}}}}}, fabric: {{kind: clos, technology: none, tiers: [], latency: "
          "{{base: {{value: 0 us, {2}}}, hop: {{value: 0 us, {2}}}, point_to_point: {{value: 0 us, {2}}}}}}}}}",
          ranks / per, accelerator.scale_up.link_bandwidth ? "full-mesh" : "switched", figure),
      "a scale-up domain");
  if (!tree) return tl::unexpected(tree.error());
  *find_path(*tree, "node.accelerator") = chip.tree();
  return platforms::read_cluster(*tree);
}

Links links_of(const platforms::ScaleUpTiming& t) {
  const double a = t.phase.value.count();
  Links out{{a, t.sqrt_us.value, t.efficiency.value}, {a, t.sqrt_us.value, t.efficiency.value}};
  if (t.in_network_efficiency) out.switches.e = t.in_network_efficiency->value;
  if (t.in_network_sqrt_us) out.switches.c = t.in_network_sqrt_us->value;
  return out;
}
/// `switches`: the chip's switches reduce.
void put(platforms::ScaleUpTiming& t, const Links& k) {
  t.phase.value = Seconds(k.links.a);
  t.sqrt_us.value = k.links.c;
  t.efficiency.value = k.links.e;
  if (!t.in_network_efficiency) return;
  t.in_network_efficiency->value = k.switches.e;
  if (!t.in_network_sqrt_us) t.in_network_sqrt_us.emplace();
  t.in_network_sqrt_us->value = k.switches.c;
}

class LinkFit {
public:
  LinkFit(std::map<std::int64_t, Cluster> domains, const std::vector<MeasuredCollective>& measured, Links base)
      : domains_(std::move(domains)), base_(base) {
    for (const MeasuredCollective& m : measured)
      points_.push_back({m, false, 0, 0, 0});
  }

  /// Which algorithm runs depends on the constants, and they on it: until nothing moves.
  Result<void> run() {
    fitted_ = base_;
    for (int round = 0; round < 8; ++round) {
      auto moved = classify(fitted_);
      if (!moved) return tl::unexpected(moved.error());
      if (round > 0 && !*moved) break;
      auto next = fit(points_);
      if (!next) return tl::unexpected(next.error());
      fitted_ = *next;
    }
    return {};
  }

  /// Distinct sizes of those that go one way.
  [[nodiscard]] std::set<double> sizes(bool switches) const {
    std::set<double> out;
    for (const Point& p : points_)
      if (p.switches == switches) out.insert(p.measured.bytes);
    return out;
  }
  [[nodiscard]] bool enough(bool switches) const { return sizes(switches).size() >= 3; }
  [[nodiscard]] const Links& fitted() const { return fitted_; }

  /// Trained on every second size, tested on the others.
  [[nodiscard]] Fit report(bool switches) const {
    Fit out;
    out.what = switches ? "all-reduces in switches" : "scale-up links";
    std::vector<double> seen, unseen, by_base;
    std::vector<Point> train;
    std::set<double> tested, trained;
    for (const bool way : {false, true}) { // of each way of its own
      const std::set<double> all = sizes(way);
      for (const Point& p : points_) {
        if (p.switches != way) continue;
        const bool held = std::distance(all.begin(), all.find(p.measured.bytes)) % 2 != 0;
        if (!held) train.push_back(p);
        if (way == switches) (held ? tested : trained).insert(p.measured.bytes);
      }
    }
    const auto half = fit(train);
    const bool split = half && trained.size() >= 3 && !tested.empty();
    for (const Point& p : points_) {
      if (p.switches != switches) continue;
      ++out.points;
      seen.push_back(p.time(way(fitted_, switches)) / p.measured.seconds);
      if (!split || !tested.contains(p.measured.bytes)) continue;
      unseen.push_back(p.time(way(*half, switches)) / p.measured.seconds);
      by_base.push_back(p.time(way(base_, switches)) / p.measured.seconds);
    }
    out.seen = errors_of(seen);
    out.held_out = split ? "every second size" : "nothing: too few sizes";
    if (split) {
      out.unseen = errors_of(unseen);
      out.by_base = errors_of(by_base);
    }
    return out;
  }

private:
  static const LinkConstants& way(const Links& k, bool switches) { return switches ? k.switches : k.links; }

  /// Asks the simulator what runs and what that costs. Returns whether any point goes another way than before.
  Result<bool> classify(const Links& k) {
    bool moved = false;
    for (Point& p : points_) {
      Cluster& domain = domains_.at(p.measured.ranks);
      auto& timing = domain.accelerator.scale_up.timing;
      const sim::AskedCollective asked{p.measured.op, Bytes(p.measured.bytes)};
      put(timing, k);
      const sim::Algorithm algorithm = sim::chosen(asked, domain, p.measured.ranks);
      auto price = [&](double a, double c) -> Result<double> {
        put(timing, {{a, c, 1}, {a, c, 1}});
        auto form = sim::closed_form(domain, p.measured.ranks, asked, algorithm);
        if (!form) return fail({}, form.error());
        return sim::time_of(*form);
      };
      const auto line = price(0, 0), phase = price(1, 0), root = price(0, 1);
      for (const auto* one : {&line, &phase, &root})
        if (!*one) return tl::unexpected(one->error());
      const bool switches = algorithm == sim::Algorithm::in_network;
      moved = moved || switches != p.switches;
      p = {p.measured, switches, *phase - *line, *root - *line, *line};
    }
    return moved;
  }

  /// Least squares of relative errors. With q = c/√e and p = 1/e the form is linear; rings and direct links do not pass
  /// the line rate, so p − 1 ≥ 0 there. Switches may: they send what they reduced once to all.
  [[nodiscard]] Result<Links> fit(const std::vector<Point>& points) const {
    Links out = base_;
    std::vector<std::vector<double>> rows;
    std::vector<double> targets;
    if (enough(false)) {
      for (const Point& p : points) {
        const double t = p.measured.seconds;
        if (p.switches) continue;
        rows.push_back({p.phases / t, p.root / t, p.line / t});
        targets.push_back(1 - p.line / t);
      }
      const auto solved = non_negative_least_squares(rows, targets);
      if (solved.rank < 3) return alike();
      const double e = 1 / (1 + solved.x[2]);
      out.links = {solved.x[0], solved.x[1] * std::sqrt(e), e};
    }
    out.switches.a = out.links.a;
    if (!enough(true)) return out;
    rows.clear();
    targets.clear();
    for (const Point& p : points) {
      const double t = p.measured.seconds;
      if (!p.switches) continue;
      rows.push_back({p.root / t, p.line / t});
      targets.push_back(1 - out.links.a * p.phases / t);
    }
    const auto solved = non_negative_least_squares(rows, targets);
    if (solved.rank < 2 || solved.x[1] <= 0) return alike();
    const double e = 1 / solved.x[1];
    out.switches = {out.links.a, solved.x[0] * std::sqrt(e), e};
    return out;
  }
  static tl::unexpected<Error> alike() {
    return fail({},
                "the collectives' times do not tell latency, √ term and bandwidth apart: they hardly grow with size, "
                "or sizes are too alike");
  }

  std::map<std::int64_t, Cluster> domains_; ///< by ranks
  Links base_, fitted_;
  std::vector<Point> points_;
};

std::string operations(const std::vector<MeasuredCollective>& measured) {
  std::set<std::string> ops;
  std::set<std::int64_t> ranks;
  for (const MeasuredCollective& m : measured) {
    ops.insert(std::string(sim::op_name(m.op)));
    ranks.insert(m.ranks);
  }
  return fmt::format("{} among {} ranks", fmt::join(ops, ", "), fmt::join(ranks, ", "));
}

std::string note_of(const Fit& fit) {
  return fmt::format("{} points of 1 MiB and more; held out ({}){}", fit.points, fit.held_out,
                     fit.unseen ? ": " + printed(*fit.unseen) : std::string());
}

} // namespace

Result<void> fit_links(CalibratedChip& chip, const std::vector<MeasuredCollective>& all, const std::string& source,
                       Calibration& out) {
  std::vector<MeasuredCollective> measured;
  for (const MeasuredCollective& m : all)
    if (m.bytes >= least_collective_bytes) measured.push_back(m);
  if (measured.size() < all.size())
    out.notes.push_back(
        fmt::format("{} of {} collectives are smaller than 1 MiB and left out: other protocols run there",
                    all.size() - measured.size(), all.size()));
  if (measured.empty()) return fail({}, fmt::format("{}: no collective of 1 MiB or more", source));
  const auto accelerator = chip.accelerator();
  if (!accelerator) return tl::unexpected(accelerator.error());
  std::map<std::int64_t, Cluster> domains;
  for (const MeasuredCollective& m : measured) {
    if (domains.contains(m.ranks)) continue;
    auto domain = domain_of(chip, *accelerator, m.ranks);
    if (!domain) return tl::unexpected(domain.error());
    domains.emplace(m.ranks, std::move(*domain));
  }
  LinkFit fit(std::move(domains), measured, links_of(accelerator->scale_up.timing));
  if (auto ok = fit.run(); !ok) return ok;
  if (!fit.enough(false) && !fit.enough(true))
    return fail({}, fmt::format("{}: three constants need collectives of three sizes from 1 MiB on", source));
  out.notes.push_back(fmt::format("collectives: {}", operations(measured)));
  auto set = [&](const char* path, const std::string& value, const std::string& note) {
    chip.set({std::string("scale_up.timing.") + path, {}, value, Evidence::measured, source, note});
  };
  for (const bool switches : {false, true}) {
    const std::size_t sizes = fit.sizes(switches).size();
    if (sizes == 0) continue;
    const char* whose = switches ? "all-reduces in switches" : "rings and exchanges";
    if (!fit.enough(switches)) {
      out.notes.push_back(fmt::format("{}: only {} size{} of 1 MiB and more, so the base's figures stay", whose, sizes,
                                      sizes == 1 ? "" : "s"));
      continue;
    }
    const Fit report = fit.report(switches);
    const std::string note = note_of(report);
    const LinkConstants k = switches ? fit.fitted().switches : fit.fitted().links;
    if (!switches) set("phase", printed(1e6 * k.a) + " us", note);
    set(switches ? "in_network_efficiency" : "efficiency", printed(k.e), note);
    set(switches ? "in_network_sqrt_us" : "sqrt_us", printed(k.c), note);
    if (!switches && k.e >= 1) out.notes.emplace_back("links: the fit wants more than the line rate; it is held there");
    out.fits.push_back(report);
  }
  if (!fit.enough(false))
    out.notes.emplace_back(
        "the phase latency is the base's: rings and exchanges would tell it, and none were measured");
  return {};
}

Result<void> fit_links(CalibratedChip& chip, const CalibrationRequest& request, Calibration& out) {
  std::vector<MeasuredCollective> measured;
  for (const std::string& path : request.nccl_tests) {
    auto log = read_collective_log(path, request.one_domain);
    if (!log) return tl::unexpected(log.error());
    measured.insert(measured.end(), log->rows.begin(), log->rows.end());
    out.notes.insert(out.notes.end(), log->notes.begin(), log->notes.end());
  }
  return fit_links(chip, measured, fmt::format("{}", fmt::join(request.nccl_tests, ", ")), out);
}

} // namespace weft::analysis
