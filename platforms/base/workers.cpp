#include "platforms/base/workers.hpp"

#include "platforms/base/interrupt.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft {
namespace {

void write_all(int fd, const std::string& data) {
  for (std::size_t done = 0; done < data.size();) {
    const ssize_t n = ::write(fd, data.data() + done, data.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) ::_exit(1);
    done += std::size_t(n);
  }
}

struct Child {
  pid_t pid = -1;
  int fd = -1;
  std::size_t index = 0;
  std::string bytes;
};

WorkerObserver& observer() {
  static WorkerObserver told;
  return told;
}

bool launch(const std::function<std::string(std::size_t)>& work, std::size_t index, std::vector<Child>& children) {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  std::fflush(nullptr); // or the child would print what waits in our buffers once more
  std::cout.flush();
  const pid_t parent = ::getpid();
  auto wait = std::make_unique<SignalsWait>();
  const pid_t pid = ::fork();
  if (pid < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return false;
  }
  if (pid == 0) {
    become_child_of(parent);
    wait.reset();
    observer() = {};
    ::close(ends[0]);
    for (const Child& other : children)
      ::close(other.fd);
    try {
      write_all(ends[1], work(index));
    } catch (const std::exception&) {
      ::_exit(1);
    }
    ::_exit(0); // skip destructors: SimGrid's and the parent's
  }
  child_began(pid);
  wait.reset();
  ::close(ends[1]);
  children.push_back({pid, ends[0], index, {}});
  return true;
}

} // namespace

void observe_workers(WorkerObserver told) {
  observer() = std::move(told);
}

tl::expected<WorkerResults, std::string> run_workers(std::size_t count, int jobs,
                                                     const std::function<std::string(std::size_t)>& work) {
  WorkerResults results(count);
  std::vector<Child> children;
  std::size_t next = 0, done = 0;
  if (observer()) observer()(done, count);
  while (next < count || !children.empty()) {
    while (next < count && children.size() < std::size_t(std::max(1, jobs))) {
      if (launch(work, next, children)) {
        ++next;
        continue;
      }
      if (children.empty()) return tl::unexpected(std::string("cannot start a process: ") + std::strerror(errno));
      break; // try again once one has ended
    }
    std::vector<pollfd> polls;
    for (const Child& child : children)
      polls.push_back({child.fd, POLLIN, 0});
    if (::poll(polls.data(), polls.size(), -1) < 0) continue;
    for (std::size_t i = children.size(); i-- > 0;) {
      if (polls[i].revents == 0) continue;
      char buffer[1 << 16];
      const ssize_t n = ::read(children[i].fd, buffer, sizeof buffer);
      if (n > 0) {
        children[i].bytes.append(buffer, std::size_t(n));
        continue;
      }
      if (n < 0 && errno == EINTR) continue;
      int status = 0;
      ::close(children[i].fd);
      {
        const SignalsWait wait; // a number that was waited for may be another process by now
        ::waitpid(children[i].pid, &status, 0);
        child_ended(children[i].pid);
      }
      auto& result = results[children[i].index];
      if (status == 0)
        result = std::move(children[i].bytes);
      else
        result = tl::unexpected(std::string("a process ended without a result"));
      children.erase(children.begin() + std::ptrdiff_t(i));
      if (observer()) observer()(++done, count);
    }
  }
  return results;
}

} // namespace weft
