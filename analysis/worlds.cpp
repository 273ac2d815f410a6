#include "analysis/worlds.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/catalog.hpp"
#include "workloads/plan_names.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weft::analysis {

namespace {

/// A part of a scenario that is kept as it stands, for whoever reads it.
template <class T> Field<T> tree(std::string name, Value T::*member, bool needed, std::string about) {
  return {std::move(name), needed, std::move(about), [member](const Value& value, T& out) -> Result<void> {
            out.*member = value;
            return {};
          }};
}

/// Sizes are keys: {1024: 512, 4096: 1024}.
Result<void> read_batches(const Value& value, Workload& out) {
  if (auto ok = expect_kind(value, Value::Kind::map); !ok) return ok;
  for (const Member& member : value.members) {
    Value key;
    key.kind = Value::Kind::scalar;
    key.scalar = member.key;
    key.mark = member.mark;
    std::int64_t size = 0, batch = 0;
    if (auto ok = weft::read_value(key, size); !ok) return ok;
    if (auto ok = weft::read_value(member.value, batch); !ok) return ok;
    if (size < 1 || batch < 1) return fail(member.mark, "accelerators and sequences are 1 or more");
    out.batch[size] = batch;
  }
  if (out.batch.empty()) return fail(value.mark, "`batch` is empty");
  return {};
}

/// A degree that is a list stands for one plan each.
Result<void> expand(const Value& plan, std::vector<Value>& out) {
  if (auto ok = expect_kind(plan, Value::Kind::map); !ok) return ok;
  for (const char* degree : {"tp", "cp", "ep", "pp", "vpp", "microbatch"}) {
    const Value* list = plan.find(degree);
    if (!list || list->kind != Value::Kind::sequence) continue;
    if (list->items.empty()) return fail(list->mark, fmt::format("`{}` is an empty list", degree));
    for (const Value& item : list->items) {
      Value one = plan;
      *one.find(degree) = item;
      if (auto ok = expand(one, out); !ok) return ok;
    }
    return {};
  }
  if (const Value* dp = plan.find("dp")) return fail(dp->mark, "dp is what the ranks leave: a plan here states none");
  auto read = workloads::read_plan(plan);
  if (!read) return tl::unexpected(read.error());
  if (double(read->tp) * double(read->cp) * double(read->pp) > 1e8)
    return fail(plan.mark, "a replica has more than 100000000 ranks");
  out.push_back(plan);
  return {};
}

Value scalar(std::string text) {
  Value out;
  out.kind = Value::Kind::scalar;
  out.scalar = std::move(text);
  return out;
}
/// Sets a member of a map.
void put(Value& map, const std::string& key, Value value) {
  if (Value* there = map.find(key)) {
    *there = std::move(value);
    return;
  }
  map.kind = Value::Kind::map;
  map.members.push_back({key, value.mark, std::move(value)});
}
std::int64_t degree(const Value& plan, const char* name) {
  const Value* value = plan.find(name);
  std::int64_t out = 1;
  return value && weft::read_value(*value, out) ? out : 1;
}

std::string describe(const workloads::Plan& p, const workloads::Training& t) {
  std::string out;
  for (const auto& [name, value] : {std::pair{"tp", p.tp}, std::pair{"cp", p.cp}, std::pair{"ep", p.ep},
                                    std::pair{"pp", p.pp}, std::pair{"vpp", p.vpp}, std::pair{"dp", p.dp}})
    if (value > 1) out += fmt::format("{} {} ", name, value);
  return fmt::format("{}zero {} microbatch {} × {} {}", out, p.zero, p.microbatch, workloads::microbatches(p, t),
                     enum_name(p.schedule));
}

/// The case with parts of other hardware, on as many ranks.
Result<Case> with_parts(const Worlds& worlds, const World& world, const Case& one) {
  const auto hardware = worlds.hardware.find(world.parts_of);
  Value spec = hardware->second.cluster;
  put(spec, "accelerators", scalar(fmt::format("{}", one.cluster.ranks())));
  auto cluster = platforms::read_cluster(spec);
  if (!cluster) return tl::unexpected(cluster.error());
  cluster->accelerators /= cluster->accelerator.ranks_per_accelerator;
  auto software = platforms::resolve_entry("stacks", hardware->second.stack);
  if (!software) return tl::unexpected(software.error());
  auto stack = workloads::read_stack(*software);
  if (!stack) return tl::unexpected(stack.error());
  Case second = one;
  second.cluster = std::move(*cluster);
  second.scenario.stack = std::move(*stack);
  if (auto ok = check_swappable(one, second); !ok) return tl::unexpected(ok.error());
  auto out = hybrid(one, second, world.parts);
  if (out) out->name = one.name;
  return out;
}

} // namespace

// Found by the field tables.
Result<void> read_value(const Value& value, Workload& out) {
  static const Fields<Workload> table{
      optional("about", &Workload::about, "what it stands for"),
      tree("scenario", &Workload::scenario, true, "model and training"),
      {"batch", true, "sequences a step, by accelerators", read_batches},
      {"plans", true, "what is tried, without dp", [](const Value& v, Workload& w) -> Result<void> {
         if (auto ok = expect_kind(v, Value::Kind::sequence); !ok) return ok;
         for (const Value& plan : v.items)
           if (auto ok = expand(plan, w.plans); !ok) return ok;
         if (w.plans.empty()) return fail(v.mark, "`plans` is empty");
         return {};
       }}};
  out.mark = value.mark;
  return read_fields(value, table, out, "workload");
}
Result<void> read_value(const Value& value, Hardware& out) {
  static const Fields<Hardware> table{optional("about", &Hardware::about, "what it stands for"),
                                      tree("cluster", &Hardware::cluster, true, "a cluster, without accelerators"),
                                      tree("stack", &Hardware::stack, true, "the software")};
  out.mark = value.mark;
  return read_fields(value, table, out, "hardware");
}

