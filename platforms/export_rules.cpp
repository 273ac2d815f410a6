#include "platforms/export_rules.hpp"

#include "platforms/catalog.hpp"
#include "platforms/readers.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft {

using platforms::ExportRule;
using platforms::RuleClause;
using platforms::RuleMetric;
using platforms::RuleTest;
using platforms::Verdict;

template <> struct EnumNames<RuleMetric> {
  static constexpr std::array<std::pair<std::string_view, RuleMetric>, 5> values{
      {{"tpp", RuleMetric::tpp},
       {"density", RuleMetric::density},
       {"interconnect", RuleMetric::interconnect},
       {"memory", RuleMetric::memory},
       {"memory+interconnect", RuleMetric::memory_and_interconnect}}};
};
template <> struct EnumNames<Verdict> {
  static constexpr std::array<std::pair<std::string_view, Verdict>, 3> values{
      {{"controlled", Verdict::controlled}, {"licence", Verdict::licence}, {"notifiable", Verdict::notifiable}}};
};

Result<void> read_value(const Value& value, RuleTest& out) {
  static const Fields<RuleTest> table{
      required("metric", &RuleTest::metric, "tpp, density, interconnect, memory or memory+interconnect"),
      required("at_least", &RuleTest::at_least, "TPP, TPP/mm² or GB/s",
               [](const Figure<double>& f) { return f.value > 0 ? std::string{} : "must be above 0"; })};
  return read_fields(value, table, out, "test");
}
Result<void> read_value(const Value& value, RuleClause& out) {
  static const Fields<RuleClause> table{required("name", &RuleClause::name, "as the rule numbers it"),
                                        required("verdict", &RuleClause::verdict, "controlled, licence or notifiable"),
                                        required("tests", &RuleClause::tests, "all of which must hold")};
  if (auto ok = read_fields(value, table, out, "clause"); !ok) return ok;
  if (out.tests.empty()) return fail(value.mark, fmt::format("clause {} tests nothing", out.name));
  return {};
}
Result<void> read_value(const Value& value, ExportRule& out) {
  static const Fields<ExportRule> table{
      required("name", &ExportRule::name, "short name"),
      required("title", &ExportRule::title, "one line"),
      required("effective", &ExportRule::effective, "date"),
      required("source", &ExportRule::source, "the regulation"),
      optional("note", &ExportRule::note, "what the tests leave out"),
      optional("on_top_of", &ExportRule::on_top_of, "a rule above it, whose clauses count too"),
      required("clauses", &ExportRule::clauses, "hardest first")};
  return read_fields(value, table, out, "export rule");
}

} // namespace weft

namespace weft::platforms {
namespace {

struct List {
  std::vector<ExportRule> rules;
};

} // namespace

Result<std::vector<ExportRule>> export_rules() {
  static const Fields<List> table{required("rules", &List::rules, "by date")};
  auto document = read_document(catalog_root() + "/platforms/export_rules.yaml");
  if (!document) return tl::unexpected(document.error());
  List list;
  if (auto ok = read_fields(*document, table, list, "export_rules.yaml"); !ok) return tl::unexpected(ok.error());
  for (std::size_t i = 0; i < list.rules.size(); ++i) {
    ExportRule& rule = list.rules[i];
    if (!rule.on_top_of.empty()) {
      const auto end = list.rules.begin() + std::ptrdiff_t(i);
      const auto below = std::find_if(list.rules.begin(), end, [&](const auto& r) { return r.name == rule.on_top_of; });
      const Value& at = document->find("rules")->items[i];
      if (below == end) return fail(at.mark, fmt::format("no rule `{}` stands above {}", rule.on_top_of, rule.name));
      rule.clauses.insert(rule.clauses.begin(), below->clauses.begin(), below->clauses.end());
    }
    // A clause of a softer verdict never hides a harder one.
    std::stable_sort(rule.clauses.begin(), rule.clauses.end(),
                     [](const RuleClause& a, const RuleClause& b) { return a.verdict < b.verdict; });
  }
  return std::move(list.rules);
}

} // namespace weft::platforms
