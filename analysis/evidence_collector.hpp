#pragma once
// Figures become lines of evidence.

#include "analysis/evidence.hpp"
#include "platforms/base/fields.hpp"

#include <fmt/format.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft::analysis {

class EvidenceCollector {
public:
  template <class T> void add(std::string name, const Figure<T>& f) {
    lines.push_back({std::move(name), show(f.value), f.low ? show(*f.low) : "", f.high ? show(*f.high) : "",
                     std::string(enum_name(f.evidence)), f.source, f.note});
  }
  template <class T> void add(std::string name, const std::optional<Figure<T>>& f) {
    if (f) add(std::move(name), *f);
  }
  std::vector<EvidenceLine> lines;

private:
  static std::string show(double v) { return fmt::format("{}", v); }
  static std::string show(std::int64_t v) { return fmt::format("{}", v); }
  template <class Tag> static std::string show(Quantity<Tag> q) { return print_quantity(q); }
};

} // namespace weft::analysis
