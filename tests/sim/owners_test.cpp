// Sharded optimizers in the ways of their sources: owners broadcast what they updated, gradients go to everybody.
#include "tests/same_bits.hpp"
#include "tests/support.hpp"
#include "workloads/chunk.hpp"

#include <fmt/format.h>
#include <set>

using namespace weft;
using sim::Role;
using workloads::CollectiveOp;

namespace {

std::vector<std::string> sets(int layers, int dp, const char* more_of_plan, const std::vector<std::string>& more) {
  std::vector<std::string> out{"cluster.name=a100-superpod",
                               fmt::format("cluster.accelerators={}", dp),
                               "model=llama3-8b",
                               fmt::format("model.layers={}", layers),
                               "training.sequence=2048",
                               fmt::format("training.global_batch={}", dp),
                               fmt::format("plan={{dp: {}{}}}", dp, more_of_plan),
                               "stack=internevo-2023",
                               "stack.collectives={all_reduce: ring, all_gather: ring, reduce_scatter: ring}"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}
sim::StepResult run(int layers, int dp, const char* more_of_plan, const std::vector<std::string>& more,
                    sim::Options options = {}) {
  return test::simulate("llama3-405b-16k", sets(layers, dp, more_of_plan, more), options);
}

/// What all ranks together send for dp.
double sent(const sim::StepResult& r) {
  for (const auto& b : r.bytes)
    if (b.dim == sim::Dim::dp) return b.simulated;
  return 0;
}
double bytes_of_weights(const sim::StepResult& r) {
  return 2 * workloads::chunks_of(r.scenario.model, r.scenario.plan).front().parameters;
}
/// Base and hops of a ring over n ranks in k nodes.
double latency(const sim::StepResult& r, double n, double k) {
  const auto& net = r.cluster.fabric.latency;
  return net.base.value.count() + (n - k) * r.cluster.accelerator.scale_up.timing.hop.value.count() +
         (k - 1) * net.hop.value.count();
}

} // namespace

TEST_CASE("owners that broadcast pay a ring's latency each, as many as have a tensor, and not a byte more") {
  // A gated layer has seven tensors; beside them embedding, head and last norm.
  struct Case {
    int layers, dp;
    double tensors;
    const char* bucket; ///< in one piece, or in as many as there are layers
  };
  for (const Case& c : {Case{1, 16, 10, "1 TB"}, Case{2, 16, 17, "1 TB"}, Case{2, 32, 17, "1 TB"},
                        Case{4, 32, 31, "1 TB"}, Case{8, 32, 59, "1 TB"}, Case{4, 32, 31, "1 MB"}}) {
    CAPTURE(c.layers);
    CAPTURE(c.dp);
    CAPTURE(c.bucket);
    const std::string bucket = std::string("stack.dp_bucket=") + c.bucket;
    const auto off = run(c.layers, c.dp, ", zero: 1", {bucket, "stack.owner_broadcasts=false"});
    const auto on = run(c.layers, c.dp, ", zero: 1", {bucket, "stack.owner_broadcasts=true"});
    const double pieces = std::min(double(c.dp), c.tensors), buckets = std::string(c.bucket) == "1 TB" ? 1 : c.layers;
    CHECK(on.run.step_time - off.run.step_time ==
          doctest::Approx((pieces - buckets) * latency(on, c.dp, c.dp / 8)).epsilon(1e-6));
    CHECK(test::relative(sent(on), sent(off)) < 1e-12);
    test::check_ledgers(on);
  }
}

TEST_CASE("without shards nobody broadcasts, and with them only inside the sharding group") {
  for (const char* plan : {", zero: 0", ", zero: 1, shard_group: 1"})
    CHECK(run(2, 16, plan, {"stack.owner_broadcasts=true"}).run.step_time ==
          run(2, 16, plan, {"stack.owner_broadcasts=false"}).run.step_time);
  // Of 64 ranks 16 share: 16 broadcasts between two nodes instead of 64 between eight.
  const char* hybrid = ", zero: 1, shard_group: 16";
  const auto on = run(16, 64, hybrid, {"stack.dp_bucket=1 TB", "stack.owner_broadcasts=true"});
  const auto off = run(16, 64, hybrid, {"stack.dp_bucket=1 TB", "stack.owner_broadcasts=false"});
  CHECK(on.run.step_time - off.run.step_time == doctest::Approx(15 * latency(on, 16, 2)).epsilon(1e-6));
}

TEST_CASE("hybrid sharding that all-reduces sends gradients over all replicas at once") {
  auto bytes = [](const char* plan, const char* all_reduces) {
    const auto r = run(4, 64, plan, {std::string("stack.all_reduces_gradients=") + all_reduces});
    test::check_ledgers(r);
    return sent(r) / 64 / bytes_of_weights(r); // gradients and parameters both have 16 bits
  };
  auto is = [](double over) { return doctest::Approx(over).epsilon(1e-9); };
  const double gather = 15.0 / 16;
  for (const char* plan : {", zero: 1, shard_group: 16", ", zero: 2, shard_group: 16"}) {
    CHECK(bytes(plan, "true") == is(2 * 63.0 / 64 + gather));
    CHECK(bytes(plan, "false") == is(15.0 / 16 + 2 * 3.0 / 4 / 16 + gather));
  }
  CHECK(bytes(", zero: 1", "true") == is(2 * 63.0 / 64 + 63.0 / 64));
  CHECK(bytes(", zero: 1", "false") == is(2 * 63.0 / 64));
}

TEST_CASE("at once means: no reduction stays inside a sharding group or between them") {
  auto reductions = [](const char* all_reduces) {
    const auto r = run(2, 32, ", zero: 1, shard_group: 8", {std::string("stack.all_reduces_gradients=") + all_reduces});
    std::set<std::pair<Role, CollectiveOp>> out;
    for (const auto& stage : r.program.stages)
      for (const auto& op : stage.ops)
        if (op.kind == sim::OpKind::collective && op.role != Role::world)
          out.emplace(op.role, r.program.messages[std::size_t(op.message)].op);
    return out;
  };
  using Set = std::set<std::pair<Role, CollectiveOp>>;
  CHECK(reductions("true") == Set{{Role::dp, CollectiveOp::all_reduce}, {Role::shard, CollectiveOp::all_gather}});
  CHECK(reductions("false") == Set{{Role::shard, CollectiveOp::reduce_scatter},
                                   {Role::replica, CollectiveOp::all_reduce},
                                   {Role::shard, CollectiveOp::all_gather}});
}

TEST_CASE("gradients are reduced at once only with a sharding group, zero 1 or 2, and replicas that go in step") {
  auto loaded = test::load("llama3-405b-16k", sets(2, 32, ", zero: 1, shard_group: 8", {}));
  auto& plan = loaded.scenario.plan;
  auto& stack = loaded.scenario.stack;
  CHECK(workloads::reduces_at_once(plan, stack));
  for (const int zero : {0, 1, 2, 3}) {
    plan.zero = zero;
    CHECK(workloads::reduces_at_once(plan, stack) == (zero == 1 || zero == 2));
  }
  plan.zero = 1;
  stack.all_reduces_gradients = false;
  CHECK(!workloads::reduces_at_once(plan, stack));
  stack.all_reduces_gradients = true;
  plan.outer.inner_steps = 10;
  CHECK(!workloads::reduces_at_once(plan, stack));
  plan.outer.inner_steps = 1;
  plan.shard_group = 0;
  CHECK(!workloads::reduces_at_once(plan, stack));
}

TEST_CASE("broadcasts and reductions at once fold to the last bit, in pipelines and tp groups too") {
  struct Case {
    int ranks, dp;
    const char* plan;
  };
  for (const Case& c : {Case{16, 16, ", zero: 1, shard_group: 4"}, Case{16, 8, ", zero: 2, shard_group: 2, tp: 2"},
                        Case{32, 8, ", zero: 1, shard_group: 4, pp: 2, tp: 2"}, Case{32, 8, ", zero: 1, pp: 4"},
                        Case{16, 8, ", zero: 1, shard_group: 2, cp: 2"}})
    for (const char* more : {"slow_ranks=[]", "slow_ranks=[{rank: 3, speed: 0.7}]"}) {
      CAPTURE(std::string(c.plan));
      CAPTURE(std::string(more));
      auto changes = sets(8, c.dp, c.plan, {more, "training.global_batch=64"});
      changes.push_back(fmt::format("cluster.accelerators={}", c.ranks));
      const auto loaded = test::load("llama3-405b-16k", changes);
      sim::Options whole;
      whole.fold = false;
      const auto a = test::simulate(loaded), b = test::simulate(loaded, whole);
      CHECK(a.folded.ranks.size() < b.folded.ranks.size());
      CHECK(test::same_bits(a, b, a.run, b.run));
      CHECK(test::same_bits(a, b, a.ideal, b.ideal));
      test::check_ledgers(a);
      test::check_ledgers(b);
    }
}
