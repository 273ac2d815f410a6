#include "analysis/calibrate.hpp"

#include "analysis/calibrated_chip.hpp"
#include "analysis/validate.hpp"
#include "platforms/catalog.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace weft::analysis {
namespace {

/// What a chip may be called in the catalog.
bool plain_name(const std::string& name) {
  return !name.empty() && name.size() < 200 && name[0] != '.' && !platforms::names_a_file(name) &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
}

} // namespace

FitErrors errors_of(const std::vector<double>& ratios) {
  FitErrors out;
  std::vector<double> off;
  for (const double r : ratios)
    off.push_back(std::abs(r - 1));
  out.points = off.size();
  if (off.empty()) return out;
  out.mean = std::accumulate(off.begin(), off.end(), 0.0) / double(off.size());
  out.max = *std::max_element(off.begin(), off.end());
  out.p90 = p90_of(std::move(off));
  return out;
}

Result<Calibration> calibrate(const CalibrationRequest& request) {
  if (request.nccl_tests.empty() && request.gemm.empty() && request.steps.empty())
    return fail({}, "nothing to fit to", "give measurements: --nccl-tests, --gemm or --steps");
  auto base = platforms::load_entry("accelerators", request.accelerator, {});
  if (!base) return tl::unexpected(base.error());
  const Value* called = base->find("name");
  Calibration out;
  out.base = called ? called->scalar : request.accelerator;
  out.name = request.name.empty() ? out.base + "-calibrated" : request.name;
  if (!plain_name(out.name))
    return fail({}, fmt::format("--name {}: a chip's name has lower-case letters, digits, `-` and `.`", out.name));
  const auto known = platforms::catalog_names("accelerators");
  if (std::binary_search(known.begin(), known.end(), out.name))
    return fail({}, fmt::format("--name {}: the catalog has a chip of this name", out.name));
  CalibratedChip chip(*base, out.name);
  if (auto whole = chip.accelerator(); !whole) return tl::unexpected(whole.error());
  if (!request.nccl_tests.empty())
    if (auto ok = fit_links(chip, request, out); !ok) return tl::unexpected(ok.error());
  if (!request.gemm.empty())
    if (auto ok = fit_matmuls(chip, request, out); !ok) return tl::unexpected(ok.error());
  if (!request.steps.empty())
    if (auto ok = fit_steps(chip, *base, request, out); !ok) return tl::unexpected(ok.error());
  chip.set_runs(out.steps.size(), request.steps.empty() ? "no step measured with these figures" : request.steps);
  if (auto whole = chip.accelerator(); !whole) return tl::unexpected(whole.error()); // what was fitted is in range
  for (const Fit& f : out.fits)
    if (f.unseen && f.by_base && f.unseen->mean >= f.by_base->mean)
      out.notes.push_back(
          fmt::format("{}: on what it has not seen the fit is no nearer than {}'s figures, mean {:.1f} % "
                      "against {:.1f} %",
                      f.what, out.base, 100 * f.unseen->mean, 100 * f.by_base->mean));
  out.figures = chip.figures();
  out.chip = chip.tree();
  out.yaml = fmt::format("# {} with what `weft calibrate` fitted to measurements; every fitted figure says which.\n{}",
                         out.base, chip.yaml(platforms::names_a_file(request.accelerator) ? "" : request.accelerator));
  return out;
}

} // namespace weft::analysis
