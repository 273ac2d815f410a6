#include "platforms/accelerator.hpp"

#include "platforms/catalog.hpp"
#include "platforms/readers.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace weft {
namespace {

std::string share_if_stated(const std::optional<Figure<double>>& f) {
  return f ? platforms::share_of_one(*f) : std::string();
}

} // namespace

using platforms::AttentionTiming;
using platforms::GemmTiming;
using platforms::GroupedGemmTiming;
using platforms::PowerShares;
using platforms::ScaleUpPort;
using platforms::ScaleUpTiming;
using platforms::share_of_one;

Result<void> read_value(const Value& value, GemmTiming& out) {
  static const Fields<GemmTiming> table{
      required("efficiency", &GemmTiming::efficiency, "share of dense peak inside training", share_of_one),
      optional("weight_gradient_efficiency", &GemmTiming::weight_gradient_efficiency, "where it differs"),
      required("launch", &GemmTiming::launch, "fixed time of a matmul"),
      optional("cast_factor", &GemmTiming::cast_factor, "passes over the input to cast it (fp8, fp4)"),
      optional("grouped_factor", &GemmTiming::grouped_factor, "instead of grouped_gemm.factor", share_if_stated)};
  return read_fields(value, table, out, "gemm timing");
}

Result<void> read_value(const Value& value, AttentionTiming& out) {
  static const Fields<AttentionTiming> table{
      required("head_dim", &AttentionTiming::head_dim, "head dimension of this row"),
      required("efficiency", &AttentionTiming::efficiency, "share of dense 16-bit peak, forward", share_of_one),
      required("ramp_tokens", &AttentionTiming::ramp_tokens, "time grows by 1 + ramp/sequence"),
      required("launch", &AttentionTiming::launch, "fixed time"),
      required("backward_ratio", &AttentionTiming::backward_ratio, "backward over forward efficiency"),
      optional("misaligned_efficiency", &AttentionTiming::misaligned_efficiency,
               "unfused: where 8 does not divide the head dimension", share_if_stated)};
  return read_fields(value, table, out, "attention timing");
}

Result<void> read_value(const Value& value, GroupedGemmTiming& out) {
  static const Fields<GroupedGemmTiming> table{
      required("factor", &GroupedGemmTiming::factor, "of the GEMM efficiency, many rows per expert", share_of_one),
      required("ramp_tokens", &GroupedGemmTiming::ramp_tokens, "time grows by 1 + ramp / rows per expert")};
  return read_fields(value, table, out, "grouped_gemm timing");
}

Result<void> read_value(const Value& value, ScaleUpTiming& out) {
  static const Fields<ScaleUpTiming> table{
      required("phase", &ScaleUpTiming::phase, "latency of a collective's phase"),
      required("efficiency", &ScaleUpTiming::efficiency, "achieved share of the line rate", share_of_one),
      required("sqrt_us", &ScaleUpTiming::sqrt_us, "c of the c·√y term, µs^0.5"),
      optional("in_network_efficiency", &ScaleUpTiming::in_network_efficiency,
               "all-reduce bus bandwidth over line rate when switches reduce"),
      optional("in_network_sqrt_us", &ScaleUpTiming::in_network_sqrt_us, "c of those all-reduces, µs^0.5"),
      optional("in_network_ranks", &ScaleUpTiming::in_network_ranks, "from how many ranks switches reduce"),
      optional("low_latency_rate", &ScaleUpTiming::low_latency_rate,
               "most that the library believes its lowest-latency protocol to move"),
      required("hop", &ScaleUpTiming::hop, "latency of one ring step"),
      required("point_to_point", &ScaleUpTiming::point_to_point, "latency of one send")};
  return read_fields(value, table, out, "scale-up timing");
}

Result<void> read_value(const Value& value, PowerShares& out) {
  static const Fields<PowerShares> table{
      required("compute", &PowerShares::compute, "matmuls and attention", share_of_one),
      required("memory", &PowerShares::memory, "memory-bound kernels, optimizer", share_of_one),
      required("communication", &PowerShares::communication, "a collective with nothing beside it", share_of_one),
      required("waiting", &PowerShares::waiting, "for another rank or the host", share_of_one)};
  return read_fields(value, table, out, "power shares");
}

Result<void> read_value(const Value& value, ScaleUpPort& out) {
  static const Fields<ScaleUpPort> table{required("technology", &ScaleUpPort::technology, "NVLink, HCCS, UB, ..."),
                                         required("bandwidth", &ScaleUpPort::bandwidth,
                                                  "per direction and package, sum over its links", platforms::positive),
                                         optional("link_bandwidth", &ScaleUpPort::link_bandwidth,
                                                  "per direction of one direct link (full mesh)", platforms::positive),
                                         required("timing", &ScaleUpPort::timing, "what collectives achieve on it")};
  return read_fields(value, table, out, "scale_up");
}

} // namespace weft

