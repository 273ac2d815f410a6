#pragma once
// Which algorithm a collective library runs: by operation, size and place, or as the stack says
// (sim/docs/collectives.md, "What is chosen").

#include "platforms/cluster.hpp"
#include "sim/algorithm.hpp"
#include "sim/span.hpp"
#include "workloads/layer.hpp"
#include "workloads/stack.hpp"

#include <bit>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weft::sim {

/// What a message asks of a communicator; the algorithm and with it the links follow from this.
struct Call {
  workloads::CollectiveOp op{};
  double bytes = 0;
  double rate = 0; ///< > 0: a ring of the stack's own that moves so many bytes/s a rank
};

class Choice {
public:
  /// The library's own choices on this cluster.
  explicit Choice(const platforms::Cluster& cluster);
  /// With what a stack forces. Fails on names that no algorithm has or that do not run the operation.
  static Result<Choice> make(const platforms::Cluster& cluster, const workloads::Collectives& forced);

  /// What runs the operation between such ranks, all of them one activity: forced where that can run, else what the
  /// library takes.
  [[nodiscard]] Algorithm of(const Call& call, const Span& span) const;
  /// The library's own choice where its phases can be told apart: also algorithms that run inside domains, along
  /// rails and inside domains again.
  [[nodiscard]] Algorithm in_phases(workloads::CollectiveOp op, double bytes, const Span& span) const;
  /// Why the algorithm cannot run between such ranks; empty = it can.
  [[nodiscard]] std::string refusal(Algorithm algorithm, const Span& span) const;
  struct Forced {
    Algorithm algorithm{};
    Mark mark;
  };
  [[nodiscard]] const std::map<workloads::CollectiveOp, Forced>& forced() const { return forced_; }

  /// The nodes that such ranks stand on: over several parts the first one's.
  [[nodiscard]] const platforms::Cluster& nodes(const Span& span) const {
    return (*parts_)[std::size_t(std::countr_zero(span.parts))];
  }

private:
  [[nodiscard]] Algorithm by_nccl(workloads::CollectiveOp op, double bytes, const Span& span) const;
  [[nodiscard]] Algorithm by_hccl(workloads::CollectiveOp op, double bytes, const Span& span, bool phases) const;
  [[nodiscard]] double cards(const Span& span) const;

  /// `other` where they have not all the same one.
  [[nodiscard]] platforms::CollectiveLibrary library(const Span& span) const;
  [[nodiscard]] bool all_reduce_in_switches(const Span& span) const;

  std::shared_ptr<const std::vector<platforms::Cluster>> parts_; ///< of the cluster, each as if alone
  std::map<workloads::CollectiveOp, Forced> forced_;
};

} // namespace weft::sim
