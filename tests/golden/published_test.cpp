// Does a change move what Weft predicts of published runs? A fixed subset, at least one run of every group and every
// stack that runs name. A prediction that moves by more than 1 % fails until its golden value moves in the same
// commit: `tests/golden/update.sh` rewrites published.csv.
#include "tests/support.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <sstream>

using namespace weft;

namespace {

/// Cells of a line whose fields hold no commas.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');)
    out.push_back(cell);
  return out;
}

} // namespace

TEST_CASE("predictions of published runs stay within 1 % of their golden values") {
  std::ifstream in(std::string(WEFT_SOURCE_DIR) + "/tests/golden/published.csv");
  std::map<std::string, double> golden;
  std::string line, ids;
  std::getline(in, line);
  CHECK(line == "id,predicted_s");
  while (std::getline(in, line)) {
    const auto row = cells(line);
    REQUIRE(row.size() == 2);
    golden[row[0]] = std::strtod(row[1].c_str(), nullptr);
    ids += (ids.empty() ? "" : ",") + row[0];
  }
  CHECK(golden.size() >= 50);
  const auto printed = test::command(fmt::format("{} validate --grade A,B,C --format csv --id {}", WEFT_BINARY, ids));
  CHECK(printed.code == 0);
  std::istringstream out(printed.out);
  std::getline(out, line);
  CHECK(line.rfind("id,group,grade,status,reason,measured_s,predicted_s", 0) == 0);
  std::size_t seen = 0;
  while (std::getline(out, line)) {
    const auto row = cells(line);
    REQUIRE(row.size() >= 7);
    REQUIRE(golden.count(row[0]) == 1);
    const double predicted = std::strtod(row[6].c_str(), nullptr), expected = golden[row[0]];
    CHECK_MESSAGE(test::relative(predicted, expected) <= 0.01,
                  fmt::format("{}: predicted {} s, golden value {} s", row[0], predicted, expected));
    ++seen;
  }
  CHECK(seen == golden.size());
}
