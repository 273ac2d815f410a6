#include "analysis/uncertain.hpp"

#include "analysis/used_figures.hpp"
#include "platforms/base/fields.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

namespace weft::analysis {
namespace {

using platforms::Accelerator;
using platforms::Cluster;
using platforms::Node;

std::string show(double v) {
  return fmt::format("{}", v);
}
template <class Tag> std::string show(Quantity<Tag> q) {
  return print_quantity(q);
}
double number(double v) {
  return v;
}
template <class Tag> double number(Quantity<Tag> q) {
  return q.count();
}

template <class T> bool bounded(const Figure<T>& f) {
  return (f.low && number(*f.low) != number(f.value)) || (f.high && number(*f.high) != number(f.value));
}
/// Bounds as shares of the value, so that precisions of one disputed peak have the same key.
template <class T> std::string key_of(const FigureName& name, const Figure<T>& f) {
  const double value = number(f.value);
  auto share = [&](const std::optional<T>& bound) { return bound ? number(*bound) : value; };
  const double per = name.path == "peak" ? value : 1;
  return fmt::format("{}|{}|{}|{:.9g}|{:.9g}|{:.9g}", name.owner, name.path, f.source, share(f.low) / per, value / per,
                     share(f.high) / per);
}
template <class T> T at(const Figure<T>& f, double probability) {
  const T low = f.low.value_or(f.value), high = f.high.value_or(f.value);
  return probability < 0.5 ? low + (f.value - low) * (2 * probability)
                           : f.value + (high - f.value) * (2 * probability - 1);
}

template <class Visit> void each_chip(Case& c, Visit visit) {
  visit(c.cluster.accelerator, c.cluster.node);
  for (platforms::Part& part : c.cluster.parts)
    visit(part.accelerator, part.node);
}

// What makes times of one kind `factor` times as long.
void slow_matmuls(Accelerator& a, double factor) {
  auto slow = [factor](platforms::GemmTiming& gemm) {
    gemm.efficiency.value /= factor;
    if (gemm.weight_gradient_efficiency) gemm.weight_gradient_efficiency->value /= factor;
    gemm.launch.value = gemm.launch.value * factor;
  };
  for (auto& [precision, gemm] : a.gemm)
    slow(gemm);
  for (auto& [family, rows] : a.gemm_families)
    for (auto& [precision, gemm] : rows)
      slow(gemm);
}
void slow_attention(Accelerator& a, double factor) {
  for (auto& [family, rows] : a.attention)
    for (auto& row : rows) {
      row.efficiency.value /= factor;
      if (row.misaligned_efficiency) row.misaligned_efficiency->value /= factor;
      row.launch.value = row.launch.value * factor;
    }
}
void slow_memory(Accelerator& a, double factor) {
  a.streaming_efficiency.value /= factor;
  a.elementwise_efficiency.value /= factor;
}
/// a·phases + c·√y + y with y = bytes/rate: all of it becomes `factor` times as long. No wire moves more than its line.
void slow_scale_up(Accelerator& a, double factor) {
  auto& timing = a.scale_up.timing;
  timing.efficiency.value = std::min(1.0, timing.efficiency.value / factor);
  if (timing.in_network_efficiency) timing.in_network_efficiency->value /= factor;
  timing.sqrt_us.value *= std::sqrt(factor);
  if (timing.in_network_sqrt_us) timing.in_network_sqrt_us->value *= std::sqrt(factor);
  for (auto* time : {&timing.phase, &timing.hop, &timing.point_to_point})
    time->value = time->value * factor;
}
void slow_fabric(Case& c, double factor) {
  each_chip(c, [&](Accelerator&, Node& node) {
    node.nics.efficiency.value = std::min(1.0, node.nics.efficiency.value / factor);
    if (auto& exchange = node.nics.all_to_all_efficiency) exchange->value = std::min(1.0, exchange->value / factor);
  });
  auto& fabric = c.cluster.fabric;
  if (fabric.reduction) fabric.reduction->value = std::min(1.0, fabric.reduction->value / factor);
  for (auto* time : {&fabric.latency.base, &fabric.latency.hop, &fabric.latency.point_to_point,
                     &fabric.latency.switches_hop, &fabric.latency.reduction})
    time->value = time->value * factor;
}

class Finder {
public:
  Finder(const Case& c, const CalibrationErrors& errors) : case_(c), errors_(errors) {}

