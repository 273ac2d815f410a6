#include "workloads/scenario.hpp"

#include "platforms/base/fields.hpp"

#include <fmt/format.h>

namespace weft {

using workloads::SlowRank;

Result<void> read_value(const Value& value, SlowRank& out) {
  static const Fields<SlowRank> table{
      required("rank", &SlowRank::rank, "which", at_least<std::int64_t>(0)),
      required("speed", &SlowRank::speed, "share of the nominal speed",
               [](const double& v) { return v > 0 && v <= 1 ? std::string{} : "must be above 0 and at most 1"; })};
  out.mark = value.mark;
  return read_fields(value, table, out, "slow rank");
}

} // namespace weft

namespace weft::workloads {
namespace {

struct File {
  std::string name, about;
  Value cluster, model, training, plan, stack;
  std::vector<SlowRank> slow_ranks;
  Jitter jitter;
};

/// Keeps a subtree unread; `kind` is of what it is a name or a map.
Field<File> raw(std::string name, Value File::*member, bool needed, std::string about, std::string kind) {
  return {std::move(name), needed, std::move(about),
          [member](const Value& value, File& out) -> Result<void> {
            out.*member = value;
            return {};
          },
          [kind = std::move(kind)] {
            return weft::Shape{weft::Shape::Kind::entry, {kind}, {}, {}, {}};
          }};
}

} // namespace

Result<Scenario> read_scenario(const Value& root, const EntryLoader& load) {
  static const Fields<File> table{
      optional("name", &File::name, "of the scenario"),
      optional("about", &File::about, "one line"),
      raw("cluster", &File::cluster, true, "cluster name, or a map that overrides it", "clusters"),
      raw("model", &File::model, true, "model name, or a map", "models"),
      raw("training", &File::training, true, "batch, sequence, precision", "training"),
      raw("plan", &File::plan, true, "parallelism and schedule", "plans"),
      raw("stack", &File::stack, false, "software stack name, or a map", "stacks"),
      optional("slow_ranks", &File::slow_ranks, "ranks slower than the others"),
      optional("jitter", &File::jitter, "how unevenly all ranks compute")};
  File file;
  if (auto ok = read_fields(root, table, file, "scenario"); !ok) return tl::unexpected(ok.error());
  Scenario out;
  out.name = file.name;
  out.about = file.about;
  out.cluster = file.cluster;

  auto model_tree = load("models", file.model);
  if (!model_tree) return tl::unexpected(model_tree.error());
  auto model = read_model(*model_tree);
  if (!model) return tl::unexpected(model.error());
  auto training = read_training(file.training);
  if (!training) return tl::unexpected(training.error());
  auto plan_tree = file.plan.is_map() && !file.plan.find("name") ? Result<Value>(file.plan) : load("plans", file.plan);
  if (!plan_tree) return tl::unexpected(plan_tree.error());
  std::erase_if(plan_tree->members, [](const Member& m) { return m.key == "name" || m.key == "about"; });
  auto plan = read_plan(*plan_tree);
  if (!plan) return tl::unexpected(plan.error());
  if (file.stack.kind == Value::Kind::null) {
    file.stack.kind = Value::Kind::scalar;
    file.stack.scalar = default_stack;
    file.stack.mark = root.mark;
  }
  auto stack_tree = load("stacks", file.stack);
  if (!stack_tree) return tl::unexpected(stack_tree.error());
  auto stack = read_stack(*stack_tree);
  if (!stack) return tl::unexpected(stack.error());
  out.model = std::move(*model);
  out.training = *training;
  out.plan = std::move(*plan);
  out.stack = std::move(*stack);
  out.stack.mark = file.stack.mark;
  out.slow_ranks = file.slow_ranks;
  out.jitter = file.jitter;
  out.canonical = canonical_text(*model_tree) + canonical_text(file.training) + canonical_text(*plan_tree) +
                  canonical_text(*stack_tree);
  for (const SlowRank& slow : out.slow_ranks)
    out.canonical += fmt::format("slow {} {}\n", slow.rank, slow.speed);
  if (out.jitter.any()) out.canonical += canonical_text(*root.find("jitter"));
  return out;
}

} // namespace weft::workloads
