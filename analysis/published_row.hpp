#pragma once
// The fields of one published run. Used by the files that turn it into scenarios.

#include "analysis/published.hpp"
#include "platforms/base/fields.hpp"

#include <fmt/format.h>

namespace weft::analysis {

/// A run's fields. The first thing that is wrong or missing is kept; reading goes on with zeros.
class Row {
public:
  explicit Row(const PublishedRun& run) : run_(run) {}

  [[nodiscard]] const Value* find(const char* section, const char* key) const {
    const Value* value = run_.row.find(section)->find(key);
    if (!value || value->kind == Value::Kind::null) return nullptr;
    return value->kind == Value::Kind::scalar && value->scalar == "unknown" ? nullptr : value;
  }
  std::optional<std::int64_t> integer(const char* section, const char* key) {
    const Value* value = find(section, key);
    if (!value) return std::nullopt;
    std::int64_t out = 0;
    if (auto ok = read_value(*value, out); !ok) note(ok.error());
    return out;
  }
  std::int64_t needed(const char* section, const char* key) {
    const auto out = integer(section, key);
    if (!out) note(Error{fmt::format("{}.{} is unknown", section, key), run_.row.find(section)->mark, {}});
    return out.value_or(0);
  }
  [[nodiscard]] std::string word(const char* section, const char* key) const {
    const Value* value = find(section, key);
    return value && value->kind == Value::Kind::scalar ? value->scalar : std::string();
  }
  [[nodiscard]] bool yes(const char* section, const char* key) const {
    const std::string text = word(section, key);
    return text == "true" || text == "True";
  }
  [[nodiscard]] bool no(const char* section, const char* key) const {
    const std::string text = word(section, key);
    return text == "false" || text == "False";
  }
  /// The key is there, whatever it says: `null` and `unknown` are scanned, a missing key is not.
  [[nodiscard]] bool mentions(const char* section, const char* key) const {
    return run_.row.find(section)->find(key) != nullptr;
  }
  /// `parallel.<key>: true`, or the same as a word between hyphens in the run's id: sources put settings into the
  /// names of their configurations.
  [[nodiscard]] bool flag(const char* key, const std::string& word_in_id) const {
    if (find("parallel", key)) return yes("parallel", key);
    return ("-" + run_.id + "-").find("-" + word_in_id + "-") != std::string::npos;
  }
  void note(Error error) {
    if (!error_) error_ = std::move(error);
  }
  void wrong(const char* section, std::string message) {
    note(Error{std::move(message), run_.row.find(section)->mark, {}});
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] const PublishedRun& run() const { return run_; }

private:
  const PublishedRun& run_;
  std::optional<Error> error_;
};

/// A YAML string.
std::string quoted(const std::string& text);
/// The run's system as an inline cluster for a scenario.
/// `chips`: as many as the plan fills.
std::string cluster_text(Row& row, const Value& unknown_fields, std::int64_t chips);

} // namespace weft::analysis
