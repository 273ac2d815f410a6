// One engine a child process; what comes back through its pipe.
#include "platforms/base/workers.hpp"
#include "sim/engine.hpp"

#include <cstring>

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
    if (broken || n > in_.size() / sizeof n) return;
    rows.reserve(n);
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

template <class T> std::size_t size_of(const std::vector<std::vector<T>>& rows) {
  std::size_t out = sizeof(std::uint64_t);
  for (const auto& row : rows)
    out += sizeof(std::uint64_t) + row.size() * sizeof(T);
  return out;
}

std::string pack(const EngineRun& run) {
  std::string out;
  const std::vector<std::vector<double>> begin{run.begin, run.lead};
  out.reserve(sizeof run.step_time + sizeof run.activities + size_of(begin) + size_of(run.compute) +
              size_of(run.messages)); // megabytes: growing would copy them again and again
  put(out, &run.step_time, sizeof run.step_time);
  put(out, &run.activities, sizeof run.activities);
  put_all(out, begin);
  put_all(out, run.compute);
  put_all(out, run.messages);
  return out;
}
bool unpack(const std::string& in, EngineRun& run) {
  Reader reader(in);
  reader.get(&run.step_time, sizeof run.step_time);
  reader.get(&run.activities, sizeof run.activities);
  std::vector<std::vector<double>> begin;
  reader.get_all(begin);
  if (begin.size() != 2) return false;
  run.begin = std::move(begin[0]);
  run.lead = std::move(begin[1]);
  reader.get_all(run.compute);
  reader.get_all(run.messages);
  return !reader.broken;
}

} // namespace

tl::expected<std::vector<EngineRun>, std::string> run_engines(const std::vector<EngineInput>& inputs, int jobs) {
  auto packed = run_workers(inputs.size(), jobs, [&](std::size_t i) { return pack(run_engine(inputs[i])); });
  if (!packed) return tl::unexpected(packed.error());
  std::vector<EngineRun> runs(inputs.size());
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (!(*packed)[i] || !unpack(*(*packed)[i], runs[i]))
      return tl::unexpected(std::string("a simulation process ended without a result"));
  return runs;
}

} // namespace weft::sim
