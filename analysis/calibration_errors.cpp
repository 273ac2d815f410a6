#include "analysis/calibration_errors.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/catalog.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

namespace weft {

using analysis::CalibrationErrors;
using analysis::ErrorSize;
using analysis::LinkError;
using analysis::StepError;

namespace {

std::string positive_share(const Figure<double>& figure) {
  return figure.value > 0 && figure.value < 1 ? std::string{} : "must be above 0 and below 1";
}
template <class T> Field<T> size(const char* name, std::string about) {
  return required(name, &T::size, std::move(about));
}

} // namespace

Result<void> read_value(const Value& value, ErrorSize& out) {
  static const Fields<ErrorSize> table{
      optional("median", &ErrorSize::median, "of |error|", [](const auto& f) { return positive_share(*f); }),
      required("p90", &ErrorSize::p90, "of |error|", positive_share)};
  if (auto ok = read_fields(value, table, out, "error size"); !ok) return ok;
  if (out.median && out.median->value > out.p90.value)
    return fail(value.mark, "the median exceeds the 90th percentile");
  return {};
}
Result<void> read_value(const Value& value, LinkError& out) {
  static const Fields<LinkError> table{
      optional("accelerator", &LinkError::accelerator, "catalog name; none: any other"),
      size<LinkError>("size", "of the error")};
  return read_fields(value, table, out, "error of links");
}
Result<void> read_value(const Value& value, StepError& out) {
  static const Fields<StepError> table{
      optional("accelerator", &StepError::accelerator, "catalog name; none: any other"),
      required("experts", &StepError::experts, "mixtures of experts, or dense models"),
      size<StepError>("size", "of the error")};
  return read_fields(value, table, out, "error of steps");
}

} // namespace weft

namespace weft::analysis {
namespace {

double score(double probability) {
  static const boost::math::normal_distribution<double> normal;
  return boost::math::quantile(normal, std::clamp(probability, 1e-9, 1 - 1e-9));
}

} // namespace

double ErrorSize::log_at(double probability) const {
  const double z = score(probability), quartile = score(0.75), ninth = score(0.95);
  const double far = std::log1p(p90.value), near = median ? std::log1p(median->value) : far / ninth * quartile;
  const double size = std::abs(z);
  const double out =
      size <= quartile ? near * size / quartile : near + (far - near) * (size - quartile) / (ninth - quartile);
  return std::copysign(out, z);
}

double ErrorSize::log_deviation() const {
  constexpr int cells = 4096;
  double sum = 0;
  for (int i = 0; i < cells; ++i)
    sum += std::pow(log_at((i + 0.5) / cells), 2);
  return std::sqrt(sum / cells);
}

const ErrorSize& CalibrationErrors::scale_up_of(const std::string& accelerator) const {
  const auto own =
      std::find_if(scale_up.begin(), scale_up.end(), [&](const LinkError& e) { return e.accelerator == accelerator; });
  if (own != scale_up.end()) return own->size;
  return std::find_if(scale_up.begin(), scale_up.end(), [](const LinkError& e) { return e.accelerator.empty(); })->size;
}

const ErrorSize& CalibrationErrors::step_of(const std::string& accelerator, bool experts) const {
  const StepError* other = nullptr;
  for (const StepError& e : steps) {
    if (e.experts != experts) continue;
    if (e.accelerator == accelerator) return e.size;
    if (e.accelerator.empty()) other = &e;
  }
  return other->size;
}

Result<CalibrationErrors> calibration_errors() {
  static const Fields<CalibrationErrors> table{
      required("matmul", &CalibrationErrors::matmul, "times of matmuls"),
      required("attention", &CalibrationErrors::attention, "times of attention"),
      required("memory_bound", &CalibrationErrors::memory_bound, "times of memory-bound kernels"),
      required("scale_up", &CalibrationErrors::scale_up, "times of collectives inside a domain"),
      required("fabric", &CalibrationErrors::fabric, "times of collectives between domains"),
      required("steps", &CalibrationErrors::steps, "whole steps")};
  const auto tree = read_document(platforms::catalog_root() + "/analysis/calibration_errors.yaml");
  if (!tree) return tl::unexpected(tree.error());
  CalibrationErrors out;
  if (auto ok = read_fields(*tree, table, out, "calibration errors"); !ok) return tl::unexpected(ok.error());
  const bool links =
      std::any_of(out.scale_up.begin(), out.scale_up.end(), [](const auto& e) { return e.accelerator.empty(); });
  for (const bool experts : {false, true})
    if (std::none_of(out.steps.begin(), out.steps.end(),
                     [&](const auto& e) { return e.accelerator.empty() && e.experts == experts; }))
      return fail(tree->find("steps")->mark, "no error of chips that nobody measured");
  if (!links) return fail(tree->find("scale_up")->mark, "no error of chips that nobody measured");
  return out;
}

} // namespace weft::analysis