  Uncertain find() {
    walk_figures(case_, [&](const FigureName& name, const auto& figure) { note(name, figure); });
    std::set<std::string> chips;
    each_chip(case_, [&](const Accelerator& a, const Node&) {
      if (!chips.insert(a.name).second) return;
      if (a.measured_runs.value == 0) {
        out_.measured = false;
        kernels(a);
      }
      if (case_.cluster.ranks_per_domain() > 1 && !bounded(a.scale_up.timing.efficiency))
        factor("collectives inside a domain, " + a.name, errors_.scale_up_of(a.name),
               on(a.name, errors_.scale_up_of(a.name), slow_scale_up));
    });
    bool cards_bounded = false, leaves = false;
    for (std::size_t i = 0; i < case_.cluster.part_count(); ++i) {
      const Cluster part = case_.cluster.part(i);
      cards_bounded = cards_bounded || bounded(part.node.nics.efficiency);
      leaves = leaves || case_.cluster.accelerators > part.domain;
    }
    if (leaves && !cards_bounded)
      factor("collectives between domains, " + case_.cluster.name, errors_.fabric,
             [e = &errors_.fabric](Case& c, double p) { slow_fabric(c, std::exp(e->log_at(p))); });
    whole_step();
    return std::move(out_);
  }

private:
  template <class T> void note(const FigureName& name, const Figure<T>& figure) {
    const std::string key = key_of(name, figure);
    if (!seen_.insert(key).second) return;
    ++out_.figures;
    if (!bounded(figure)) {
      out_.assumed += figure.evidence == Evidence::assumed;
      return;
    }
    UncertainInput input;
    input.key = key;
    const T low = figure.low.value_or(figure.value), high = figure.high.value_or(figure.value);
    input.shown.name = name.shown + " " + name.path;
    input.shown.low = show(low);
    input.shown.value = show(figure.value);
    input.shown.high = show(high);
    input.shown.evidence = std::string(enum_name(figure.evidence));
    input.shown.source = figure.source;
    input.set = [key](Case& c, double probability) {
      std::vector<std::function<void()>> changes; // keys are of figures as they are: look at all before changing any
      walk_figures(c, [&](const FigureName& at_name, auto& f) {
        if (key_of(at_name, f) == key) changes.push_back([&f, probability] { f.value = at(f, probability); });
      });
      for (const auto& change : changes)
        change();
    };
    out_.inputs.push_back(std::move(input));
  }

  void factor(const std::string& name, const ErrorSize& size, std::function<void(Case&, double)> set) {
    UncertainInput input;
    input.key = "factor|" + name;
    input.shown.name = name;
    auto times = [&](double probability) { return fmt::format("x {:.3f}", std::exp(size.log_at(probability))); };
    input.shown.low = times(0.05);
    input.shown.value = "x 1";
    input.shown.high = times(0.95);
    input.shown.evidence = std::string(enum_name(size.p90.evidence));
    input.shown.source = size.p90.source;
    input.error = &size;
    input.set = std::move(set);
    out_.inputs.push_back(std::move(input));
  }
  static std::function<void(Case&, double)> on(const std::string& chip, const ErrorSize& size,
                                               void (*slow)(Accelerator&, double)) {
    return [chip, &size, slow](Case& c, double p) {
      each_chip(c, [&](Accelerator& a, Node&) {
        if (a.name == chip) slow(a, std::exp(size.log_at(p)));
      });
    };
  }

  void kernels(const Accelerator& a) {
    const auto& s = case_.scenario;
    const auto* gemm = platforms::gemm_timing(a, s.stack.matmuls, s.training.precision);
    const auto* attention = platforms::attention_row(a, s.stack.attention, s.model.head_dim);
    if (gemm && !bounded(gemm->efficiency))
      factor("matmuls, " + a.name, errors_.matmul, on(a.name, errors_.matmul, slow_matmuls));
    if (attention && !bounded(attention->efficiency))
      factor("attention, " + a.name, errors_.attention, on(a.name, errors_.attention, slow_attention));
    if (!bounded(a.streaming_efficiency) && !bounded(a.elementwise_efficiency))
      factor("memory-bound kernels, " + a.name, errors_.memory_bound, on(a.name, errors_.memory_bound, slow_memory));
  }

  /// Of several chips the one that is known least.
  void whole_step() {
    const bool experts = case_.scenario.model.experts.has_value();
    const Accelerator* worst = nullptr;
    for (const Accelerator* chip : case_.cluster.chips())
      if (!worst || errors_.step_of(chip->name, experts).p90.value > errors_.step_of(worst->name, experts).p90.value)
        worst = chip;
    factor("error of whole steps, " + worst->name, errors_.step_of(worst->name, experts), {});
    out_.inputs.back().whole_step = true;
  }

  Case case_;
  const CalibrationErrors& errors_;
  Uncertain out_;
  std::set<std::string> seen_;
};

} // namespace

Uncertain uncertain_inputs(const Case& c, const CalibrationErrors& errors) {
  return Finder(c, errors).find();
}

} // namespace weft::analysis
