#pragma once
// The step as a timeline for Perfetto and chrome://tracing (Trace Event JSON): docs/trace.md.

#include "sim/result.hpp"

#include <cstddef>
#include <functional>
#include <string_view>

namespace weft::analysis {

/// Parts of the step in which the use of links is counted.
inline constexpr std::size_t trace_bins = 1000;

/// Where the text goes, piece by piece.
using Sink = std::function<void(std::string_view)>;

struct Traced {
  std::size_t classes = 0, left_out = 0; ///< rank classes that differ; of them those without a process of their own
};

/// A process per rank class (of those that do the same at all times, one), threads for compute, for what is sent and
/// received in each dimension, and for waiting; flows from sends to receives; counters of the use of links, where
/// sim::Options::link_bins were asked for. Where classes are many, of every stage the largest ones are shown.
Traced write_trace(const sim::StepResult& result, const Sink& sink);

} // namespace weft::analysis
