#include "analysis/calibrated_chip.hpp"

#include "platforms/readers.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace weft::analysis {
namespace {

std::string double_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (std::uint8_t(c) < 32) {
      out += fmt::format("\\x{:02x}", std::uint8_t(c));
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}
/// Plain where any reader takes it for the same text inside braces, too.
std::string scalar_text(const Value& value) {
  if (value.kind == Value::Kind::null) return "~";
  const bool plain =
      !value.quoted && !value.scalar.empty() && value.scalar.back() != ' ' &&
      std::all_of(value.scalar.begin(), value.scalar.end(),
                  [](unsigned char c) {
                    return std::isalnum(c) || c == ' ' || c == '.' || c == '-' || c == '+' || c == '/' || c == '_';
                  }) &&
      std::isalnum(std::uint8_t(value.scalar.front()));
  return plain ? value.scalar : double_quoted(value.scalar);
}
std::string flow(const Value& value) {
  std::string out;
  if (value.is_map()) {
    for (const Member& m : value.members)
      out += (out.empty() ? "" : ", ") + m.key + ": " + flow(m.value);
    return "{" + out + "}";
  }
  if (value.kind != Value::Kind::sequence) return scalar_text(value);
  for (const Value& item : value.items)
    out += (out.empty() ? "" : ", ") + flow(item);
  return "[" + out + "]";
}
bool is_figure(const Value& value) {
  return value.is_map() && value.find("value") && value.find("source");
}

Value text_value(std::string text, bool quoted) {
  Value out;
  out.kind = Value::Kind::scalar;
  out.scalar = std::move(text);
  out.quoted = quoted;
  return out;
}

Value figure_of(const std::string& value, const std::string& source, Evidence evidence, const std::string& note) {
  Value out;
  out.kind = Value::Kind::map;
  out.members = {{"value", {}, text_value(value, false)},
                 {"source", {}, text_value(source, true)},
                 {"evidence", {}, text_value(std::string(enum_name(evidence)), false)},
                 {"note", {}, text_value(note, true)}};
  return out;
}

/// The next name of a dotted path, which loses it.
std::string next(std::string& path) {
  const std::size_t dot = std::min(path.find('.'), path.size());
  std::string out = path.substr(0, dot);
  path.erase(0, std::min(dot + 1, path.size()));
  return out;
}
const Value* at_path(const Value& root, std::string path) {
  const Value* at = &root;
  while (at && !path.empty()) {
    const std::string key = next(path);
    if (at->kind == Value::Kind::sequence) {
      const auto i = std::size_t(std::stoul(key));
      at = i < at->items.size() ? &at->items[i] : nullptr;
    } else {
      at = at->find(key);
    }
  }
  return at;
}
/// Makes maps on the way.
Value& made_path(Value& root, std::string path) {
  Value* at = &root;
  while (!path.empty()) {
    const std::string key = next(path);
    if (at->kind == Value::Kind::sequence) {
      at = &at->items.at(std::stoul(key));
      continue;
    }
    at->kind = Value::Kind::map;
    if (!at->find(key)) at->members.push_back({key, at->mark, {}});
    at = at->find(key);
  }
  return *at;
}

/// Visits every figure with its path.
void each_figure(const Value& value, const std::string& path,
                 const std::function<void(const std::string&, const Value&)>& visit) {
  auto below = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  if (is_figure(value)) return visit(path, value);
  for (const Member& m : value.members)
    each_figure(m.value, below(m.key), visit);
  for (std::size_t i = 0; i < value.items.size(); ++i)
    each_figure(value.items[i], below(std::to_string(i)), visit);
}

/// The entry's text; `wanted` says which paths are written, a list whole or not at all.
class Writer {
public:
  explicit Writer(std::function<bool(const std::string& path)> wanted) : wanted_(std::move(wanted)) {}

