#pragma once
// The verbs' options, and what each is for: one function a verb, what is typed goes into the structs of cli.hpp.

#include "analysis/cli/cli.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace weft::cli {

CLI::App* add_parity(CLI::App& app, Parity& what, Common& options);
CLI::App* add_collective(CLI::App& app, analysis::CollectiveRequest& r, Common& options);
CLI::App* add_calibrate(CLI::App& app, Calibrate& c, Common& options);
CLI::App* add_claims(CLI::App& app, Claims& c, Common& options);
CLI::App* add_report(CLI::App& app, std::vector<std::string>& files, Common& options);
CLI::App* add_rules(CLI::App& app, Rules& r, Common& options);
CLI::App* add_run(CLI::App& app, std::string& scenario, Common& options);
CLI::App* add_compare(CLI::App& app, std::vector<std::string>& scenarios, bool& swap, Common& options);
CLI::App* add_sensitivity(CLI::App& app, std::string& scenario, Common& options);
CLI::App* add_validate(CLI::App& app, Validate& runs, Common& options);
CLI::App* add_catalog(CLI::App& app, std::string& kind, std::string& name, bool& where, Common& options);

} // namespace weft::cli
