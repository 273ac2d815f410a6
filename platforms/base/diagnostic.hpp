#pragma once
// Errors are values: what is wrong, where it stands in which text, and what would be right.

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace weft {

/// A text that was read: a file, or a command-line argument such as "--set plan.tp=4".
struct Source {
  std::string name; ///< as the user named it
  std::string text;
};

/// A place in a source; line and column count from 1, 0 = the source as a whole.
struct Mark {
  std::shared_ptr<const Source> source;
  int line = 0;
  int column = 0;
};

struct Error {
  std::string message; ///< one sentence, no trailing full stop
  Mark where;
  std::string hint; ///< "did you mean `hidden`?"; empty = none
};

template <class T> using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Mark where, std::string message, std::string hint = {}) {
  return tl::unexpected<Error>(Error{std::move(message), std::move(where), std::move(hint)});
}

/// "file:line:col: error: message", then the source line, a caret below it, and "hint: ...", each on
/// its own line (the latter three only where known). Tabs are printed as one blank so that the caret fits.
std::string render(const Error& error);

/// The candidate nearest to `word` by edit distance when it is near enough to be a slip of the hand
/// (distance ≤ max(1, length/3); two neighbours swapped count as one slip); empty otherwise.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);
/// The same as a hint, "did you mean `hidden`?"; empty otherwise.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

} // namespace weft
