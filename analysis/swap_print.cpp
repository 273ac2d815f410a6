// A swap as text, JSON and CSV (declared in swap.hpp).
#include "analysis/json.hpp"
#include "analysis/percent.hpp"
#include "analysis/swap.hpp"
#include "analysis/table.hpp"
#include "workloads/plan_names.hpp"

#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

std::string step(double seconds) {
  return seconds >= 1 ? fmt::format("{:.3f} s", seconds) : fmt::format("{:.1f} ms", 1e3 * seconds);
}
std::string change(double seconds, double of) {
  return of >= 1 ? fmt::format("{:+.3f} s", seconds + 0.0) : fmt::format("{:+.1f} ms", 1e3 * seconds + 0.0);
}
/// A side's longer step decides the unit.
double scale(const Swap& s) {
  return std::max(s.corners[0].head.step_s, s.corners[1].head.step_s);
}
const char* side(SwapSet set, SwapPart part) {
  return (set & bit(part)) != 0 ? "B" : "A";
}

/// The two kinds of achieved efficiency together.
SwapShare achieved(const Swap& s) {
  SwapShare out = s.parts[std::size_t(SwapPart::kernels)];
  const SwapShare& other = s.parts[std::size_t(SwapPart::line_rate)];
  out.seconds += other.seconds;
  out.factor *= other.factor;
  out.per_accelerator *= other.per_accelerator;
  return out;
}

Rows part_rows(const Swap& s) {
  Rows rows{{"WHAT THE GAP IS MADE OF", "step time", "of the gap", "step ×", "tokens/s/accelerator ×"}};
  auto add = [&](const std::string& name, const SwapShare& part) {
    const auto share = s.share_of_gap(part);
    rows.push_back({"  " + name, change(part.seconds, scale(s)), share ? percent(*share + 0.0) : "-",
                    fmt::format("{:.3f}", part.factor), fmt::format("{:.3f}", part.per_accelerator)});
  };
  for (std::size_t p = 0; p < swap_part_count; ++p)
    add(std::string(swap_part_names[p]), s.parts[p]);
  const Headline &a = s.corners[0].head, &b = s.corners[1].head;
  rows.push_back({"all of it", change(s.gap_s(), scale(s)), s.gap_s() == 0 ? "-" : "100.0 %",
                  fmt::format("{:.3f}", s.ratio()),
                  fmt::format("{:.3f}", b.tokens_per_s_per_accelerator / a.tokens_per_s_per_accelerator)});
  rows.push_back({""});
  add("kernels and line rate together", achieved(s));
  return rows;
}

Rows corner_rows(const Swap& s) {
  const Headline &a = s.corners[0].head, &b = s.corners[1].head;
  bool packages = false, fits = true;
  for (const SwapCorner& c : s.corners) {
    packages = packages || c.head.accelerators != a.accelerators;
    fits = fits && c.head.fits();
  }
  auto row = [&](std::vector<std::string> cells, const std::string& accelerators, const std::string& recomputes,
                 const std::string& fitting) {
    if (packages) cells.push_back(accelerators);
    if (s.recompute_follows) cells.push_back(recomputes);
    if (!fits) cells.push_back(fitting);
    return cells;
  };
  Rows rows{row({"WHOSE CHIP ON WHOSE NETWORK", "step time", "vs A", "vs B", "tokens/s/acc.", "MFU", "tax"},
                "accelerators", "recomputes", "fits")};
  const std::array<const char*, 4> tags{"A   ", "B   ", "A/B ", "B/A "};
  for (std::size_t i = 0; i < s.corners.size(); ++i) {
    const Headline& h = s.corners[i].head;
    rows.push_back(row({"  " + std::string(tags[i]) + s.corners[i].name, step(h.step_s),
                        signed_percent(h.step_s / a.step_s - 1), signed_percent(h.step_s / b.step_s - 1),
                        fmt::format("{:.1f}", h.tokens_per_s_per_accelerator), percent(h.mfu_causal), percent(h.tax())},
                       fmt::format("{}", h.accelerators), std::string(enum_name(h.recompute)),
                       h.fits() ? "yes" : "NO"));
  }
  return rows;
}

/// The sentences to quote: what makes the gap; each chip on the other's network.
std::string quotable(const Swap& s) {
  std::size_t most = 0;
  for (std::size_t p = 1; p < swap_part_count; ++p)
    if (std::abs(s.parts[p].seconds) > std::abs(s.parts[most].seconds)) most = p;
  const SwapCorner &a = s.corners[0], &b = s.corners[1], &a_on_b = s.corners[2], &b_on_a = s.corners[3];
  if (s.gap_s() == 0 && s.parts[most].seconds == 0) return fmt::format("{} and {} take the same step.", a.name, b.name);
  std::string out =
      fmt::format("{} takes {:.2f} times the step of {}. Of the {} between them {} makes {}.", b.name, s.ratio(),
                  a.name, change(s.gap_s(), scale(s)), swap_part_names[most], change(s.parts[most].seconds, scale(s)));
  auto elsewhere = [&](const SwapCorner& there, const SwapCorner& here) {
    const double longer = there.head.step_s / here.head.step_s - 1;
    return fmt::format(" {} would take {} ({} of its own step; tax {} instead of {}).", there.name,
                       step(there.head.step_s), signed_percent(longer), percent(there.head.tax()),
                       percent(here.head.tax()));
  };
  return out + elsewhere(b_on_a, b) + elsewhere(a_on_b, a);
}

