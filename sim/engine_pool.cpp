// Children that each hold one engine, and the pipes their results come back through.
#include "sim/engine.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::sim {
namespace {

void put(std::string& out, const void* data, std::size_t size) {
  out.append(static_cast<const char*>(data), size);
}
template <class T> void put_all(std::string& out, const std::vector<std::vector<T>>& rows) {
  const std::uint64_t n = rows.size();
  put(out, &n, sizeof n);
  for (const auto& row : rows) {
    const std::uint64_t m = row.size();
    put(out, &m, sizeof m);
    put(out, row.data(), m * sizeof(T));
  }
}

class Reader {
public:
  explicit Reader(const std::string& in) : in_(in) {}
  void get(void* data, std::size_t size) {
    if (at_ + size > in_.size()) {
      broken = true;
      return;
    }
    std::memcpy(data, in_.data() + at_, size);
    at_ += size;
  }
  template <class T> void get_all(std::vector<std::vector<T>>& rows) {
    std::uint64_t n = 0;
    get(&n, sizeof n);
    for (std::uint64_t i = 0; i < n && !broken; ++i) {
      std::uint64_t m = 0;
      get(&m, sizeof m);
      if (broken || m > in_.size() / sizeof(T)) return;
      rows.emplace_back(m);
      if (m > 0) get(rows.back().data(), m * sizeof(T));
    }
  }
  bool broken = false;

private:
  const std::string& in_;
  std::size_t at_ = 0;
};

std::string pack(const EngineRun& run) {
  std::string out;
  put(out, &run.step_time, sizeof run.step_time);
  put(out, &run.activities, sizeof run.activities);
  put_all(out, run.compute);
  put_all(out, run.messages);
  return out;
}
bool unpack(const std::string& in, EngineRun& run) {
  Reader reader(in);
  reader.get(&run.step_time, sizeof run.step_time);
  reader.get(&run.activities, sizeof run.activities);
  reader.get_all(run.compute);
  reader.get_all(run.messages);
  return !reader.broken;
}

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

bool launch(const EngineInput& input, std::size_t index, std::vector<Child>& children) {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  std::fflush(nullptr); // or the child would print what waits in our buffers once more
  std::cout.flush();
  const pid_t pid = ::fork();
  if (pid < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return false;
  }
  if (pid == 0) {
    ::close(ends[0]);
    try {
      write_all(ends[1], pack(run_engine(input)));
    } catch (const std::exception&) {
      ::_exit(1); // an empty pipe tells the parent
    }
    ::_exit(0); // skip destructors: SimGrid's and the parent's
  }
  ::close(ends[1]);
  children.push_back({pid, ends[0], index, {}});
  return true;
}

} // namespace

tl::expected<std::vector<EngineRun>, std::string> run_engines(const std::vector<EngineInput>& inputs, int jobs) {
  std::vector<EngineRun> runs(inputs.size());
  std::vector<Child> children;
  std::size_t next = 0;
  std::string failure;
  while (next < inputs.size() || !children.empty()) {
    while (failure.empty() && next < inputs.size() && children.size() < std::size_t(std::max(1, jobs)))
      if (!launch(inputs[next], next, children))
        failure = std::string("cannot start a simulation process: ") + std::strerror(errno);
      else
        ++next;
    if (!failure.empty()) next = inputs.size();
    std::vector<pollfd> polls;
    for (const Child& child : children)
      polls.push_back({child.fd, POLLIN, 0});
    if (polls.empty()) break;
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
      ::waitpid(children[i].pid, &status, 0);
      if (status != 0 || !unpack(children[i].bytes, runs[children[i].index]))
        failure = "a simulation process ended without a result";
      children.erase(children.begin() + std::ptrdiff_t(i));
    }
  }
  if (!failure.empty()) return tl::unexpected(failure);
  return runs;
}

} // namespace weft::sim
