#pragma once
// The figures a result stands on, each with its source: what a reader asks first about a number.

#include "sim/result.hpp"

#include <string>
#include <vector>

namespace weft::analysis {

struct EvidenceLine {
  std::string figure;           ///< "accelerator.peak.bf16"
  std::string value, low, high; ///< printed; low and high empty where the sources agree
  std::string evidence, source, note;
};

/// Figures that the run used, hardware first.
std::vector<EvidenceLine> evidence(const workloads::Scenario& scenario, const platforms::Cluster& cluster);

/// Those of them that a collective by itself uses.
std::vector<EvidenceLine> interconnect_evidence(const platforms::Cluster& cluster);

/// One sentence: how many measured runs stand behind the chip, and the weakest class among its constants.
std::string evidence_sentence(const workloads::Scenario& scenario, const platforms::Cluster& cluster);

} // namespace weft::analysis
