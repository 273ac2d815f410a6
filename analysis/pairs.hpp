#pragma once
// Pairs of published runs that differ only, or mainly, by communication: what share of the step is lost to it by
// measurement, and what share by prediction. Errors that both runs share drop out.

#include "analysis/validate.hpp"

namespace weft::analysis {

/// A run's id and where it is asked for.
struct RunId {
  std::string id;
  Mark mark;
};

struct Pair {
  std::string name, about;
  RunId with, without; ///< with the communication in question, and without it or with less
};

struct PairFamily {
  std::string name, about;
  std::vector<Pair> pairs;
};

/// Chip-seconds that a run takes for one sequence of its batch, so that runs at the same work for a chip compare.
struct PairSide {
  std::string id;
  std::optional<double> measured, predicted;
};

struct PairLoss {
  std::string family, name, about;
  PairSide with, without;
  std::string reason;                 ///< why it is not compared; empty: it is
  double measured = 0, predicted = 0; ///< 1 − t(without) / t(with)
};

struct PairSummary {
  std::size_t count = 0;      ///< compared
  double mean_difference = 0; ///< of |predicted − measured|, as a share: 0.01 is one point
  std::size_t same_sign = 0;  ///< both lose, both gain, or neither does either
};

struct PairLosses {
  std::vector<PairFamily> families; ///< as asked, for names and what they are about
  std::vector<PairLoss> pairs;
  std::map<std::string, PairSummary> by_family;
  PairSummary overall;
};

/// The project's own: analysis/isolating_pairs.yaml.
std::string own_pairs();
/// A file `families: [{name, about, pairs: [{name, about, with, without}]}]`.
Result<std::vector<PairFamily>> read_pairs(const std::string& path);
/// Every id is the id of one of `runs`, which states chips and batch, and both of a pair have sequences of one length.
Result<void> check_pairs(const std::vector<PairFamily>& families, const std::vector<PublishedRun>& runs);

/// 1 − without / with.
double loss(double with, double without);
PairSummary summary_of(const std::vector<const PairLoss*>& pairs);
/// Predicts the pairs whose two runs are among `runs`; others are left out. Throws as `validate` does.
PairLosses pair_losses(const std::vector<PairFamily>& families, const std::vector<PublishedRun>& runs,
                       const Value& unknown_fields, int jobs);

std::string pairs_text(const PairLosses& losses);
std::string pairs_json(const PairLosses& losses);
std::string pairs_csv(const PairLosses& losses);

} // namespace weft::analysis
