#pragma once
// The formula of a collective alone on its fabric (sim/docs/collectives.md): latency, and bytes over the rate of
// every kind of link. Knows no paths: what a link carries is arithmetic on ranks, domains and blocks.

#include "sim/collective_run.hpp"

#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace weft::sim {

struct ClosedForm {
  struct Term {
    std::string link;            ///< kind, as in LinkBytes
    double bytes = 0;            ///< through the busiest one of them
    double bytes_per_second = 0; ///< achieved
    [[nodiscard]] double seconds() const { return bytes / bytes_per_second; }
  };
  std::string formula;
  double latency = 0; ///< s, √ term included
  std::vector<Term> terms;
  [[nodiscard]] double time() const; ///< latency and the slowest term
};

/// One for each phase; their times add up. `algorithm` is the one that runs. The error says why no formula is known
/// there: part-filled domains, tori, PCIe.
tl::expected<std::vector<ClosedForm>, std::string> closed_form(const platforms::Cluster& cluster, std::int64_t ranks,
                                                               const AskedCollective& asked, Algorithm algorithm);

/// Of phases one after the other.
double time_of(const std::vector<ClosedForm>& phases);

} // namespace weft::sim
