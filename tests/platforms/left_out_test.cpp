// Is what the catalog leaves out really left out, and does each entry say why?
#include "platforms/catalog.hpp"
#include "platforms/left_out.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <set>

using namespace weft;
using namespace weft::platforms;

namespace {

std::vector<LeftOut> all() {
  auto entries = left_out();
  if (!entries) FAIL(render(entries.error()));
  return std::move(*entries);
}
const char* folder(LeftOutKind kind) {
  return kind == LeftOutKind::accelerators ? "accelerators" : kind == LeftOutKind::nodes ? "nodes" : "clusters";
}

} // namespace

TEST_CASE("nothing is both in the catalog and left out of it") {
  std::set<std::string> seen;
  for (const LeftOut& e : all()) {
    CAPTURE(e.name);
    CHECK(seen.insert(e.name).second);
    const auto names = catalog_names(folder(e.kind));
    CHECK(std::binary_search(names.begin(), names.end(), e.name) == e.in_catalog);
    CHECK(e.missing.size() + (e.needs.empty() ? 0 : 1) > 0);
    for (const MissingFact& m : e.missing)
      CHECK(m.looked.size() > 5);
  }
}

TEST_CASE("the chips of the catalog that cannot be read are those listed, for the facts listed") {
  const auto entries = all();
  int lacking = 0;
  for (const auto& name : catalog_names("accelerators")) {
    CAPTURE(name);
    const auto listed =
        std::find_if(entries.begin(), entries.end(), [&](const LeftOut& e) { return e.in_catalog && e.name == name; });
    const auto read = read_accelerator(name, {});
    REQUIRE(bool(read) == (listed == entries.end()));
    if (read) continue;
    ++lacking;
    const Error& error = read.error();
    CHECK(error.message ==
          "`" + listed->missing[0].fact + "` of accelerator " + name + " is not known, so it cannot be simulated");
    CHECK(error.where.line > 0);
    const Value entry = *load_entry("accelerators", name, {});
    for (const MissingFact& m : listed->missing)
      CHECK_FALSE(find_path(entry, m.fact)); // not stated and unknown at once
  }
  CHECK(lacking >= 5);
}

TEST_CASE("a scenario may state what nobody published, as a bare value or with its source") {
  for (const char* bandwidth : {"100 GB/s", "{value: 100 GB/s, source: a guess, evidence: assumed}"}) {
    auto over = parse_document(std::string("{name: metax-c500, scale_up: {bandwidth: ") + bandwidth + "}}", "test");
    REQUIRE(over);
    auto entry = resolve_entry("accelerators", *over);
    REQUIRE(entry);
    CHECK(find_path(*entry, "scale_up.bandwidth.value")->scalar == "100 GB/s");
    CHECK(find_path(*entry, "scale_up.bandwidth.evidence")->scalar == "assumed");
  }
}
