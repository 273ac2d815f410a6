// Does every figure of the catalog say where it stands, inside its own range, dense and one way?
#include "platforms/catalog.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <functional>
#include <regex>

using namespace weft;
using namespace weft::platforms;

namespace {

struct Number {
  double value = 0;
  std::string unit;
};
/// "312 TFLOP/s" without knowing its dimension: figures of one map share their unit.
Number number(const Value& v) {
  std::size_t used = 0;
  const double value = std::stod(v.scalar, &used);
  return {value, v.scalar.substr(used)};
}

void for_each_figure(const Value& value, const std::string& path,
                     const std::function<void(const std::string&, const Value&)>& visit) {
  if (value.find("value") || value.find("source")) return visit(path, value);
  for (const Member& member : value.members)
    for_each_figure(member.value, path + "." + member.key, visit);
  for (const Value& item : value.items)
    for_each_figure(item, path + "[]", visit);
}

std::string text_of(const Value& figure, const char* key) {
  const Value* v = figure.find(key);
  return v ? v->scalar : std::string();
}

double peak(const Value& chip, const std::string& precision) {
  const Value* figure = find_path(chip, "peak." + precision + ".value");
  return figure ? number(*figure).value : 0; // all in TFLOP/s
}

} // namespace

TEST_CASE("every figure has a source, an evidence class and a range that holds it") {
  int count = 0;
  for (const char* kind : {"accelerators", "nodes", "clusters"})
    for (const auto& name : catalog_names(kind)) {
      auto entry = load_entry(kind, name, {});
      REQUIRE(entry);
      for_each_figure(*entry, name, [&](const std::string& path, const Value& figure) {
        CAPTURE(path);
        ++count;
        REQUIRE(figure.find("value"));
        CHECK(text_of(figure, "source").size() >= 5);
        CHECK(figure.find("evidence"));
        const Number at = number(*figure.find("value"));
        for (const char* bound : {"low", "high"})
          if (const Value* v = figure.find(bound)) {
            const Number limit = number(*v);
            CHECK(limit.unit == at.unit);
            CHECK((bound[0] == 'l' ? limit.value <= at.value : limit.value >= at.value));
          }
      });
    }
  CHECK(count > 2000);
}

TEST_CASE("what is borrowed from another chip is assumed, and what a kernel reaches then has a range") {
  for (const auto& name : catalog_names("accelerators")) {
    auto entry = load_entry("accelerators", name, {});
    REQUIRE(entry);
    for_each_figure(*entry, name, [&](const std::string& path, const Value& figure) {
      if (!text_of(figure, "source").starts_with("borrowed")) return;
      CAPTURE(path);
      CHECK(text_of(figure, "evidence") == "assumed");
      if (!path.ends_with("efficiency")) return;
      CHECK(figure.find("low"));
      CHECK(figure.find("high"));
    });
  }
}

TEST_CASE("where a source prints both directions together, half of it is stored") {
  const std::regex printed(R"(([0-9.]+) ([GT])B/s(, read as)? both (directions|ways))");
  int count = 0;
  for (const auto& name : catalog_names("accelerators")) {
    auto entry = load_entry("accelerators", name, {});
    REQUIRE(entry);
    for_each_figure(*entry->find("scale_up"), name, [&](const std::string& path, const Value& figure) {
      const std::string text = text_of(figure, "source") + "; " + text_of(figure, "note");
      for (std::sregex_iterator it(text.begin(), text.end(), printed), end; it != end; ++it) {
        CAPTURE(path);
        CAPTURE(it->str());
        ++count;
        const double half = std::stod((*it)[1]) * ((*it)[2] == "T" ? 1000 : 1) / 2;
        bool stored = false;
        for (const char* key : {"value", "low", "high"})
          if (const Value* v = figure.find(key)) stored = stored || std::abs(number(*v).value - half) < 1e-6 * half;
        CHECK(stored);
      }
    });
  }
  CHECK(count >= 10);
}

TEST_CASE("FLOP/s are dense: peaks of neighbouring precisions stand in the ratio their units have") {
  for (const auto& name : catalog_names("accelerators")) {
    CAPTURE(name);
    auto entry = load_entry("accelerators", name, {});
    REQUIRE(entry);
    const double p16 = std::max(peak(*entry, "bf16"), peak(*entry, "fp16"));
    REQUIRE(p16 > 0);
    // Gaudi 3's matrix engine multiplies 16 and 8 bits at one rate; tf32 at about a quarter of it.
    if (const double tf32 = peak(*entry, "tf32"); tf32 > 0 && name != "gaudi3") CHECK(p16 <= 2.05 * tf32);
    // Rubin's engine is built for few bits: 4.4 times its 16-bit rate at fp8, announced so.
    if (const double fp8 = peak(*entry, "fp8"); fp8 > 0) {
      CHECK(fp8 >= 0.99 * p16);
      CHECK(fp8 <= (name == "rubin" ? 4.4 : 2.05) * p16);
    }
    if (const double fp4 = peak(*entry, "fp4"); fp4 > 0)
      CHECK(fp4 <= (name.find("300") != std::string::npos ? 3.4 : 2.05) * peak(*entry, "fp8"));
  }
  // What vendors print with sparsity.
  CHECK(peak(*load_entry("accelerators", "h100-sxm", {}), "bf16") < 1979);
  CHECK(peak(*load_entry("accelerators", "b200-sxm", {}), "bf16") < 4500);
  CHECK(peak(*load_entry("accelerators", "mi325x", {}), "bf16") < 2614);
  CHECK(peak(*load_entry("accelerators", "trainium2", {}), "fp8") < 2563);
}
