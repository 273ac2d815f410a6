#include "analysis/collective.hpp"
#include "analysis/evidence.hpp"
#include "analysis/json.hpp"
#include "analysis/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weft::analysis {
namespace {

using Json = nlohmann::ordered_json;
constexpr double giga = 1e9;

std::string time_text(double s) {
  return s >= 1      ? fmt::format("{:.3f} s", s)
         : s >= 1e-3 ? fmt::format("{:.3f} ms", 1e3 * s)
                     : fmt::format("{:.2f} us", 1e6 * s);
}
std::string group_of(const CollectiveReport& r, std::size_t i) {
  return std::string(sim::group_names[std::size_t(r.asked[i].group)]);
}

void add_closed_form(const std::vector<sim::ClosedForm>& phases, Json& out) {
  out["closed_form_s"] = sim::time_of(phases);
  out["closed_form"] = Json::array();
  for (const auto& form : phases) {
    Json terms = Json::array();
    for (const auto& t : form.terms)
      terms.push_back(
          {{"link", t.link}, {"bytes", t.bytes}, {"bytes_per_s", t.bytes_per_second}, {"seconds", t.seconds()}});
    out["closed_form"].push_back({{"formula", form.formula}, {"latency_s", form.latency}, {"terms", std::move(terms)}});
  }
}

Json collective_row(const CollectiveReport& r, std::size_t i) {
  const auto& c = r.run.collectives[i];
  Json out{{"op", sim::op_name(r.asked[i].op)},
           {"group", group_of(r, i)},
           {"size_bytes", r.asked[i].size.count()},
           {"ranks", c.span.ranks},
           {"domains", c.span.domains},
           {"time_s", c.time},
           {"algorithm", sim::algorithm_name(c.algorithm)},
           {"busbw", c.busbw / giga},
           {"algbw", c.algbw / giga}};
  if (!r.closed_forms.empty()) add_closed_form(r.closed_forms[i], out);
  return out;
}

} // namespace

std::string collective_json(const CollectiveReport& r) {
  const bool one = r.asked.size() == 1;
  Json out{{"time_s", r.run.time}};
  if (one) {
    const auto& c = r.run.collectives[0];
    out["algorithm"] = sim::algorithm_name(c.algorithm);
    out["busbw"] = c.busbw / giga;
    out["algbw"] = c.algbw / giga;
  }
  out["activities"] = r.run.activities;
  if (one && !r.closed_forms.empty()) add_closed_form(r.closed_forms[0], out);
  out["cluster"] = r.cluster.name;
  out["ranks"] = r.ranks;
  Json rows = Json::array(), links = Json::array();
  for (std::size_t i = 0; i < r.asked.size(); ++i)
    rows.push_back(collective_row(r, i));
  for (const auto& l : r.run.links)
    links.push_back({{"link", l.link}, {"links", l.links}, {"bytes", l.bytes}});
  out["collectives"] = std::move(rows);
  out["links"] = std::move(links);
  out["classes"] = {{"rank_classes", r.run.rank_classes},
                    {"group_classes", r.run.group_classes},
                    {"link_classes", r.run.link_classes}};
  out["evidence"] = Json::parse(evidence_json(interconnect_evidence(r.cluster)));
  out["version"] = WEFT_VERSION;
  return out.dump(2) + "\n";
}

std::string collective_csv(const CollectiveReport& r) {
  const bool form = !r.closed_forms.empty();
  std::string out = "op,group,size_bytes,ranks,domains,algorithm,time_s,algbw,busbw";
  out += form ? ",closed_form_s\n" : "\n";
  for (std::size_t i = 0; i < r.asked.size(); ++i) {
    const auto& c = r.run.collectives[i];
    out += fmt::format("{},{},{},{},{},{},{},{},{}", sim::op_name(r.asked[i].op), group_of(r, i),
                       r.asked[i].size.count(), c.span.ranks, c.span.domains, sim::algorithm_name(c.algorithm), c.time,
                       c.algbw / giga, c.busbw / giga);
    out += form ? fmt::format(",{}\n", sim::time_of(r.closed_forms[i])) : "\n";
  }
  return out;
}

std::string collective_text(const CollectiveReport& r) {
  std::string out = fmt::format("{} ranks of {} ({})\n\n", r.ranks, r.cluster.name, r.cluster.chip_names());
  std::vector<std::vector<std::string>> rows{{"", "ranks", "size", "algorithm", "time", "algbw GB/s", "busbw GB/s"}};
  if (!r.closed_forms.empty()) rows[0].emplace_back("closed form");
  for (std::size_t i = 0; i < r.asked.size(); ++i) {
    const auto& c = r.run.collectives[i];
    rows.push_back({fmt::format("{}@{}", sim::op_name(r.asked[i].op), group_of(r, i)), fmt::format("{}", c.span.ranks),
                    print_quantity(r.asked[i].size), std::string(sim::algorithm_name(c.algorithm)), time_text(c.time),
                    fmt::format("{:.1f}", c.algbw / giga), fmt::format("{:.1f}", c.busbw / giga)});
    if (!r.closed_forms.empty()) rows.back().push_back(time_text(sim::time_of(r.closed_forms[i])));
  }
  out += format_table(rows);
  for (const auto& phases : r.closed_forms)
    for (const auto& form : phases) {
      out += fmt::format("\n{}\n", form.formula);
      std::vector<std::vector<std::string>> terms{{"latency", time_text(form.latency), "", ""}};
      for (const auto& t : form.terms)
        terms.push_back({t.link, time_text(t.seconds()), fmt::format("{:.6g} MB", 1e-6 * t.bytes),
                         fmt::format("{:.1f} GB/s", t.bytes_per_second / giga)});
      out += format_table(terms);
    }
  std::vector<std::vector<std::string>> links{{"link", "links", "bytes"}};
  for (const auto& l : r.run.links)
    if (l.bytes > 0) links.push_back({l.link, fmt::format("{}", l.links), fmt::format("{:.6g} GB", l.bytes / giga)});
  out += "\n" + format_table(links);
  return out + fmt::format("\n{} activities, {} classes of ranks, {} of links\n", r.run.activities, r.run.rank_classes,
                           r.run.link_classes);
}

} // namespace weft::analysis
