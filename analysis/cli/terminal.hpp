#pragma once
// What is there only for somebody who looks at a terminal: colours and a line that says how far it is.

#include <string>

namespace weft::cli {

/// auto (where the stream is a terminal, and NO_COLOR is not set), always, never.
void choose_colour(const std::string& when);
/// Whether what is printed on stdout is a person's text, not JSON or CSV.
void data_is_text(bool is);

/// Headings (lines in capitals) made bold, where stdout shows colours.
std::string with_headings(const std::string& text);
/// "error:" and "hint:" at the begin of a line coloured, where stderr shows colours.
std::string with_error_marks(const std::string& text);

/// From now on batches of simulations that run past a second say on stderr, where it is a terminal, how many are done
/// and how long the rest will take.
void show_progress();
/// What stood in the line goes.
void clear_progress();

} // namespace weft::cli
