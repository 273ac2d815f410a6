#pragma once
// What `weft collective` asks and prints.

#include "sim/closed_form.hpp"
#include "sim/collective_run.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// As typed. One size or algorithm stands for all operations, else there are as many as operations.
struct CollectiveRequest {
  std::vector<std::string> ops;        ///< "all-reduce", "all-reduce@rails"
  std::vector<std::string> sizes;      ///< "1 GiB", "1048576"
  std::vector<std::string> algorithms; ///< none: what the library runs
  std::string cluster;
  std::vector<std::string> sets; ///< cluster.…=…
  std::int64_t ranks = 0;
  bool closed_form = false;
  sim::CollectiveOptions how;
};

struct CollectiveReport {
  platforms::Cluster cluster;
  std::int64_t ranks = 0;
  bool repeated = false; ///< more accelerators than were built: the pattern goes on
  std::vector<sim::AskedCollective> asked;
  sim::CollectiveRun run;
  std::vector<std::vector<sim::ClosedForm>> closed_forms; ///< of the phases of each, when asked for
};

Result<CollectiveReport> run_collective(const CollectiveRequest& request);

std::string collective_text(const CollectiveReport& report);
std::string collective_json(const CollectiveReport& report);
std::string collective_csv(const CollectiveReport& report);

} // namespace weft::analysis
