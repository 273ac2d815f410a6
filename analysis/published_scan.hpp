#pragma once
// What a published run leaves open and what is tried instead. Used by the files that turn a run into scenarios.

#include "analysis/published_row.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weft::analysis {

using Choices = std::map<std::string, std::string>; ///< field → the value tried

/// A whole number; 0 where the text is none.
std::int64_t number(const std::string& text);

/// What a field may be: what the run says, or all that the scan tries.
class Scan {
public:
  explicit Scan(const Value& unknown) : scan_(*unknown.find("scan")) {}
  std::vector<std::pair<std::string, std::vector<std::string>>> fields;

  void field(const char* name, const std::string& known, const char* list = nullptr) {
    fields.push_back({name, known.empty() ? values(list ? list : name) : std::vector<std::string>{known}});
  }
  /// Frameworks deal layers, or layers and both ends, evenly to chunks: where a scanned value does that, only such.
  void keep_divisors(const std::string& name, std::int64_t layers, std::int64_t pp) {
    for (auto& [field, values] : fields) {
      if (field != name || values.size() < 2 || layers == 0 || pp < 2) continue;
      std::vector<std::string> even;
      for (const std::string& value : values)
        if (const std::int64_t chunks = pp * number(value); layers % chunks == 0 || (layers + 2) % chunks == 0)
          even.push_back(value);
      if (!even.empty()) values = even;
    }
  }
  [[nodiscard]] std::string first(const std::string& name) const {
    for (const auto& [field, values] : fields)
      if (field == name) return values.front();
    return {};
  }
  [[nodiscard]] std::vector<std::string> values(const char* list) const {
    std::vector<std::string> out;
    for (const Value& v : scan_.find(list)->items)
      out.push_back(v.scalar);
    return out;
  }

private:
  const Value& scan_;
};

/// The catalog's model of the same name, letters and digits compared ("LLaMA2-7B" is llama2-7b); empty: none.
std::string catalog_model(const Row& row);
/// False: the run states no shape and the catalog has its model.
bool shape_stated(const Row& row);
/// Sequences per step, stated or from tokens per step; 0 = unknown.
std::int64_t stated_batch(Row& row);
/// Every field of a scenario that a run may leave open.
Scan scan_of(Row& row, const Value& unknown_fields);
/// False for a combination that only repeats another one; fills in what follows from the rest.
bool consistent(const Row& row, const Scan& scan, Choices& choices);

} // namespace weft::analysis