Json corner_json(const SwapCorner& c) {
  Json from = Json::object();
  for (std::size_t p = 0; p < swap_part_count; ++p)
    from[std::string(swap_part_names[p])] = side(c.from_second, SwapPart(p));
  const Headline& h = c.head;
  return {{"name", c.name},
          {"from", std::move(from)},
          {"step_time_s", h.step_s},
          {"accelerators", h.accelerators},
          {"tokens_per_s_per_accelerator", h.tokens_per_s_per_accelerator},
          {"mfu", h.mfu_causal},
          {"tax", h.tax()},
          {"recompute", enum_name(h.recompute)},
          {"fits", h.fits()}};
}

Json share_json(const Swap& s, const std::string& name, const SwapShare& part) {
  const auto share = s.share_of_gap(part);
  return {{"part", name},
          {"seconds", part.seconds},
          {"share_of_gap", share ? Json(*share) : Json(nullptr)},
          {"factor", part.factor},
          {"factor_per_accelerator", part.per_accelerator}};
}

} // namespace

std::string swap_text(const Swap& s) {
  std::string out = fmt::format("A  {}\nB  {}\n\n", s.first, s.second);
  out += format_table(part_rows(s)) + "\n" + format_table(corner_rows(s)) + "\n" + wrap(quotable(s), 0);
  if (s.recompute_follows)
    out += wrap("A plan says `recompute: auto`: every combination recomputes what its memory asks for, so the cost of "
                "less memory belongs to compute and HBM.",
                0);
  if (s.corners[0].head.accelerators != s.corners[1].head.accelerators)
    out += wrap("The ranks are as many everywhere, the packages are not: ports and cards come with a package, so what "
                "ranks of one package share is part of compute and HBM.",
                0);
  return out + wrap("A: " + s.first_evidence, 0) + wrap("B: " + s.second_evidence, 0);
}

std::string swap_json(const Swap& s, const std::vector<Summary>& runs) {
  Json parts = Json::array(), corners = Json::array();
  for (std::size_t p = 0; p < swap_part_count; ++p) {
    parts.push_back(share_json(s, std::string(swap_part_names[p]), s.parts[p]));
    parts.back()["first_s"] = s.parts[p].first_s;
    parts.back()["last_s"] = s.parts[p].last_s;
  }
  for (const SwapCorner& c : s.corners)
    corners.push_back(corner_json(c));
  Json both = Json::parse(compare_json(runs));
  Json out{{"scenarios", std::move(both["scenarios"])},
           {"swap",
            {{"a", s.first},
             {"b", s.second},
             {"parts", std::move(parts)},
             {"achieved_efficiencies", share_json(s, "kernels and line rate together", achieved(s))},
             {"corners", std::move(corners)},
             {"excess_tax",
              {{"seconds", s.excess_s()},
               {"share", s.excess_s() / s.corners[1].head.step_s},
               {"about", "the step of b, less that of b's chip on a's network"}}},
             {"gap_s", s.gap_s()},
             {"ratio", s.ratio()},
             {"recompute_follows_memory", s.recompute_follows},
             {"method", "Shapley values over all combinations of parts; factors: of the step's logarithm"},
             {"runs", s.runs}}},
           {"version", WEFT_VERSION}};
  return out.dump(2) + "\n";
}

std::string swap_csv(const Swap& s) {
  std::string out = "kind,name,step_time_s,share_of_gap,factor,factor_per_accelerator,tokens_per_s_per_accelerator,mfu,"
                    "tax\n";
  for (std::size_t p = 0; p < swap_part_count; ++p) {
    const auto share = s.share_of_gap(s.parts[p]);
    out += fmt::format("part,{},{},{},{},{},,,\n", swap_part_names[p], s.parts[p].seconds,
                       share ? fmt::format("{}", *share) : "", s.parts[p].factor, s.parts[p].per_accelerator);
  }
  for (const SwapCorner& c : s.corners)
    out += fmt::format("corner,{},{},,{},,{},{},{}\n", csv_field(c.name), c.head.step_s,
                       c.head.step_s / s.corners[0].head.step_s, c.head.tokens_per_s_per_accelerator, c.head.mfu_causal,
                       c.head.tax());
  return out;
}

} // namespace weft::analysis