Result<Worlds> read_worlds(const std::string& path) {
  auto root = read_document(path);
  if (!root) return tl::unexpected(root.error());
  static const Fields<Worlds> table{required("workloads", &Worlds::workloads, "by name"),
                                    required("hardware", &Worlds::hardware, "by name")};
  Worlds out;
  if (auto ok = read_fields(*root, table, out, "file of worlds"); !ok) return tl::unexpected(ok.error());
  return out;
}

std::string World::key() const {
  std::string out =
      fmt::format("{}|{}|{}|{}|{}|{}|{}", workload, hardware, accelerators, batch, parts_of, parts, only_count);
  for (const std::string& set : sets)
    out += "|" + set;
  return out;
}

Result<LegalPlans> plans_of(const Worlds& worlds, const World& world) {
  const auto workload = worlds.workloads.find(world.workload);
  const auto hardware = worlds.hardware.find(world.hardware);
  if (workload == worlds.workloads.end()) return fail(Mark{}, fmt::format("no workload `{}`", world.workload));
  if (hardware == worlds.hardware.end()) return fail(Mark{}, fmt::format("no hardware `{}`", world.hardware));
  if (!world.parts_of.empty() && !worlds.hardware.contains(world.parts_of))
    return fail(Mark{}, fmt::format("no hardware `{}`", world.parts_of));
  const Workload& asked = workload->second;

  Value base = asked.scenario;
  Value cluster = hardware->second.cluster;
  put(cluster, "accelerators", scalar(fmt::format("{}", world.accelerators)));
  put(base, "cluster", cluster);
  put(base, "stack", hardware->second.stack);
  auto at = asked.batch.upper_bound(world.accelerators);
  const std::int64_t batch = world.batch > 0 ? world.batch : (at == asked.batch.begin() ? at : std::prev(at))->second;
  Value* training = base.find("training");
  if (!training) return fail(asked.mark, "the workload's scenario lacks `training`");
  put(*training, "global_batch", scalar(fmt::format("{}", batch)));

  auto described = platforms::read_cluster(cluster);
  if (!described) return tl::unexpected(described.error());
  const std::int64_t ranks = described->ranks();
  LegalPlans out;
  for (const Value& plan : asked.plans) {
    const std::int64_t replica = degree(plan, "tp") * degree(plan, "cp") * degree(plan, "pp");
    if (ranks % replica != 0) {
      if (out.why.empty()) out.why = fmt::format("{} ranks are no whole number of replicas of {}", ranks, replica);
      continue;
    }
    Value tree = base, cut = plan;
    put(cut, "dp", scalar(fmt::format("{}", ranks / replica)));
    put(tree, "plan", cut);
    auto loaded = load_scenario(std::move(tree), world.sets, world.workload + " on " + world.hardware);
    if (!loaded) return tl::unexpected(loaded.error());
    const auto& s = loaded->scenario;
    if (auto legal = check_legal(s.model, s.training, s.plan, loaded->cluster.ranks()); !legal) {
      if (out.why.empty()) out.why = legal.error().message;
      continue;
    }
    Case one = case_of(*loaded, describe(s.plan, s.training));
    if (!world.parts_of.empty()) {
      auto mixed = with_parts(worlds, world, one);
      if (!mixed) { // what cannot be put together leaves this world without a plan, not the others
        if (out.why.empty()) out.why = mixed.error().message;
        continue;
      }
      one = std::move(*mixed);
    }
    out.cases.push_back(std::move(one));
  }
  if (!out.cases.empty()) out.why.clear();
  return out;
}

Result<std::vector<Best>> best_plans(const Worlds& worlds, const std::vector<World>& asked, const sim::Options& options,
                                     int jobs) {
  std::vector<Best> out(asked.size());
  std::vector<Case> cases;
  std::vector<std::size_t> world_of;
  for (std::size_t w = 0; w < asked.size(); ++w) {
    auto plans = plans_of(worlds, asked[w]);
    if (!plans) return tl::unexpected(plans.error());
    out[w].legal = plans->cases.size();
    out[w].why = plans->why;
    for (Case& c : plans->cases) {
      const auto held = sim::hold(c.scenario, c.cluster);
      if (!held) {
        if (out[w].why.empty()) out[w].why = held.error().message;
        continue;
      }
      if (!held->fits) continue;
      ++out[w].fitting;
      if (asked[w].only_count) {
        if (!out[w].plan) out[w].plan = std::move(c);
        continue;
      }
      cases.push_back(std::move(c));
      world_of.push_back(w);
    }
  }
  const auto headlines = simulate_all(cases, options, jobs);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Best& best = out[world_of[i]];
    const auto& h = headlines[i];
    if (!h) {
      if (best.why.empty()) best.why = h.error().message;
      continue;
    }
    if (best.ideal_step_s == 0 || h->ideal_step_s < best.ideal_step_s) best.ideal_step_s = h->ideal_step_s;
    if (best.plan && best.headline.tokens_per_s >= h->tokens_per_s) continue;
    best.plan = cases[i];
    best.headline = *h;
  }
  for (Best& best : out) {
    if (best.plan)
      best.why.clear();
    else if (best.why.empty())
      best.why = "no plan fits in memory";
  }
  return out;
}

} // namespace weft::analysis
