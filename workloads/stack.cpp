#include "workloads/stack.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/base/precision_names.hpp"
#include "workloads/stack_names.hpp"

#include <fmt/format.h>

namespace weft {

using workloads::Collectives;
using workloads::HostIssue;
using workloads::NamedAlgorithm;
using workloads::Overlap;

Result<void> read_value(const Value& value, Overlap& out) {
  static const Fields<Overlap> table{
      optional("gradients", &Overlap::gradients, "dp reduction during backward"),
      optional("parameters", &Overlap::parameters, "dp all-gather during forward"),
      optional("weights", &Overlap::weights, "gathers and reductions of sharded weights (zero 3)"),
      optional("pipeline", &Overlap::pipeline, "sends between stages"),
      optional("context", &Overlap::context, "blocks of keys and values beside attention"),
      optional("tp_regather", &Overlap::tp_regather, "backward all-gather beside the data gradient"),
      optional("tp_input_gradient", &Overlap::tp_input_gradient,
               "input-gradient reduction beside the weight gradient")};
  return read_fields(value, table, out, "overlap");
}

Result<void> read_value(const Value& value, NamedAlgorithm& out) {
  out.mark = value.mark;
  return read_value(value, out.name);
}

Result<void> read_value(const Value& value, Collectives& out) {
  static const Fields<Collectives> table{
      optional("all_reduce", &Collectives::all_reduce, "algorithm of all-reduces"),
      optional("all_gather", &Collectives::all_gather, "algorithm of all-gathers"),
      optional("reduce_scatter", &Collectives::reduce_scatter, "algorithm of reduce-scatters"),
      optional("all_to_all", &Collectives::all_to_all, "algorithm of exchanges")};
  return read_fields(value, table, out, "collectives");
}

Result<void> read_value(const Value& value, HostIssue& out) {
  static const Fields<HostIssue> table{
      required("dense", &HostIssue::dense, "least time per dense layer and microbatch"),
      required("experts", &HostIssue::experts, "least time per layer with experts and microbatch"),
      optional("size_waits", &HostIssue::size_waits, "part of `experts` spent waiting for the sizes of experts"),
      required("expert_loop", &HostIssue::expert_loop, "added per local expert and microbatch")};
  return read_fields(value, table, out, "host");
}

} // namespace weft

namespace weft::workloads {
namespace {

std::string not_negative(const Figure<double>& f) {
  return f.value >= 0 ? std::string{} : "must not be negative";
}
std::string share(const Figure<double>& f) {
  return f.value >= 0 && f.value <= 1 ? std::string{} : "must be between 0 and 1";
}

} // namespace

bool reduces_at_once(const Plan& plan, const Stack& stack) {
  const bool hybrid = plan.shard() < plan.replicas();
  return hybrid && !plan.loose() && (plan.zero == 1 || plan.zero == 2) && stack.all_reduces_gradients;
}

Result<Stack> read_stack(const Value& value) {
  static const Fields<Stack> table{
      required("name", &Stack::name, "catalog name"),
      optional("about", &Stack::about, "one line"),
      required("attention", &Stack::attention, "kernel family, as the accelerator names them"),
      optional("matmuls", &Stack::matmuls, "family of matmuls, where the accelerator has one of that name"),
      optional("fused_softmax_attention", &Stack::fused_softmax_attention, "false: scores go through memory"),
      optional("recompute_early_stop", &Stack::recompute_early_stop, "full recomputation leaves out the last matmul"),
      optional("last_stage_recomputes", &Stack::last_stage_recomputes,
               "in a pipeline, the chunk with the head recomputes too"),
      optional("cp_balanced", &Stack::cp_balanced, "causal work is dealt evenly over cp ranks"),
      required("wgrad_accumulation_bytes", &Stack::wgrad_accumulation_bytes, "per weight and microbatch", not_negative),
      required("cross_entropy_bytes", &Stack::cross_entropy_bytes, "per logit, forward", not_negative),
      optional("elementwise_efficiency", &Stack::elementwise_efficiency, "of HBM bandwidth, where not the chip's"),
      optional("gradient_precision", &Stack::gradient_precision, "of reduced gradients"),
      optional("parameter_precision", &Stack::parameter_precision, "of gathered parameters"),
      optional("dispatch_precision", &Stack::dispatch_precision, "of tokens sent to experts"),
      optional("all_reduces_gradients", &Stack::all_reduces_gradients, "zero 1 and 2 all-reduce gradients"),
      optional("owner_broadcasts", &Stack::owner_broadcasts, "updated weights are broadcast by owner, not gathered"),
      optional("tp_low_precision", &Stack::tp_low_precision, "tp gathers carry the training precision, not 16 bits"),
      optional("tp_keeps_gathered", &Stack::tp_keeps_gathered, "gathered inputs are kept for the backward"),
      required("tp_hidden_share", &Stack::tp_hidden_share, "share of tp traffic inside its matmul", share),
      optional("overlap", &Stack::overlap, "which traffic may run beside compute"),
      optional("collectives", &Stack::collectives, "algorithms that the library is made to run"),
      optional("pipeline_scatter", &Stack::pipeline_scatter, "stage boundaries carry 1/tp a rank"),
      optional("dispatcher", &Stack::dispatcher, "plain or deduplicated"),
      optional("fused_expert_bias", &Stack::fused_expert_bias, "experts' biases are added inside their matmul"),
      required("dp_bucket", &Stack::dp_bucket, "gradient bytes per collective",
               [](const Figure<Bytes>& f) { return f.value.count() > 0 ? std::string{} : "must be positive"; }),
      optional("dp_ring_rate", &Stack::dp_ring_rate, "most that a rank's dp ring moves"),
      required("host", &Stack::host, "host time by what is replayed: none, partial, full"),
      optional("cuda_graph", &Stack::cuda_graph, "what the host replays"),
      optional("launch_blocking", &Stack::launch_blocking, "host and device take turns (CUDA_LAUNCH_BLOCKING=1)"),
      required("host_backward_ratio", &Stack::host_backward_ratio, "backward : forward share of it", not_negative),
      required("step_overhead", &Stack::step_overhead, "host work once a step"),
      required("optimizer_bytes", &Stack::optimizer_bytes, "memory traffic per parameter updated", not_negative),
      optional("gradient_bytes", &Stack::gradient_bytes, "memory traffic per gradient, once a step", not_negative),
      optional("averaging_bytes", &Stack::averaging_bytes, "the same, where replicas average in a pass of its own",
               not_negative),
      optional("loss_memory_bytes", &Stack::loss_memory_bytes, "per logit, alive around the loss"),
      optional("gradient_copies", &Stack::gradient_copies, "16-bit weight gradients beside the buffer"),
      optional("quantized_inputs", &Stack::quantized_inputs, "fp8 and fp4 keep a matmul's input in that precision"),
      optional("low_precision_shard", &Stack::low_precision_shard, "zero 3 keeps a 16-bit shard"),
      required("memory_reserve", &Stack::memory_reserve, "context, communicators, fragmentation")};
  Stack out;
  if (auto ok = read_fields(value, table, out, "stack"); !ok) return tl::unexpected(ok.error());
  if (!out.host.contains(out.cuda_graph)) {
    const Value* at = value.find("cuda_graph") ? value.find("cuda_graph") : value.find("host");
    return fail(at->mark,
                fmt::format("stack {} states no host time for cuda_graph {}", out.name, enum_name(out.cuda_graph)));
  }
  return out;
}

} // namespace weft::workloads
