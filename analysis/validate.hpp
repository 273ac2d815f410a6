#pragma once
// Predictions of published runs, held against what was measured.

#include "analysis/published.hpp"
#include "sim/ledger_entry.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

struct Prediction {
  std::string id, group, grade, accelerator;
  bool ok = false; ///< predicted; else `reason` says why not
  std::string reason;
  std::optional<double> measured;          ///< s
  double predicted = 0, low = 0, high = 0; ///< s: median and range over the candidates
  std::optional<double> error;             ///< predicted / measured − 1
  std::size_t tried = 0;                   ///< legal candidates
  std::string choices;                     ///< of the candidate at the median
  double at_peak = 0; ///< s that the executed FLOP take at the chip's peak: what the baseline scales
  std::optional<double> baseline_error;
  sim::Breakdown where{}; ///< where time went, of that candidate
  bool fits = true;
  bool experts = false;              ///< a mixture of experts
  std::optional<bool> leaves_domain; ///< more chips than one scale-up domain has, where the run says how many those are
  bool checked = false;              ///< its ledger sums, FLOP and bytes agree with their closed forms
  std::string check;                 ///< what does not
};

/// Of a set of runs. An unpredicted run counts as an infinite error and is left out of the bias.
struct Statistics {
  std::size_t count = 0;      ///< with a measured step, or unpredicted
  std::size_t skipped = 0;    ///< unpredicted
  std::size_t unmeasured = 0; ///< predicted, but the source prints no step to hold against
  double median = 0, p90 = 0, bias = 0;
  double baseline_median = 0, baseline_p90 = 0;
};

/// Runs that share a property, whatever their group.
struct Subset {
  std::string name;
  Statistics of;
};

struct Validation {
  std::vector<Prediction> runs;
  Statistics overall;
  std::map<std::string, Statistics> groups, grades;
  std::vector<Subset> subsets;
  double group_median = 0, baseline_group_median = 0; ///< medians of the groups' medians: a large group counts once
  std::vector<std::string> baseline_nearer;           ///< groups whose baseline has the smaller median
  std::map<std::string, double> baseline_hfu;         ///< per chip, the constant that fits these runs best
};

/// Each run in a process of its own, `jobs` at a time. Throws std::runtime_error when no process can be started.
Validation validate(const std::vector<PublishedRun>& runs, const Value& unknown_fields, int jobs);

Statistics statistics_of(const std::vector<const Prediction*>& runs);
/// Median of the middle, and the smallest value that 90 % do not exceed.
double median_of(std::vector<double> values);
double p90_of(std::vector<double> values);

std::string validation_text(const Validation& validation, std::size_t worst);
std::string validation_json(const Validation& validation);
std::string validation_csv(const Validation& validation);

} // namespace weft::analysis
