#include "workloads/stack.hpp"

#include "platforms/base/fields.hpp"
#include "platforms/base/precision_names.hpp"

namespace weft {

using workloads::Overlap;

Result<void> read_value(const Value& value, Overlap& out) {
  static const Fields<Overlap> table{
      optional("gradients", &Overlap::gradients, "dp reduction during backward"),
      optional("parameters", &Overlap::parameters, "dp all-gather during forward"),
      optional("pipeline", &Overlap::pipeline, "sends between stages"),
      optional("tp_regather", &Overlap::tp_regather, "backward all-gather beside the data gradient"),
      optional("tp_input_gradient", &Overlap::tp_input_gradient,
               "input-gradient reduction beside the weight gradient")};
  return read_fields(value, table, out, "overlap");
}

} // namespace weft

namespace weft::workloads {
namespace {

std::string not_negative(const Figure<double>& f) {
  return f.value >= 0 ? std::string{} : "must not be negative";
}

} // namespace

Result<Stack> read_stack(const Value& value) {
  static const Fields<Stack> table{
      required("name", &Stack::name, "catalog name"),
      optional("about", &Stack::about, "one line"),
      required("attention", &Stack::attention, "kernel family, as the accelerator names them"),
      optional("fused_softmax_attention", &Stack::fused_softmax_attention, "false: scores go through memory"),
      required("wgrad_accumulation_bytes", &Stack::wgrad_accumulation_bytes, "per weight and microbatch", not_negative),
      required("cross_entropy_bytes", &Stack::cross_entropy_bytes, "per logit, forward", not_negative),
      optional("gradient_precision", &Stack::gradient_precision, "of reduced gradients"),
      required("tp_hidden_share", &Stack::tp_hidden_share, "share of tp traffic inside its matmul",
               [](const Figure<double>& f) {
                 return f.value >= 0 && f.value <= 1 ? std::string{} : "must be between 0 and 1";
               }),
      optional("overlap", &Stack::overlap, "which traffic may run beside compute"),
      optional("pipeline_scatter", &Stack::pipeline_scatter, "stage boundaries carry 1/tp a rank"),
      required("dp_bucket", &Stack::dp_bucket, "gradient bytes per collective",
               [](const Figure<Bytes>& f) { return f.value.count() > 0 ? std::string{} : "must be positive"; }),
      required("host_issue", &Stack::host_issue, "least time per layer and microbatch"),
      required("host_backward_ratio", &Stack::host_backward_ratio, "backward : forward share of it", not_negative),
      required("step_overhead", &Stack::step_overhead, "host work once a step"),
      required("optimizer_bytes", &Stack::optimizer_bytes, "memory traffic per parameter updated", not_negative),
      required("memory_reserve", &Stack::memory_reserve, "context, communicators, fragmentation")};
  Stack out;
  if (auto ok = read_fields(value, table, out, "stack"); !ok) return tl::unexpected(ok.error());
  return out;
}

} // namespace weft::workloads
