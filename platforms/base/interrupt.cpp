#include "platforms/base/interrupt.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft {
namespace {

// What the handler looks at: it may call nothing that is not safe inside a signal, so no allocation, no lock.
std::array<std::atomic<pid_t>, 1024> children{};
std::array<char, 4096> written{};
std::atomic<bool> writing{false};

void say(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return; // nobody listens any more
}

void end(int signal) {
  for (auto& child : children)
    if (const pid_t pid = child.load(); pid > 0) ::kill(pid, SIGKILL);
  for (auto& child : children)
    if (const pid_t pid = child.load(); pid > 0) ::waitpid(pid, nullptr, 0);
  if (writing.load()) ::unlink(written.data());
  if (::isatty(STDERR_FILENO)) say("\r\033[K"); // a progress line may stand there
  say(signal == SIGINT ? "weft: interrupted, nothing was written\n" : "weft: terminated, nothing was written\n");
  ::_exit(128 + signal);
}

sigset_t ours() {
  sigset_t out;
  sigemptyset(&out);
  sigaddset(&out, SIGINT);
  sigaddset(&out, SIGTERM);
  return out;
}

} // namespace

void end_cleanly_on_signals() {
  struct sigaction action {};
  action.sa_handler = end;
  action.sa_mask = ours();
  for (int signal : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr); // `nohup`, `&` in a script: as they asked
  }
}

SignalsWait::SignalsWait() {
  const sigset_t set = ours();
  ::sigprocmask(SIG_BLOCK, &set, &before_);
}
SignalsWait::~SignalsWait() {
  ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void child_began(pid_t pid) {
  for (auto& child : children) {
    pid_t free = 0;
    if (child.compare_exchange_strong(free, pid)) return;
  }
}
void child_ended(pid_t pid) {
  for (auto& child : children) {
    pid_t mine = pid;
    if (child.compare_exchange_strong(mine, 0)) return;
  }
}
void become_child_of(pid_t parent) {
  for (auto& child : children)
    child = 0;
  writing = false;
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler == end) ::sigaction(signal, &action, nullptr);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL); // also when the parent is killed and can do nothing
  if (::getppid() != parent) ::_exit(1);
}

void file_is_written(const std::string& path) {
  writing = false;
  if (path.empty() || path.size() >= written.size()) return;
  std::memcpy(written.data(), path.c_str(), path.size() + 1);
  writing = true;
}

} // namespace weft
