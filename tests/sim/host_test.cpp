// When does the host hold the device up: a floor under a layer, a loop over experts, launches in turn?
#include "sim/slot.hpp"
#include "tests/support.hpp"

using namespace weft;
using sim::Recipe;
using sim::total;
using workloads::KernelKind;

namespace {

workloads::WorkStep kernel(KernelKind kind, double flops) {
  workloads::WorkStep step;
  step.kernel.kind = kind;
  step.kernel.executed = Flops(flops);
  step.kernel.rows = 1e6;
  return step;
}

/// A dense matmul and two grouped ones, priced without any collective.
struct Priced {
  Priced()
      : loaded(test::load("llama3-405b-16k", {"model=mixtral-8x7b"})),
        kernels(*sim::KernelPricer::make(loaded.cluster.accelerator, loaded.scenario)) {
    part.work = {kernel(KernelKind::gemm, 1e13), kernel(KernelKind::grouped_gemm, 3e13),
                 kernel(KernelKind::grouped_weight_gradient, 2e13)};
    dense = total(kernels.price(part.work[0].kernel));
    experts = total(kernels.price(part.work[1].kernel)) + total(kernels.price(part.work[2].kernel));
  }
  [[nodiscard]] sim::Cost cost() const {
    return sim::SlotPricer(
               kernels, [](const workloads::LayerCollective&) { return sim::LayerTime{}; }, 0, 0, 0)
        .price(Recipe{{part}});
  }
  [[nodiscard]] double time() const { return cost().elastic + cost().rigid; }

  analysis::Loaded loaded;
  sim::KernelPricer kernels;
  Recipe::Part part;
  double dense = 0, experts = 0;
};

double host(const sim::StepResult& r) {
  return analysis::where_time_went(r, r.run, r.costs, 0).seconds[std::size_t(sim::Entry::host)];
}

} // namespace

TEST_CASE("a loop over experts counts where it is slower than their matmuls, and only by the difference") {
  Priced p;
  const double device = p.dense + p.experts;
  for (const double loop : {0.0, 0.5, 0.99, 1.5, 4.0}) {
    CAPTURE(loop);
    p.part.host_loop = loop * p.experts;
    const double extra = std::max(0.0, loop - 1) * p.experts;
    CHECK(p.time() == doctest::Approx(device + extra).epsilon(1e-12)); // the dense matmul hides nothing of it
    CHECK(p.cost().parts[std::size_t(sim::Entry::host)] == doctest::Approx(extra).epsilon(1e-9));
    CHECK(total(p.cost().parts) == doctest::Approx(p.time()).epsilon(1e-12));
  }
}

TEST_CASE("the host's floor is a maximum over device and loop together") {
  Priced p;
  const double device = p.dense + p.experts;
  p.part.host_loop = 2 * p.experts;
  const double busy = device + p.experts;
  for (const double floor : {0.5 * device, 0.5 * (device + busy), 2 * busy}) {
    p.part.host_floor = floor;
    CHECK(p.time() == doctest::Approx(std::max(busy, floor)).epsilon(1e-12));
  }
  p.part.times = 3;
  CHECK(p.time() == doctest::Approx(3 * 2 * busy).epsilon(1e-12));
  p.part.only_host = true; // kernels are ops of their own: what is left is the wait
  CHECK(p.time() == doctest::Approx(3 * (2 * busy - device)).epsilon(1e-12));
}

TEST_CASE("a host that launches in turn adds its time to the device's") {
  Priced p;
  const double device = p.dense + p.experts;
  p.part.host_in_turn = true;
  for (const double floor : {0.0, 0.1 * device, 3 * device}) {
    p.part.host_floor = floor;
    CHECK(p.time() == doctest::Approx(device + floor).epsilon(1e-12));
  }
  p.part.host_loop = 1.5 * p.experts;
  CHECK(p.time() == doctest::Approx(device + 3 * device + 1.5 * p.experts).epsilon(1e-12)); // nothing beside the loop
}

TEST_CASE("with blocking launches a step pays every layer's host time, whatever the device does") {
  const auto beside = test::simulate("korthikanti-22b");
  const auto in_turn = test::simulate("korthikanti-22b", {"stack.launch_blocking=true"});
  const auto& stack = in_turn.scenario.stack;
  const double layers = 48 * stack.issue().dense.value.count(), overhead = stack.step_overhead.value.count();
  CHECK(host(beside) == doctest::Approx(overhead)); // large kernels hide it
  CHECK(host(in_turn) == doctest::Approx(layers + overhead).epsilon(1e-9));
  CHECK(in_turn.run.step_time - beside.run.step_time == doctest::Approx(layers).epsilon(1e-9));
}
