#include "analysis/pipeline_svg.hpp"

#include "analysis/op_labels.hpp"
#include "analysis/timeline.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <vector>

namespace weft::analysis {
namespace {

using What = OpLabel::What;

// Tenths of a pixel, so that equal inputs give equal text.
constexpr std::int64_t left = 760, right = 11'000, top = 640, tall = 220, apart = 260;

/// Odd microbatches a shade darker: neighbours can be told apart. Light to dark also in grey, for print.
struct Colour {
  const char *name, *even, *odd;
};
enum Kind { forward, backward, weight, optimizer, other, communication, idle, kinds };
constexpr std::array<Colour, kinds> colours{Colour{"forward", "#7db7e8", "#5aa0dc"},
                                            Colour{"backward", "#2f6db3", "#1f5694"},
                                            Colour{"weight gradients", "#79b98f", "#5aa574"},
                                            Colour{"optimizer", "#8a6bbf", "#8a6bbf"},
                                            Colour{"other compute", "#9a9a9a", "#9a9a9a"},
                                            Colour{"exposed communication", "#e2762b", "#e2762b"},
                                            Colour{"idle", "#ececec", "#ececec"}};

Kind kind_of(What what) {
  switch (what) {
  case What::forward: return forward;
  case What::backward:
  case What::input_gradients: return backward;
  case What::weight_gradients: return weight;
  case What::optimizer: return optimizer;
  case What::other: break;
  }
  return other;
}

std::string tenths(std::int64_t at) {
  return at % 10 == 0 ? fmt::format("{}", at / 10) : fmt::format("{:.1f}", double(at) / 10);
}

class Picture {
public:
  explicit Picture(const sim::StepResult& result)
      : r_(result), labels_(result), timelines_(timelines(result, result.run, 0)), begin_(result.first_begin()),
        length_(result.last_end() - begin_) {}

  std::string draw() {
    const auto stages = r_.program.stages.size();
    const std::int64_t bottom = top + apart * std::int64_t(stages);
    const std::string title = fmt::format("{}: one step of {:.3f} s on {} ranks, by pipeline stage", r_.scenario.name,
                                          r_.run.step_time, r_.cluster.ranks());
    out_ = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 1200 {}\" "
                       "font-family=\"sans-serif\" font-size=\"12\">\n<title>{}</title>\n<desc>{}</desc>\n"
                       "<rect width=\"1200\" height=\"{}\" fill=\"#ffffff\"/>\n"
                       "<text x=\"12\" y=\"20\" font-size=\"15\" font-weight=\"bold\">{}</text>\n",
                       bottom / 10 + 44, xml_text(title), xml_text(describe()), bottom / 10 + 44, xml_text(title));
    legend();
    for (std::size_t s = 0; s < stages; ++s)
      row(std::int32_t(s), top + apart * std::int64_t(s));
    axis(bottom);
    return out_ + "</svg>\n";
  }

private:
  [[nodiscard]] std::string describe() const {
    const auto& p = r_.scenario.plan;
    return fmt::format("{} stages down, time across. {} microbatches; a stage is idle where it waits for others.", p.pp,
                       r_.scenario.training.global_batch / std::max<std::int64_t>(1, p.dp * p.microbatch));
  }
  [[nodiscard]] std::int64_t x(double at) const {
    return left + std::llround(double(right - left) * (length_ > 0 ? (at - begin_) / length_ : 0));
  }

  void legend() {
    int at = 12;
    for (const Colour& colour : colours) {
      out_ += fmt::format("<rect x=\"{}\" y=\"32\" width=\"14\" height=\"14\" fill=\"{}\"/><text x=\"{}\" "
                          "y=\"43\">{}</text>\n",
                          at, colour.even, at + 19, colour.name);
      at += 44 + 7 * int(std::string_view(colour.name).size());
    }
  }

  /// Of the stage's rank classes the largest.
  [[nodiscard]] std::size_t class_of(std::int32_t stage) const {
    std::size_t best = r_.folded.ranks.size();
    for (std::size_t rc = 0; rc < r_.folded.ranks.size(); ++rc)
      if (r_.folded.ranks[rc].stage == stage &&
          (best == r_.folded.ranks.size() || r_.folded.ranks[rc].count > r_.folded.ranks[best].count))
        best = rc;
    return r_.run.first_like(best);
  }

