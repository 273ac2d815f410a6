#pragma once
// What a shell may complete after `weft`.

#include "platforms/base/diagnostic.hpp"

#include <map>
#include <string>
#include <vector>

namespace weft::cli {

/// A verb as the shell sees it.
struct VerbWords {
  std::vector<std::string> options;                       ///< "--format"
  std::map<std::string, std::vector<std::string>> values; ///< of options that take one of a few words
  std::vector<std::string> takes_value;                   ///< options that take any other value
};

/// The script for bash: verbs, options and words are in it, names of the catalog are asked for when they are needed.
std::string bash_completion(const std::map<std::string, VerbWords>& verbs);

/// Names that a kind of word may be, one a line: a kind of the catalog, "claims", "inputs".
Result<std::string> completion_names(const std::string& kind);

} // namespace weft::cli
