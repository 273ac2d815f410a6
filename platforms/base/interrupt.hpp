#pragma once
// Ctrl-C and SIGTERM end the program at once and leave nothing behind: no child, no half-written file. The exit code
// is 128 and the signal's number: 130, 143.

#include <csignal>
#include <string>
#include <sys/types.h>

namespace weft {

/// From now on. Called once, by the program's main.
void end_cleanly_on_signals();

/// While it lives, signals wait: a child or a file is known before it can be left behind.
class SignalsWait {
public:
  SignalsWait();
  ~SignalsWait();
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

private:
  sigset_t before_{};
};

void child_began(pid_t pid); ///< in its parent, with signals waiting
void child_ended(pid_t pid);
/// In the child, with signals waiting: it ends with its parent, and is not its parent's heir.
void become_child_of(pid_t parent);

/// The one file that is being written; empty: none.
void file_is_written(const std::string& path);

} // namespace weft
