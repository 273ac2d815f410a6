#pragma once
// What fitted constants of the catalog would be if a part of the published runs were left out of the fit, and how far
// off the predictions of that part then are. Values are tried on a grid; nothing in the catalog is changed.

#include "analysis/outcome.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weft::analysis {

/// A text of a file and where it stands.
struct Word {
  std::string text;
  Mark mark;
};

enum class RunKind { dense, experts };
/// What a fit leaves out in turn.
enum class HoldOutBy { family, accelerator };

/// Which of the measured runs a fit is over: those that are in every list; what is absent is not asked.
struct RunFilter {
  std::vector<Word> ids, groups, grades, stacks, accelerators; ///< stacks: `normalized.stack`, as the run states it
  std::optional<RunKind> kind;
  Mark mark;
};

/// Fields that take the same value.
struct FittedField {
  std::vector<Word> paths;  ///< as `weft run --set` takes them: stack.tp_hidden_share
  std::vector<Word> values; ///< as text, with their units
  std::vector<Word> stacks; ///< only runs on these take the value, others stay as they are; empty = all
};

struct GridFit {
  std::string name, about;
  RunFilter runs;
  std::vector<HoldOutBy> hold_out{HoldOutBy::family};
  std::vector<FittedField> fields;
  Mark mark;
};

/// The project's own: analysis/fits.yaml.
std::string own_fits();
/// A file `fits: [{name, about, runs, hold_out, fields: [{field or fields, values, stacks}]}]`.
Result<std::vector<GridFit>> read_fits(const std::string& path);
/// Every word of a filter is some run's, every fit has a measured run and two sets of each kind that it leaves out,
/// every field is one of the scenarios of a run of it, and every value can be read there.
Result<void> check_fits(const std::vector<GridFit>& fits, const std::vector<PublishedRun>& runs, const Value& unknown);
/// Measured runs that the filter lets through, as indices.
std::vector<std::size_t> runs_of(const GridFit& fit, const std::vector<PublishedRun>& runs);

/// The model's name up to the first digit or separator, in lower case: "LLaMA2-7B" and "llama-33b" are llama,
/// "CodeLlama 34B" is codellama. A name that does not begin with a letter is its own family.
std::string family_of(const std::string& model);
/// The run's family, or its accelerator's catalog name.
std::string set_of(const PublishedRun& run, HoldOutBy by);

/// Of predicted / measured. The objective is the mean of |ln(predicted / measured)|: on a grid the median jumps from
/// one run to the next, and a mean of relative errors calls half as fast nearer than twice as slow.
struct GridErrors {
  std::size_t runs = 0;
  double objective = 0;
  double median = 0, p90 = 0, bias = 0; ///< of predicted / measured − 1, as `weft validate` has them
};

struct HeldOutSet {
  std::string name;
  std::map<std::string, std::size_t> models; ///< by name, how many runs
  std::size_t chosen = 0;                    ///< combination that is the best for all other runs
  std::vector<bool> open;                    ///< by field: no other run depends on it, so nothing chose it
  GridErrors errors, catalog;                ///< of the set: with the chosen combination, with the catalog's values
};
struct HoldOut {
  HoldOutBy by = HoldOutBy::family;
  std::vector<HeldOutSet> sets;
  GridErrors overall; ///< every run with what was chosen without its set
};

struct GridFitResult {
  GridFit fit;
  std::vector<std::string> ids;                  ///< runs that are predicted
  std::vector<std::string> skipped;              ///< "id: why not"
  std::size_t unmoved = 0;                       ///< predicted runs that depend on no field
  std::size_t simulated = 0;                     ///< predictions that were needed: equal ones count once
  std::vector<std::string> catalog;              ///< by field: the catalog's value, or its values "0.26 ms / 0 ms"
  std::vector<std::vector<std::size_t>> grid;    ///< combinations: by field, which value
  std::vector<GridErrors> errors;                ///< of every combination over all runs
  GridErrors catalog_errors;                     ///< with nothing set
  std::size_t best = 0;                          ///< combination
  std::vector<std::vector<std::string>> as_good; ///< by field: values of combinations that are as good but for `flat`
  bool catalog_is_best = false;
  std::vector<HoldOut> held_out;
};

/// Combinations whose objectives differ by no more are printed as equally good: one plan measured twice differs by more
/// (docs/validation.md has a pair, 1.6 points apart).
inline constexpr double flat = 0.002;

/// `runs` may be fewer than were checked: a fit without any is left out. Of combinations that are equally good the one
/// that differs from the catalog in the fewest fields is chosen, of those the first. Throws std::runtime_error when no
/// process can be started.
std::vector<GridFitResult> fits(const std::vector<GridFit>& asked, const std::vector<PublishedRun>& runs,
                                const Value& unknown_fields, int jobs);

/// Whether two texts say the same: "0.26 ms" and "0.26ms", "0.5" and "0.50".
bool same_value(std::string a, std::string b);
/// Every combination of one value of each field; the last field varies fastest.
std::vector<std::vector<std::size_t>> grid_of(const std::vector<FittedField>& fields);
/// What a combination sets.
std::vector<Assignment> assignments_of(const GridFit& fit, const std::vector<std::size_t>& combination);
/// What a fitted field is to a run.
struct FieldUse {
  bool read = false;                ///< the prediction can depend on it: a scenario takes it and something reads it
  std::vector<std::string> catalog; ///< what the catalog has there, where it is read
};
Result<std::vector<FieldUse>> uses_of(const PublishedRun& run, const GridFit& fit, const Value& unknown_fields);

std::string fits_text(const std::vector<GridFitResult>& results);
std::string fits_json(const std::vector<GridFitResult>& results);
std::string fits_csv(const std::vector<GridFitResult>& results);

} // namespace weft::analysis