  void row(std::int32_t stage, std::int64_t y) {
    const std::size_t rc = class_of(stage);
    const ClassTimeline& line = timelines_.of_class[rc];
    const double begin = r_.run.begin[rc], end = begin + r_.run.step_time;
    out_ += fmt::format("<text x=\"12\" y=\"{}\">stage {}</text>\n<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" "
                        "fill=\"{}\"/>\n",
                        tenths(y + 155), stage, tenths(x(begin)), tenths(y), tenths(x(end) - x(begin)), tenths(tall),
                        colours[idle].even);
    double busy = 0;
    for (const Covered& c : line.covered) // compute is painted over it: what is left to see is exposed
      box(colours[communication].even, std::max(c.begin, begin), std::min(c.end, end));
    flush(y);
    for (const auto& span : *line.compute) {
      const OpLabel label = labels_.of(stage, span.op);
      const Colour& colour = colours[kind_of(label.what)];
      box(label.microbatch % 2 == 1 ? colour.odd : colour.even, span.begin, span.end);
      busy += span.end - span.begin;
    }
    flush(y);
    out_ += fmt::format("<text x=\"1190\" y=\"{}\" text-anchor=\"end\" font-size=\"10\" fill=\"#000000\">{:.0f} % "
                        "compute</text>\n",
                        tenths(y + 150), 100 * busy / r_.run.step_time);
  }

  /// Boxes of one colour in a row are one thick dashed line, which takes a third of the text that boxes would;
  /// neighbours of one colour are one box.
  void box(const std::string& colour, double from, double to) {
    const std::int64_t a = x(from), b = x(to);
    if (b <= a) return; // thinner than a tenth of a pixel
    auto& boxes = boxes_[colour];
    if (!boxes.empty() && a <= boxes.back().second)
      boxes.back().second = std::max(boxes.back().second, b);
    else
      boxes.emplace_back(a, b);
  }
  void flush(std::int64_t y) {
    for (const auto& [colour, boxes] : boxes_) {
      out_ += fmt::format("<path fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" d=\"", colour, tenths(tall));
      std::int64_t at = 0;
      for (const auto& [a, b] : boxes) {
        out_ += at == 0 ? fmt::format("M{} {}", tenths(a), tenths(y + tall / 2)) : fmt::format("m{} 0", tenths(a - at));
        out_ += fmt::format("h{}", tenths(b - a));
        at = b;
      }
      out_ += "\"/>\n";
    }
    boxes_.clear();
  }

  void axis(std::int64_t y) {
    if (!(length_ > 0)) return;
    // Ticks at 1, 2 or 5 times a power of ten, at most ten of them.
    const double power = std::pow(10, std::floor(std::log10(length_)));
    double step = power;
    for (const double divisor : {2.0, 5.0, 10.0})
      if (length_ / (power / divisor) <= 10) step = power / divisor;
    for (int i = 0; double(i) * step <= length_ * (1 + 1e-9); ++i) {
      const std::int64_t at = x(begin_ + double(i) * step);
      out_ +=
          fmt::format("<path stroke=\"#555555\" d=\"M{} {}v5\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{:g} "
                      "s</text>\n",
                      tenths(at), tenths(y), tenths(at), tenths(y + 200), double(i) * step);
    }
  }

  const sim::StepResult& r_;
  OpLabels labels_;
  Timelines timelines_;
  double begin_ = 0, length_ = 0;
  std::string out_;
  std::map<std::string, std::vector<std::pair<std::int64_t, std::int64_t>>> boxes_; ///< of the row, by colour
};

} // namespace

std::string xml_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    case '\'': out += "&#39;"; break;
    default:
      if (static_cast<unsigned char>(c) >= 0x20) out += c; // XML has no other control characters
    }
  }
  return out;
}

std::string pipeline_svg(const sim::StepResult& result) {
  return Picture(result).draw();
}

} // namespace weft::analysis
