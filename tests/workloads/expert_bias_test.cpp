// What do biases of experts cost where their matmuls do not add them?
#include "tests/support.hpp"
#include "workloads/layer.hpp"

using namespace weft;
using namespace weft::workloads;

namespace {

/// Of kernels of one kind; `again`: only what recomputation repeats.
double bytes(const Work& work, KernelKind kind = KernelKind::elementwise, bool again = false) {
  double out = 0;
  for (const WorkStep& step : work)
    if (!step.is_collective && step.kernel.kind == kind && (step.kernel.recomputation || !again))
      out += step.kernel.bytes.count();
  return out;
}

struct Biased {
  explicit Biased(const char* plan)
      : loaded(test::load("llama3-405b-16k", {"model=mixtral-8x7b", "training.sequence=4096", std::string(plan)})) {
    loaded.scenario.stack.fused_expert_bias = false;
  }
  [[nodiscard]] LayerContext context(Recompute recompute = Recompute::none) const {
    const auto& s = loaded.scenario;
    return {s.model, s.training, s.plan, s.stack, recompute};
  }
  void bias(bool on, bool fused = false) {
    loaded.scenario.model.experts->bias = on;
    loaded.scenario.stack.fused_expert_bias = fused;
  }
  analysis::Loaded loaded;
};

} // namespace

TEST_CASE("biases of experts move 28 bytes an element forward and 36 backward, fused or absent none") {
  const auto experts = LayerKind::experts;
  struct Case {
    const char* plan;
    double rows; ///< two experts a token; sequence parallelism gives each of tp ranks its own tokens
  };
  for (const Case& c : {Case{"plan={ep: 8, dp: 8}", 2 * 4096}, Case{"plan={ep: 4, dp: 4, microbatch: 2}", 4 * 4096},
                        Case{"plan={tp: 4, ep: 8, dp: 8}", 2 * 1024}}) {
    CAPTURE(std::string(c.plan));
    Biased b(c.plan);
    b.bias(false);
    const double forward = bytes(layer_forward(b.context(), experts)),
                 backward = bytes(layer_backward(b.context(), experts)),
                 dense = bytes(layer_forward(b.context(), LayerKind::dense));
    b.bias(true);
    const double elements = 4096 * c.rows; // hidden × rows
    CHECK(bytes(layer_forward(b.context(), experts)) - forward == doctest::Approx(28 * elements).epsilon(1e-12));
    CHECK(bytes(layer_backward(b.context(), experts)) - backward == doctest::Approx(36 * elements).epsilon(1e-12));
    CHECK(bytes(layer_forward(b.context(), LayerKind::dense)) == dense);
    b.bias(true, true);
    CHECK(bytes(layer_forward(b.context(), experts)) == forward);
    CHECK(bytes(layer_backward(b.context(), experts)) == backward);
  }
}

TEST_CASE("a bias is added again where experts are recomputed, and once where a backward is split") {
  Biased b("plan={ep: 8, dp: 8}");
  b.loaded.scenario.plan.recompute_parts = {RecomputePart::experts};
  auto all = [&](Recompute recompute, BackwardPart part, bool again) {
    return bytes(layer_backward(b.context(recompute), LayerKind::experts, part), KernelKind::elementwise, again);
  };
  const double elements = 4096.0 * 2 * 4096;
  for (const Recompute recompute : {Recompute::selective, Recompute::full}) {
    b.bias(false);
    const double without = all(recompute, BackwardPart::both, true);
    b.bias(true);
    CHECK(all(recompute, BackwardPart::both, true) - without == doctest::Approx(28 * elements).epsilon(1e-12));
  }
  auto halves = [&] {
    return all(Recompute::none, BackwardPart::input, false) + all(Recompute::none, BackwardPart::weight, false);
  };
  b.bias(false);
  const double without = halves();
  b.bias(true);
  CHECK(halves() - without == doctest::Approx(36 * elements).epsilon(1e-12));
}

TEST_CASE("no other kind of kernel, collective or FLOP changes with a bias") {
  Biased b("plan={ep: 8, dp: 8}");
  auto others = [&](bool on) {
    b.bias(on);
    std::vector<double> out;
    for (const Work& work :
         {layer_forward(b.context(), LayerKind::experts), layer_backward(b.context(), LayerKind::experts)})
      for (const WorkStep& step : work)
        if (step.is_collective || step.kernel.kind != KernelKind::elementwise)
          out.push_back(step.is_collective ? step.collective.bytes.count()
                                           : step.kernel.executed.count() + step.kernel.bytes.count());
    return out;
  };
  CHECK(others(true) == others(false));
}
