#include "analysis/gemm_table.hpp"

#include "analysis/plain_text.hpp"
#include "platforms/base/document.hpp"
#include "platforms/base/precision_names.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

constexpr std::size_t table_limit = std::size_t{64} << 20;
constexpr double largest = 1e9; ///< of a matrix's side

struct Cell {
  std::string text;
  Mark at;
};

/// Rows of cells; empty lines are none.
class CsvReader {
public:
  explicit CsvReader(std::shared_ptr<const Source> source) : source_(std::move(source)), text_(source_->text) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }
  Result<std::vector<std::vector<Cell>>> read() {
    std::vector<std::vector<Cell>> rows;
    while (at_ < text_.size()) {
      std::vector<Cell> row;
      do {
        auto cell = read_cell();
        if (!cell) return tl::unexpected(cell.error());
        row.push_back(std::move(*cell));
      } while (take(','));
      end_line();
      if (row.size() > 1 || !row[0].text.empty()) rows.push_back(std::move(row));
    }
    return rows;
  }

private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_, ++column_;
    return true;
  }
  void end_line() {
    take('\r');
    take('\n');
    ++line_;
    column_ = 1;
  }
  [[nodiscard]] bool at_end() const {
    return at_ >= text_.size() || text_[at_] == ',' || text_[at_] == '\n' || text_[at_] == '\r';
  }
  Result<Cell> read_cell() {
    while (take(' ') || take('\t')) {
    }
    Cell cell{{}, {source_, line_, column_}};
    if (!take('"')) {
      while (!at_end())
        cell.text += text_[at_++], ++column_;
      while (!cell.text.empty() && (cell.text.back() == ' ' || cell.text.back() == '\t'))
        cell.text.pop_back();
      if (cell.text.find('"') != std::string::npos) return fail(cell.at, "a quote inside a cell that is not quoted");
      return cell;
    }
    for (;;) {
      if (at_ >= text_.size()) return fail(cell.at, "this quote never ends");
      const char c = text_[at_++];
      ++column_;
      if (c == '\n') ++line_, column_ = 1;
      if (c == '"' && !take('"')) break;
      cell.text += c;
    }
    while (take(' ') || take('\t')) {
    }
    if (!at_end()) return fail({source_, line_, column_}, "text behind a quoted cell");
    return cell;
  }

  std::shared_ptr<const Source> source_;
  const std::string& text_;
  std::size_t at_ = 0;
  int line_ = 1, column_ = 1;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

Result<double> positive(const Cell& cell, const char* what, bool whole) {
  const auto value = number_of(cell.text);
  if (!value) return fail(cell.at, fmt::format("{} `{}` is no number", what, cell.text));
  if (*value <= 0) return fail(cell.at, fmt::format("{} {} is not above zero", what, cell.text));
  if (whole && (*value != std::floor(*value) || *value > largest))
    return fail(cell.at, fmt::format("{} {} is no size of a matrix", what, cell.text));
  return *value;
}

Result<Precision> precision_of(const Cell& cell) {
  std::string name = lower(cell.text);
  for (const auto& [from, to] : {std::pair{"bfloat16", "bf16"},
                                 {"float16", "fp16"},
                                 {"half", "fp16"},
                                 {"float8", "fp8"},
                                 {"float32", "fp32"},
                                 {"", "bf16"}})
    if (name == from) name = to;
  Value value;
  value.kind = Value::Kind::scalar;
  value.scalar = name;
  value.mark = cell.at;
  Precision out{};
  if (auto ok = read_value(value, out); !ok) return tl::unexpected(ok.error());
  return out;
}

} // namespace

Result<GemmTable> read_gemm_table(const std::string& path) {
  auto source = read_text(path, table_limit);
  if (!source) return tl::unexpected(source.error());
  auto rows = CsvReader(*source).read();
  if (!rows) return tl::unexpected(rows.error());
  if (rows->empty()) return fail({*source, 0, 0}, "the file is empty");
  const auto& header = rows->front();
  constexpr std::array names{"m", "n", "k", "time_us", "dtype"};
  std::array<std::size_t, names.size()> column{};
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto is = [&](const Cell& c) { return lower(c.text) == names[i]; };
    const auto found = std::find_if(header.begin(), header.end(), is);
    column[i] = std::size_t(found - header.begin());
    if (found == header.end() && i < 4)
      return fail(header[0].at, fmt::format("the header lacks a column `{}`", names[i]),
                  "a table of matmuls has columns m, n, k, time_us and optionally dtype");
    if (found != header.end())
      if (const auto again = std::find_if(found + 1, header.end(), is); again != header.end())
        return fail(again->at, fmt::format("a second column `{}`", names[i]));
  }
  GemmTable out;
  for (std::size_t r = 1; r < rows->size(); ++r) {
    const auto& row = (*rows)[r];
    if (row.size() != header.size())
      return fail(row[0].at, fmt::format("a row of {} cells below a header of {}", row.size(), header.size()));
    std::array<double, 4> values{};
    for (std::size_t i = 0; i < 4; ++i) {
      const auto value = positive(row[column[i]], names[i], i < 3);
      if (!value) return tl::unexpected(value.error());
      values[i] = *value;
    }
    Precision precision = Precision::bf16;
    if (column[4] < header.size()) {
      const auto said = precision_of(row[column[4]]);
      if (!said) return tl::unexpected(said.error());
      precision = *said;
    }
    out.rows[precision].push_back({values[0], values[1], values[2], values[3] * 1e-6});
    out.first.try_emplace(precision, row[column[4] < header.size() ? column[4] : 0].at);
  }
  if (out.rows.empty()) return fail(header[0].at, "a header without rows");
  return out;
}

} // namespace weft::analysis
