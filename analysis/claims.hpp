#pragma once
// Claims about interconnects and chips, and when they hold. A claim is a file: what is said, by whom, and its readings;
// a reading is a metric over worlds with a threshold. A reading is judged world by world, so that what comes out is not
// a yes but where.

#include "analysis/headline.hpp"
#include "analysis/published_mfu.hpp"
#include "analysis/worlds.hpp"
#include "platforms/base/shape.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// A range of a metric; what is absent does not bound.
struct Threshold {
  std::optional<double> at_least, at_most;
};

/// What a reading compares a world with: another piece of hardware, another size, or the world with overrides.
struct Against {
  std::string hardware;          ///< empty: the world's
  std::int64_t accelerators = 0; ///< 0: the world's
  std::vector<std::string> set;  ///< overrides of the compared world, instead of the reading's
  std::string location;          ///< for power and money; empty: where its chip's kind stands
  double fleet = 0;              ///< accelerators that are counted
};

struct Reading {
  std::string name, about;
  std::string metric; ///< a name of metrics()
  std::vector<std::string> workloads, hardware;
  std::vector<std::int64_t> accelerators;
  std::vector<std::string> set; ///< overrides of every world; where the metric is of a change, the change
  std::optional<Against> against;
  std::string location;      ///< for power and money; empty: where the chip's kind stands
  double fleet = 0;          ///< accelerators that are counted
  bool take_network = false; ///< the change: fabrics, what is reached of them and latencies of the compared hardware
  std::optional<Threshold> holds; ///< none: the reading measures, and nothing is judged
  Mark mark;
};

struct Claim {
  std::int64_t number = 0;
  std::string name, statement, source;
  std::vector<std::string> assumptions;
  std::vector<Reading> readings;
  Mark mark;
};

/// The project's own: analysis/claims/ (worlds.yaml beside the claims).
std::string own_claims();
/// What a claim's file takes.
Shape claim_shape();
/// Every claim of a folder, by number. Names of workloads, hardware and metrics are checked against what there is.
struct ClaimSet {
  Worlds worlds;
  std::vector<Claim> claims;
};
Result<ClaimSet> read_claims(const std::string& folder);

enum class Verdict {
  yes,  ///< the value, and all of its band, is within the threshold
  no,   ///< the value, and all of its band, is not
  open, ///< the band lies on both sides
  none  ///< not judged, or there is no value
};

struct Cell {
  World world;
  Best best;                 ///< of the world
  std::optional<Best> other; ///< of what it is compared with
  std::optional<double> value;
  std::optional<double> low, high; ///< 5th and 95th percentile over samples, or of the catalog's figures
  std::string why;                 ///< there is no value
  std::int64_t measured_runs = 0;  ///< published runs behind the world's chip
  Verdict verdict = Verdict::none;
};

struct ReadingResult {
  const Reading* reading = nullptr;
  std::vector<Cell> cells;
  std::size_t yes = 0, no = 0, open = 0, without = 0;
  std::string conditions;  ///< where it holds and where not
  PublishedMfus published; ///< beside a reading about MFU: what was measured on the chips of its worlds
};
struct ClaimResult {
  const Claim* claim = nullptr;
  std::vector<ReadingResult> readings;
};

struct ClaimOptions {
  std::int64_t samples = 0; ///< of the band of every value; 0 = no bands
  std::int64_t seed = 0;
  int jobs = 2;
  bool every_size = false; ///< samples of every world, not of the smallest of those that differ in size only
};
/// Simulates what the claims ask, every world once.
Result<std::vector<ClaimResult>> judge(const ClaimSet& set, const std::vector<const Claim*>& claims,
                                       const ClaimOptions& options);

std::string claims_text(const std::vector<ClaimResult>& results);
std::string claims_json(const std::vector<ClaimResult>& results);
std::string claims_csv(const std::vector<ClaimResult>& results);

} // namespace weft::analysis
