#pragma once
// What the verbs share: options, output, exit codes.

#include "analysis/calibrate.hpp"
#include "analysis/collective.hpp"
#include "analysis/load.hpp"
#include "analysis/summary.hpp"
#include "sim/simulate.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weft::cli {

enum ExitCode { ok = 0, internal = 1, wrong_input = 2, does_not_fit = 3, outside_band = 4 };

struct Common {
  std::string format = "text"; ///< text, json, csv
  std::vector<std::string> sets;
  bool no_fold = false;
  std::string solver = "fluid"; ///< fluid, simgrid
  bool no_tax = false;
  bool explain = false;
  bool ideal_network = false;
  bool stats = false;
  int jobs = 2;
  std::int64_t seed = 0;
  std::int64_t max_activities = sim::Options{}.max_activities;
  std::int64_t seeds = 0; ///< 0: the one draw
  bool power = false;
  std::string location;        ///< catalog name or file; empty: by the chip
  std::int64_t samples = 0;    ///< 0: no band
  std::string html;            ///< the page; empty: none
  std::string trace, pipeline; ///< files to write; empty: none
  bool force = false;          ///< replace them
  std::string command;         ///< as typed
};

struct Validate {
  std::vector<std::string> files;               ///< files or folders of published runs; empty = the project's own
  std::vector<std::string> grades, groups, ids; ///< empty = A and B; all
  std::string scenario;                         ///< print this run's scenarios instead of predicting
  double max_median = -1, max_p90 = -1;         ///< < 0: no limit
  std::size_t worst = 5;
  bool plan_choice = false; ///< ranks of plans instead of errors
  bool pairs = false;       ///< what pairs of runs lose to communication instead of errors
  std::string pairs_file;   ///< other pairs than the project's own
  bool fits = false;        ///< what fitted constants are without a part of the runs instead of errors
  std::string fits_file;    ///< other fits than the project's own
};

struct Calibrate {
  analysis::CalibrationRequest request;
  std::string out;    ///< the chip's file
  bool force = false; ///< replace it
};

inline constexpr std::int64_t claim_samples = 16; ///< behind every band of a claim's value, where none are asked for
struct Claims {
  std::vector<std::string> names; ///< names or numbers; empty = all
  std::string folder;             ///< other claims than the project's own
  bool every_size = false;        ///< samples of every world
  bool no_bands = false;
};

struct Parity {
  std::vector<std::string> references, candidates; ///< scenarios
  std::optional<std::int64_t> accelerators;        ///< of the reference
  std::optional<double> tokens_per_s;
  bool scale_batch = false;
};

struct Rules {
  std::vector<std::string> chips, designs; ///< catalog names; files. None of both: every chip
  std::string scenario;                    ///< in whose cluster chips are simulated
  bool fastest = false;                    ///< what each rule leaves instead of what it says of chips
};

int run(const std::string& scenario, const Common& options);
int compare(std::vector<std::string> scenarios, const Common& options);
int swap(const std::vector<std::string>& scenarios, const Common& options);
int parity(const Parity& what, const Common& options);
int validate(const Validate& what, const Common& options);
int calibrate(const Calibrate& what, const Common& options);
int claims(const Claims& what, const Common& options);
int collective(analysis::CollectiveRequest request, const Common& options);
int sensitivity(const std::string& scenario, const Common& options);
int report_files(const std::vector<std::string>& files, const Common& options);
int rules(const Rules& what, const Common& options);
int catalog(const std::string& kind, const std::string& name, const Common& options);
int catalog_folder();

/// Loads and simulates; `all_subsets` as the tax split needs. The error is ready to print.
Result<analysis::Summary> simulate(const std::string& scenario, const Common& options, bool all_subsets,
                                   bool explain = false);
void print_data(const std::string& text); ///< to stdout
/// Adds the bands of scenarios that were simulated; nothing where no samples are asked for.
Result<void> add_bands(const std::vector<std::string>& scenarios, const Common& options,
                       std::vector<analysis::Summary>& summaries);
/// The command line as a shell would take it again.
std::string typed(int argc, char** argv);
/// Whether the asked page can be written, before anything is simulated; well where none is asked for.
Result<void> check_page(const Common& options);
/// Writes the page of what a verb prints as JSON; nothing where none is asked for. `pipeline`: of a run, whose picture
/// stands in the page.
Result<void> add_page(const Common& options, const std::string& verb, const std::function<std::string()>& json,
                      const sim::StepResult* pipeline = nullptr);
/// Prints an error to stderr; returns wrong_input.
int report(const Error& error);
/// Says on stderr what does not fit, by how much, and the nearest plan that does. Returns whether it fits.
bool report_memory(const analysis::Summary& summary);
sim::Solver solver_of(const Common& options);
/// How a person asked for steps to be simulated; each may be as large as the user allows.
sim::Options what_if_options(const Common& options);
/// Seconds of CPU (children included) and peak memory, on stderr.
void print_stats();

} // namespace weft::cli