namespace weft::platforms {

const Fields<Accelerator>& accelerator_fields() {
  static const Fields<Accelerator> table{
      required("name", &Accelerator::name, "catalog name"),
      required("full_name", &Accelerator::full_name, "as sold"),
      required("vendor", &Accelerator::vendor, "maker"),
      required("chip_class", &Accelerator::chip_class, "us, export-compliant or china-domestic"),
      optional("collective_library", &Accelerator::collective_library, "whose rules choose algorithms"),
      optional("ranks_per_accelerator", &Accelerator::ranks_per_accelerator, "dies that count as ranks",
               between<std::int64_t>(1, 16)),
      required("peak", &Accelerator::peak, "dense FLOP/s of a package by precision"),
      required("memory_capacity", &Accelerator::memory_capacity, "HBM as sold"),
      required("memory_bandwidth", &Accelerator::memory_bandwidth, "HBM", platforms::positive),
      required("scale_up", &Accelerator::scale_up, "port into the scale-up fabric"),
      required("gemm", &Accelerator::gemm, "matmul timing by precision"),
      optional("gemm_families", &Accelerator::gemm_families, "matmul timing by a stack's family and precision"),
      required("attention", &Accelerator::attention, "attention timing by kernel family"),
      optional("grouped_gemm", &Accelerator::grouped_gemm, "matmuls of many experts at once"),
      optional("host_link", &Accelerator::host_link, "per direction, to the host's memory"),
      required("streaming_efficiency", &Accelerator::streaming_efficiency, "of HBM bandwidth, large regular traffic",
               share_of_one),
      required("elementwise_efficiency", &Accelerator::elementwise_efficiency,
               "of HBM bandwidth, norms and activations", share_of_one),
      required("overlap_slowdown", &Accelerator::overlap_slowdown, "σ of compute beside a collective"),
      required("measured_runs", &Accelerator::measured_runs, "published training runs behind this chip"),
      optional("tdp", &Accelerator::tdp, "thermal design power of a package", positive),
      optional("power_shares", &Accelerator::power_shares, "of it, by what the package does; where the chip differs"),
      optional("price", &Accelerator::price, "of a package", positive),
      optional("die_area", &Accelerator::die_area, "of a package's logic dies together", positive),
      optional("unknown", &Accelerator::unknown,
               "needed figures that nobody published: path, where it was looked for")};
  return table;
}

/// The figures under `unknown` must have been stated by whoever asks for the chip.
Result<void> check_unknown(const Value& chip) {
  const Value* unknown = chip.find("unknown");
  const Value* name = chip.find("name");
  if (!unknown || !unknown->is_map()) return {};
  for (const Member& member : unknown->members)
    if (!find_path(chip, member.key))
      return fail(
          member.mark,
          fmt::format("`{}` of accelerator {} is not known, so it cannot be simulated", member.key,
                      name ? name->scalar : "?"),
          fmt::format("a scenario may state it, as in `--set cluster.node.accelerator.{}=\"...\"`", member.key));
  return {};
}

Result<Accelerator> read_accelerator_value(const Value& value) {
  Accelerator out;
  if (auto ok = check_unknown(value); !ok) return tl::unexpected(ok.error());
  if (auto ok = read_fields(value, accelerator_fields(), out, "accelerator"); !ok) return tl::unexpected(ok.error());
  if (out.peak.empty()) return fail(value.mark, "accelerator states no peak");
  return out;
}

tl::expected<Figure<FlopsPerSecond>, std::string> peak_of(const Accelerator& accelerator, Precision precision) {
  auto it = accelerator.peak.find(precision);
  if (it == accelerator.peak.end() && precision == Precision::mxfp8) it = accelerator.peak.find(Precision::fp8);
  if (it == accelerator.peak.end() && precision == Precision::nvfp4) it = accelerator.peak.find(Precision::fp4);
  if (it != accelerator.peak.end()) return it->second;
  std::string known;
  for (const auto& [p, figure] : accelerator.peak)
    known += (known.empty() ? "" : ", ") + std::string(enum_name(p));
  return tl::unexpected(fmt::format("the catalog knows no {} peak of accelerator {} (known: {})", enum_name(precision),
                                    accelerator.name, known));
}

const GemmTiming* gemm_timing(const Accelerator& accelerator, const std::string& family, Precision precision) {
  if (auto own = accelerator.gemm_families.find(family); own != accelerator.gemm_families.end())
    if (auto it = own->second.find(precision); it != own->second.end()) return &it->second;
  const auto it = accelerator.gemm.find(precision);
  return it == accelerator.gemm.end() ? nullptr : &it->second;
}

const AttentionTiming* attention_row(const Accelerator& accelerator, const std::string& family, std::int64_t head_dim) {
  auto it = accelerator.attention.find(family);
  if (it == accelerator.attention.end() || it->second.empty()) return nullptr;
  return &*std::min_element(it->second.begin(), it->second.end(), [head_dim](const auto& a, const auto& b) {
    return std::abs(a.head_dim - head_dim) < std::abs(b.head_dim - head_dim);
  });
}

} // namespace weft::platforms
