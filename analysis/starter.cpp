#include "analysis/starter.hpp"

#include "analysis/load.hpp"
#include "analysis/schema.hpp"
#include "platforms/catalog.hpp"
#include "sim/simulate.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <tuple>
#include <vector>

namespace weft::analysis {
namespace {

using workloads::Plan;
using workloads::Recompute;

/// As a batch of pre-training usually is.
constexpr double usual_tokens = 4e6;

/// Newest first; which of them runs depends on the chip's kernels.
constexpr const char* stacks[] = {"megatron-te-2025", "mindspeed-2024", "megatron-te-2024",
                                  "megatron-2023",    "megatron-2022",  "torchtitan-2025"};

struct Candidate {
  Plan plan;
  std::int64_t batch = 0;
};

std::string about(const Shape& table, const std::string& key) {
  for (const FieldShape& field : table.fields)
    if (field.name == key) return field.about;
  return {};
}
std::string choices(const Shape& table, const std::string& key) {
  for (const FieldShape& field : table.fields)
    if (field.name == key && field.shape.kind == Shape::Kind::choice &&
        field.about.find(field.shape.names.back()) == std::string::npos) // it names them itself
      return fmt::format(": {}", fmt::join(field.shape.names, ", "));
  return {};
}

/// The file's text; keys that it does not use are named in a comment, so that nobody needs to look them up.
class Text {
public:
  void section(const std::string& key, const Shape& table) {
    out_ += fmt::format("\n# {}\n{}:\n", about(scenario_, key), key);
    table_ = table;
    used_.clear();
  }
  void value(const std::string& key, const std::string& value) {
    const std::string entry = fmt::format("  {}: {}", key, value);
    out_ += fmt::format("{:<28} # {}{}\n", entry, about(table_, key), choices(table_, key));
    used_.push_back(key);
  }
  void rest() {
    for (const FieldShape& field : table_.fields)
      if (std::find(used_.begin(), used_.end(), field.name) == used_.end())
        out_ += fmt::format("  # {:<24} # {}{}\n", field.name + ":", field.about, choices(table_, field.name));
  }
  void line(const std::string& key, const std::string& value) {
    out_ += fmt::format("\n# {}\n{}: {}\n", about(scenario_, key), key, value);
  }
  std::string out_;

private:
  Shape scenario_ = *input_shape("scenario"), table_;
  std::vector<std::string> used_;
};

/// A name as YAML reads it back, whatever letters a file's has.
std::string word(const std::string& name) {
  constexpr const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
  if (!name.empty() && name.find_first_not_of(plain) == std::string::npos && name.front() != '-') return name;
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string text_of(const StarterRequest& r, const std::string& stack, const Candidate& c) {
  Text text;
  text.out_ =
      fmt::format("# {} on {} {}: `weft run FILE` simulates a step of it. Every field can be overridden there:\n"
                  "# `--set plan.tp=4`. `weft catalog clusters` (models, stacks, ...) lists what there is by name.\n"
                  "# An editor completes and checks this file with the schema that `weft schema scenario` prints.\n"
                  "name: {}\n",
                  r.model, r.accelerators, r.cluster, r.name);
  auto seen = [&r](const std::string& name) { return word(r.seen_from(name)); };
  text.line("cluster", fmt::format("{{name: {}, accelerators: {}}}", seen(r.cluster), r.accelerators));
  text.line("model", seen(r.model));
  text.section("training", *input_shape("training"));
  text.value("global_batch", std::to_string(c.batch));
  text.value("sequence", std::to_string(r.sequence));
  text.value("precision", "bf16");
  text.rest();
  const Plan& p = c.plan;
  text.section("plan", *input_shape("plan"));
  text.value("tp", std::to_string(p.tp));
  text.value("pp", std::to_string(p.pp));
  if (p.ep > 1) text.value("ep", std::to_string(p.ep));
  text.value("dp", std::to_string(p.dp));
  text.value("zero", std::to_string(p.zero));
  text.value("microbatch", std::to_string(p.microbatch));
  text.value("schedule", std::string(enum_name(p.schedule)));
  text.value("recompute", std::string(enum_name(p.recompute)));
  text.rest();
  text.line("stack", seen(stack));
  return text.out_;
}

/// What a scenario's text without a plan of its own says of cluster and model.
Result<Loaded> load(const StarterRequest& r, const std::string& stack, const std::string& plan, std::int64_t batch) {
  auto tree =
      parse_document(fmt::format("cluster: {{name: {}, accelerators: {}}}\nmodel: {}\n"
                                 "training: {{global_batch: {}, sequence: {}, precision: bf16}}\n"
                                 "plan: {}\nstack: {}\n",
                                 word(r.cluster), r.accelerators, word(r.model), batch, r.sequence, plan, word(stack)),
                     "weft init");
  if (!tree) return tl::unexpected(tree.error());
  return load_scenario(std::move(*tree), {}, "my-scenario");
}

std::vector<Candidate> candidates(const StarterRequest& r, const Loaded& loaded) {
  const auto& model = loaded.scenario.model;
  const std::int64_t ranks = loaded.cluster.ranks(), domain = loaded.cluster.ranks_per_domain();
  const auto usual = std::max<std::int64_t>(1, std::int64_t(usual_tokens) / r.sequence);
  std::vector<std::tuple<int, bool, std::int64_t, std::int64_t, Candidate>> found;
  for (const Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full})
    for (std::int64_t tp = 1; tp <= std::min<std::int64_t>(domain, 8); tp *= 2)
      for (std::int64_t pp = 1; pp <= std::min<std::int64_t>(model.layers, 64); ++pp)
        for (std::int64_t ep = 1; ep <= (model.experts ? std::min<std::int64_t>(model.experts->count, 64) : 1);
             ep *= 2) {
          if (ranks % (tp * pp) != 0) continue;
          Candidate c;
          c.plan = loaded.scenario.plan;
          c.plan.tp = tp;
          c.plan.pp = pp;
          c.plan.ep = ep;
          c.plan.dp = ranks / (tp * pp);
          c.plan.zero = 1;
          c.plan.recompute = recompute;
          c.batch = r.global_batch > 0 ? r.global_batch : (usual + c.plan.dp - 1) / c.plan.dp * c.plan.dp;
          const bool starved = c.batch / c.plan.dp < 2 * pp && pp > 1; // mostly bubble
          found.emplace_back(int(recompute), starved, tp * pp, std::max(pp, ep), std::move(c));
        }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<1>(a), std::get<0>(a), std::get<2>(a), std::get<3>(a)) <
           std::tie(std::get<1>(b), std::get<0>(b), std::get<2>(b), std::get<3>(b));
  });
  std::vector<Candidate> out;
  for (auto& one : found)
    out.push_back(std::move(std::get<4>(one)));
  return out;
}

} // namespace