  void map(const Value& value, const std::string& path, int depth, std::string& out) const {
    for (const Member& m : value.members) {
      const std::string here = path.empty() ? m.key : path + "." + m.key;
      if (!wanted_(here)) continue;
      out += std::string(std::size_t(depth) * 2, ' ') + m.key + ":";
      if (m.value.kind == Value::Kind::sequence && !m.value.items.empty() && m.value.items[0].is_map()) {
        out += "\n";
        for (const Value& item : m.value.items)
          list_item(item, depth + 1, out);
      } else if (m.value.is_map() && !is_figure(m.value)) {
        out += "\n";
        map(m.value, here, depth + 1, out);
      } else {
        out += " " + flow(m.value) + "\n";
      }
    }
  }

private:
  static void list_item(const Value& item, int depth, std::string& out) {
    const char* bullet = "- ";
    for (const Member& m : item.members) {
      out += std::string(std::size_t(depth) * 2, ' ') + bullet + m.key + ": " + flow(m.value) + "\n";
      bullet = "  ";
    }
  }
  std::function<bool(const std::string&)> wanted_;
};

} // namespace

CalibratedChip::CalibratedChip(Value tree, std::string name) : tree_(std::move(tree)) {
  made_path(tree_, "name") = text_value(std::move(name), false);
}

void CalibratedChip::set(FittedFigure figure) {
  const auto known =
      std::find_if(figures_.begin(), figures_.end(), [&](const FittedFigure& f) { return f.path == figure.path; });
  figure.before = known != figures_.end() ? known->before : value_at(figure.path);
  made_path(tree_, figure.path) = figure_of(figure.value, figure.source, figure.evidence, figure.note);
  if (known != figures_.end())
    *known = std::move(figure);
  else
    figures_.push_back(std::move(figure));
}

void CalibratedChip::set_runs(std::size_t count, const std::string& source) {
  const std::string before = value_at("measured_runs");
  made_path(tree_, "measured_runs") =
      figure_of(fmt::format("{}", count), source, count > 0 ? Evidence::measured : Evidence::derived,
                before + " stand behind the base's figures");
}

std::string CalibratedChip::value_at(const std::string& path) const {
  const Value* figure = at_path(tree_, path);
  const Value* value = figure ? figure->find("value") : nullptr;
  return value ? value->scalar : std::string();
}

const FittedFigure* CalibratedChip::fitted(const std::string& path) const {
  for (const FittedFigure& f : figures_)
    if (f.path == path) return &f;
  return nullptr;
}

Result<platforms::Accelerator> CalibratedChip::accelerator() const {
  return platforms::read_accelerator_value(tree_);
}

std::vector<FittedFigure> CalibratedChip::figures() const {
  std::vector<FittedFigure> out;
  each_figure(tree_, "", [&](const std::string& path, const Value&) {
    if (const FittedFigure* f = fitted(path)) out.push_back(*f);
  });
  return out;
}

std::string CalibratedChip::yaml(const std::string& base) const {
  std::string out;
  if (!base.empty()) out += "base: " + base + "\n";
  const Writer writer([&](const std::string& path) {
    return base.empty() || path == "name" || path == "measured_runs" ||
           std::any_of(figures_.begin(), figures_.end(),
                       [&](const FittedFigure& f) { return f.path == path || f.path.starts_with(path + "."); });
  });
  writer.map(tree_, "", 0, out);
  return out;
}

std::vector<std::pair<std::string, double>> kernel_efficiencies(const Value& chip) {
  std::vector<std::pair<std::string, double>> out;
  each_figure(chip, "", [&](const std::string& path, const Value& figure) {
    const bool matmul = path.starts_with("gemm.") || path.starts_with("gemm_families.");
    const bool kernel = matmul || path.starts_with("attention.");
    double value = 0;
    if (kernel && path.ends_with("efficiency") && read_value(*figure.find("value"), value))
      out.emplace_back(path, value);
  });
  return out;
}

Value with_kernels(const Value& chip, double factor) {
  Value out = chip;
  for (const auto& [path, value] : kernel_efficiencies(chip))
    made_path(out, path + ".value").scalar = fmt::format("{:.17g}", std::min(1.0, value * factor));
  return out;
}

std::string printed(double value) {
  return fmt::format("{:.6g}", value);
}
std::string printed(const FitErrors& e) {
  return fmt::format("mean {:.1f} %, p90 {:.1f} %, max {:.1f} %", 100 * e.mean, 100 * e.p90, 100 * e.max);
}

} // namespace weft::analysis
