#pragma once
// Verbs about the tool itself, and what it says to somebody who mistyped a verb or an option.

#include <memory>
#include <optional>

namespace CLI {
class App;
class ParseError;
} // namespace CLI

namespace weft::cli {

/// schema, init, completion.
class Tools {
public:
  explicit Tools(CLI::App& app);
  ~Tools();
  /// Its exit code; nothing where none of them was asked for.
  std::optional<int> run();

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Help and version on stdout; of anything else what is wrong and what may have been meant. Returns the exit code.
int stopped(CLI::App& app, const CLI::ParseError& error, int argc, char** argv);

} // namespace weft::cli
