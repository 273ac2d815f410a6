#pragma once
// Work in forked children: each item runs in a process of its own and hands back bytes. SimGrid allows one engine
// a process, and a child that dies takes nothing with it.

#include <cstddef>
#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace weft {

/// Runs work(0) .. work(count-1), `jobs` at a time; results in order, whatever order they end in. An item whose
/// child died or threw has no value. The outer error: no process could be started.
using WorkerResults = std::vector<tl::expected<std::string, std::string>>;
tl::expected<WorkerResults, std::string> run_workers(std::size_t count, int jobs,
                                                     const std::function<std::string(std::size_t)>& work);

/// Told after each item how many of its batch are done; batches inside children tell nobody.
using WorkerObserver = std::function<void(std::size_t done, std::size_t count)>;
void observe_workers(WorkerObserver told);

} // namespace weft
