#include "analysis/headline.hpp"

#include "platforms/base/workers.hpp"

#include <cstring>
#include <stdexcept>
#include <type_traits>

namespace weft::analysis {

static_assert(std::is_trivially_copyable_v<Headline>, "it crosses from a simulation process as bytes");

Headline headline(const Summary& s) {
  const sim::StepResult& r = s.result;
  Headline h;
  h.step_s = r.run.step_time;
  h.ideal_step_s = r.ideal_known ? r.ideal.step_time : h.step_s;
  h.tokens_per_s = r.scenario.training.tokens() / h.step_s;
  h.tokens_per_s_per_accelerator = s.tokens_per_s_per_accelerator;
  h.mfu_causal = s.mfu_causal;
  h.mfu_full = s.mfu_full;
  h.mfu_bf16_peak = s.mfu_bf16_peak;
  h.hfu = s.hfu;
  h.effective_flops = s.effective_flops;
  h.accelerators = r.cluster.accelerators;
  h.ranks = r.cluster.ranks();
  h.memory_bytes = r.memory.total().count();
  h.memory_capacity_bytes = r.memory_capacity.count();
  h.recompute = r.recompute;
  h.where = s.where.seconds;
  h.communicating_s = s.where.communicating;
  return h;
}

Case case_of(const Loaded& loaded, std::string name) {
  return {name.empty() ? loaded.scenario.name : std::move(name), loaded.scenario, loaded.cluster};
}

std::vector<Result<Headline>> simulate_all(const std::vector<Case>& cases, sim::Options options, int jobs) {
  options.jobs = 1;
  auto one = [&](std::size_t i) {
    auto result = sim::simulate(cases[i].scenario, cases[i].cluster, options);
    if (!result) return std::string();
    const Headline h = headline(summarise(std::move(*result), {}));
    std::string bytes(sizeof h, '\0');
    std::memcpy(bytes.data(), &h, sizeof h);
    return bytes;
  };
  const auto results = run_workers(cases.size(), jobs, one);
  if (!results) throw std::runtime_error(results.error());
  std::vector<Result<Headline>> out;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& bytes = (*results)[i];
    if (!bytes) throw std::runtime_error(cases[i].name + ": " + bytes.error());
    if (bytes->empty()) { // what is wrong with it is found before anything is simulated: ask again, with its place
      const auto again = sim::simulate(cases[i].scenario, cases[i].cluster, options);
      if (again) throw std::logic_error(cases[i].name + ": refused once and not again");
      out.emplace_back(tl::unexpected(again.error()));
      continue;
    }
    Headline h;
    std::memcpy(&h, bytes->data(), sizeof h);
    out.emplace_back(h);
  }
  return out;
}

Result<std::vector<Headline>> simulate_each(const std::vector<Case>& cases, sim::Options options, int jobs) {
  std::vector<Headline> out;
  for (auto& result : simulate_all(cases, options, jobs)) {
    if (!result) return tl::unexpected(result.error());
    out.push_back(*result);
  }
  return out;
}

} // namespace weft::analysis