std::string StarterRequest::seen_from(const std::string& named) const {
  namespace fs = std::filesystem;
  if (!platforms::names_a_file(named) || folder.empty()) return named;
  return fs::proximate(fs::absolute(named), fs::absolute(folder)).string();
}

Result<std::string> starter_scenario(const StarterRequest& r) {
  if (r.accelerators < 1) return fail({}, "--accelerators is 1 or more");
  if (r.sequence < 1) return fail({}, "--sequence is 1 or more");
  std::vector<std::string> tried{r.stack};
  if (r.stack.empty()) tried.assign(std::begin(stacks), std::end(stacks));
  std::optional<Error> why;
  for (const std::string& stack : tried) {
    auto loaded = load(r, stack, fmt::format("{{dp: {}}}", r.accelerators), std::max<std::int64_t>(1, r.global_batch));
    if (!loaded) return tl::unexpected(loaded.error());
    bool any = false;
    for (const Candidate& c : candidates(r, *loaded)) {
      loaded->scenario.plan = c.plan;
      loaded->scenario.training.global_batch = c.batch;
      const auto& s = loaded->scenario;
      if (!check_legal(s.model, s.training, s.plan, loaded->cluster.ranks())) continue;
      any = true;
      const auto held = sim::hold(s, loaded->cluster);
      if (!held || !held->fits) continue;
      sim::Options options;
      options.ideal_run = false;
      if (auto run = sim::simulate(s, loaded->cluster, options); !run) { // this stack has no kernels on this chip
        why = run.error();
        break;
      }
      return text_of(r, stack, c);
    }
    if (!why)
      why = Error{
          any ? fmt::format("no plan of {} fits on {} accelerators of {}", r.model, r.accelerators, r.cluster)
              : fmt::format("no plan of {} is legal on {} accelerators of {}", r.model, r.accelerators, r.cluster),
          {},
          any ? "more accelerators, a smaller model, or a shorter --sequence"
              : "a round number of accelerators, and a --global-batch that it divides"};
  }
  return tl::unexpected(*why);
}

} // namespace weft::analysis
