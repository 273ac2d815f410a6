#include "analysis/ledger.hpp"
#include "platforms/catalog.hpp"
#include "sim/simulate.hpp"
#include <fmt/format.h>
using namespace weft;
int main(int argc, char** argv) {
  Value v;
  v.kind = Value::Kind::scalar;
  v.scalar = argv[1];
  auto tree = platforms::resolve_entry("scenarios", v);
  if (!tree) {
    fmt::print(stderr, "{}", render(tree.error()));
    return 2;
  }
  for (int i = 2; i < argc; i++)
    if (std::string(argv[i]).find('=') != std::string::npos)
      if (auto ok = set_path(*tree, argv[i]); !ok) {
        fmt::print(stderr, "{}", render(ok.error()));
        return 2;
      }
  auto s = workloads::read_scenario(
      *tree, [](const std::string& k, const Value& x) { return platforms::resolve_entry(k, x); });
  if (!s) {
    fmt::print(stderr, "{}", render(s.error()));
    return 2;
  }
  auto c = platforms::read_cluster(s->cluster);
  if (!c) {
    fmt::print(stderr, "{}", render(c.error()));
    return 2;
  }
  sim::Options o;
  for (int i = 2; i < argc; i++) {
    if (std::string(argv[i]) == "--explain") o.all_subsets = true;
    if (std::string(argv[i]) == "--no-fold") o.fold = false;
  }
  auto r = sim::simulate(*s, *c, o);
  if (!r) {
    fmt::print(stderr, "{}", render(r.error()));
    return 2;
  }
  fmt::print("T {:.6f} ideal {:.6f} act {} classes {} {} {} mem {:.1f}/{:.1f} fused {}\n", r->run.step_time,
             r->ideal.step_time, r->run.activities, r->folded.ranks.size(), r->folded.communicators.size(),
             r->link_classes, r->memory.total().count() / 1073741824., r->memory_capacity.count() / 1073741824.,
             r->program.tp_fused);
  auto w = analysis::where_time_went(*r, r->run, r->costs, 0);
  double sum = 0;
  for (size_t i = 0; i < sim::entry_count; i++) {
    sum += w.seconds[i];
    fmt::print("{:18} {:.6f}\n", sim::entry_names[i], w.seconds[i]);
  }
  fmt::print("sum {:.9f} diff {:g}\n", sum, sum - r->run.step_time);
  auto t = analysis::interconnect_tax(*r);
  fmt::print("tax {:.4f}", t.total);
  for (auto& p : t.parts)
    fmt::print(" {} {:.4f}", sim::dim_names[size_t(p.dim)], p.seconds);
  fmt::print("\n");
  for (auto& b : r->bytes)
    fmt::print("{} {} {}\n", sim::dim_names[size_t(b.dim)], b.simulated, b.closed_form);
}
