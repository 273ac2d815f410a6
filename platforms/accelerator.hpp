#pragma once
// What one buys: the package. Peaks, memory, and how well kernels and its scale-up ports do in practice.
// Every per-accelerator figure is per package; a rank (a die on dual-die packages) gets 1/ranks_per_accelerator.

#include "platforms/base/figure.hpp"
#include "platforms/base/precision.hpp"
#include "platforms/base/units.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft::platforms {

/// Under which export regime the chip stands.
enum class ChipClass { us, export_compliant, china_domestic };

/// Whose rules choose the algorithm of a collective (sim/docs/collectives.md).
enum class CollectiveLibrary {
  other, ///< none that is known: rings, direct links
  nccl,
  hccl_910, ///< Atlas training series: by the number of servers
  hccl_a2,  ///< Atlas A2: by cost
  hccl_a3,  ///< Atlas A3: by the number of servers
  hccl_950
};

/// GEMM time = launch + max(FLOP / (efficiency · peak), bytes / (streaming · HBM bandwidth)).
struct GemmTiming {
  Figure<double> efficiency; ///< forward and data gradient, of dense peak, inside training
  std::optional<Figure<double>> weight_gradient_efficiency; ///< where it differs
  Figure<Seconds> launch;
  std::optional<Figure<double>> cast_factor;    ///< q of the activation cast q·(2+b)·m·k / HBM bandwidth (fp8, fp4)
  std::optional<Figure<double>> grouped_factor; ///< where it differs from the chip's grouped_gemm.factor
};

/// Matmuls of many experts at once: GEMM efficiency × factor / (1 + ramp/rows), rows = tokens an expert gets.
struct GroupedGemmTiming {
  Figure<double> factor;
  Figure<double> ramp_tokens;
};

/// Attention core time = launch + FLOP·(1 + ramp/s) / (efficiency · peak); backward runs at
/// backward_ratio of the forward efficiency with 2.5 times its FLOP (flash).
struct AttentionTiming {
  std::int64_t head_dim = 128; ///< the row nearest to the model's head dimension is used
  Figure<double> efficiency;
  Figure<double> ramp_tokens;
  Figure<Seconds> launch;
  Figure<double> backward_ratio;
  /// Unfused attention: share of peak where 8 does not divide the head dimension, so that operands lie askew in memory.
  std::optional<Figure<double>> misaligned_efficiency;
};

/// Between so many ranks the bus bandwidth of in_network_efficiency was measured: 14/8 of what each sends.
inline constexpr std::int64_t in_network_measured_ranks = 8;

/// Link form of a scale-up collective (calibration A1): t = phase·phases + sqrt_term·√y + y with
/// y = f·S/(efficiency · line rate); √ in microseconds.
struct ScaleUpTiming {
  Figure<Seconds> phase;     ///< a
  Figure<double> efficiency; ///< achieved share of the line rate
  Figure<double> sqrt_us;    ///< c, in µs^0.5
  std::optional<Figure<double>>
      in_network_efficiency; ///< all-reduce bus bandwidth over line rate when switches reduce (NVLS)
  std::optional<Figure<double>> in_network_sqrt_us;     ///< c of those all-reduces, where it differs
  std::optional<Figure<std::int64_t>> in_network_ranks; ///< from how many ranks switches reduce
  std::optional<Figure<BytesPerSecond>>
      low_latency_rate; ///< most that a library believes its lowest-latency protocol to move; it chooses by that
  Figure<Seconds> hop;  ///< latency a ring pays per step inside the domain
  Figure<Seconds> point_to_point; ///< latency of one send
};

struct ScaleUpPort {
  std::string technology;
  Figure<BytesPerSecond> bandwidth;                     ///< per direction and package, sum over links
  std::optional<Figure<BytesPerSecond>> link_bandwidth; ///< per direction of one direct link (full mesh)
  ScaleUpTiming timing;
};

/// Shares of the thermal design power that a package draws, by what it does (power.yaml has them for every chip).
struct PowerShares {
  Figure<double> compute;       ///< matmuls and attention, recomputed ones too
  Figure<double> memory;        ///< memory-bound kernels, optimizer
  Figure<double> communication; ///< a collective with nothing beside it
  Figure<double> waiting;       ///< for another rank or the host
};

struct Accelerator {
  std::string name;
  std::string full_name;
  std::string vendor;
  ChipClass chip_class = ChipClass::us;
  CollectiveLibrary collective_library = CollectiveLibrary::other;
  std::int64_t ranks_per_accelerator = 1;           ///< dies that the collective library calls ranks
  std::map<Precision, Figure<FlopsPerSecond>> peak; ///< dense
  Figure<Bytes> memory_capacity;                    ///< as sold
  Figure<BytesPerSecond> memory_bandwidth;
  ScaleUpPort scale_up;
  std::map<Precision, GemmTiming> gemm;
  /// Matmuls as one stack's libraries and machines were measured to run them; the stack names the family, and a chip
  /// that has none of that name runs its `gemm`.
  std::map<std::string, std::map<Precision, GemmTiming>> gemm_families;
  std::map<std::string, std::vector<AttentionTiming>> attention; ///< by kernel family; the stack names one
  std::optional<GroupedGemmTiming> grouped_gemm;
  std::optional<Figure<BytesPerSecond>> host_link; ///< per direction, to the host's memory: offloading
  Figure<double> streaming_efficiency;             ///< of HBM bandwidth: GEMM operands, optimizer, unfused softmax
  Figure<double> elementwise_efficiency;           ///< of HBM bandwidth: norms, residuals, activations inside training
  Figure<double> overlap_slowdown;                 ///< σ: compute beside a collective runs at 1/(1+σ)
  Figure<std::int64_t> measured_runs;              ///< published training runs with a known plan behind this chip
  std::optional<Figure<Watts>> tdp;                ///< thermal design power of a package
  std::optional<PowerShares> power_shares;         ///< where they differ from every chip's
  std::optional<Figure<Dollars>> price;            ///< of a package
  std::optional<Figure<SquareMillimetres>> die_area; ///< of a package's logic dies together
  /// Needed figures that nobody published, by path ("scale_up.bandwidth"), with where they were looked for. The
  /// chip cannot be simulated until a scenario states them.
  std::map<std::string, std::string> unknown;
};

/// Peak of one package at a precision (mxfp8 runs at the fp8 peak, nvfp4 at the fp4 peak); the error says which
/// precisions the catalog knows.
tl::expected<Figure<FlopsPerSecond>, std::string> peak_of(const Accelerator& accelerator, Precision precision);

/// Matmul timing of a family at a precision, else of the chip; nullptr when neither is known.
const GemmTiming* gemm_timing(const Accelerator& accelerator, const std::string& family, Precision precision);

/// The row of an attention family whose head dimension is nearest; nullptr when the family is unknown.
const AttentionTiming* attention_row(const Accelerator& accelerator, const std::string& family, std::int64_t head_dim);

} // namespace weft::platforms
