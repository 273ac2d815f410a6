// Is every entry of the catalog readable, sourced and consistent?
#include "platforms/catalog.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace weft;
using namespace weft::platforms;

namespace {

Value named(const std::string& name) {
  Value v;
  v.kind = Value::Kind::scalar;
  v.scalar = name;
  return v;
}
Accelerator chip(const std::string& name) {
  auto a = read_accelerator(name, {});
  if (!a) FAIL(render(a.error()));
  return std::move(*a);
}

} // namespace

TEST_CASE("every accelerator and cluster reads, with plausible figures") {
  CHECK(catalog_names("accelerators").size() >= 50);
  CHECK(catalog_names("clusters").size() >= 40);
  for (const auto& name : catalog_names("accelerators")) {
    CAPTURE(name);
    if (load_entry("accelerators", name, {})->find("unknown")) continue; // left_out_test.cpp
    const Accelerator a = chip(name);
    CHECK(a.name == name);
    const Precision p16 = a.peak.contains(Precision::bf16) ? Precision::bf16 : Precision::fp16;
    const double peak = peak_of(a, p16)->value.count();
    CHECK(peak > 20e12);
    CHECK(peak <= 5e15); // dense: nothing sold or announced in this catalog passes it
    const double efficiency = a.gemm.at(p16).efficiency.value;
    CHECK(efficiency > 0.3);
    CHECK(efficiency < 0.9);
    CHECK(a.memory_bandwidth.value.count() > 5e11);
    const double per_kflop = a.memory_bandwidth.value.count() / peak * 1e3;
    CHECK(per_kflop > 1);
    CHECK(per_kflop < 45);
    CHECK(a.scale_up.bandwidth.value.count() <= 1800e9); // per direction
    if (a.scale_up.link_bandwidth) CHECK(a.scale_up.link_bandwidth->value < a.scale_up.bandwidth.value);
  }
  for (const auto& name : catalog_names("clusters")) {
    CAPTURE(name);
    Value spec = named(name);
    auto tree = load_entry("clusters", name, {});
    REQUIRE(tree);
    if (name.find("h800-meta") == 0) continue; // nobody built it: it needs a count
    auto c = read_cluster(spec);
    if (!c) FAIL(render(c.error()));
    CHECK(c->accelerators == c->built.value);
    CHECK(c->accelerator.scale_up.bandwidth.value > c->node.nics.bandwidth.value);
  }
}

TEST_CASE("H800 is H100 with its scale-up cut and nothing else") {
  auto a = load_entry("accelerators", "h100-sxm", {}), b = load_entry("accelerators", "h800", {});
  REQUIRE(a);
  REQUIRE(b);
  for (const Member& member : a->members) {
    CAPTURE(member.key);
    const Value* other = b->find(member.key);
    if (member.key == "price") { // nobody knows what an H800 costs
      CHECK(other == nullptr);
      continue;
    }
    REQUIRE(other);
    const bool differs = canonical_text(member.value) != canonical_text(*other);
    const bool may = member.key == "name" || member.key == "full_name" || member.key == "chip_class" ||
                     member.key == "scale_up" || member.key == "measured_runs";
    CHECK(differs == may);
  }
  CHECK(canonical_text(*a->find("scale_up")->find("timing")) == canonical_text(*b->find("scale_up")->find("timing")));
  CHECK(chip("h800").scale_up.bandwidth.value.count() == 200e9);
}

TEST_CASE("what the catalog does not know is an error, not a guess") {
  CHECK(peak_of(chip("a100-80"), Precision::fp8).error() ==
        "the catalog knows no fp8 peak of accelerator a100-80 (known: fp32, tf32, fp16, bf16)");
  Value spec = named("h800-meta-24k-roce");
  CHECK(read_cluster(spec).error().message == "cluster h800-meta-24k-roce needs `accelerators`: how many are in use");
  CHECK(load_entry("models", "../stacks/megatron-2022", {}).error().message ==
        "unknown model `../stacks/megatron-2022`");
}

TEST_CASE("a name that ends in .yaml is a file beside the one that names it, and calls itself what it likes") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("weft-own-" + std::to_string(::getpid()));
  fs::create_directories(folder / "chips");
  std::ofstream(folder / "mine.yaml") << "base: chips/first.yaml\nname: mine\n";
  std::ofstream(folder / "chips/first.yaml") << "base: h100-sxm\nname: first\nmemory_bandwidth: 3000 GB/s\n";
  std::ofstream(folder / "loop.yaml") << "base: ./chips/../loop.yaml\nname: loop\n";
  const std::string path = (folder / "mine.yaml").string();
  const auto chip = read_accelerator(path, {});
  REQUIRE(chip);
  CHECK(chip->name == "mine");
  CHECK(chip->memory_bandwidth.value.count() == 3000e9);
  const auto over = parse_document("{name: \"" + path + "\", memory_bandwidth: 1000 GB/s}", "t");
  REQUIRE(over);
  const auto resolved = resolve_entry("accelerators", *over);
  REQUIRE(resolved);
  CHECK(resolved->find("name")->scalar == "mine");
  CHECK(resolved->find("memory_bandwidth")->find("value")->scalar == "1000 GB/s");
  CHECK(load_entry("accelerators", (folder / "loop.yaml").string(), {}).error().message.find("is its own base") !=
        std::string::npos);
  fs::remove_all(folder);
}

TEST_CASE("base chains: a cycle is named, overrides replace figures whole, null takes them away") {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / ("weft-catalog-" + std::to_string(::getpid()));
  fs::create_directories(root / "platforms/accelerators");
  std::ofstream(root / "platforms/accelerators/a.yaml") << "base: b\nname: a\n";
  std::ofstream(root / "platforms/accelerators/b.yaml") << "base: a\nname: b\n";
  std::ofstream(root / "platforms/accelerators/c.yaml")
      << "name: c\npeak: {value: 1, source: x, evidence: vendor, low: 0, note: old}\n";
  std::ofstream(root / "platforms/accelerators/d.yaml") << "base: c\npeak: 2\n";
  std::ofstream(root / "platforms/accelerators/e.yaml") << "base: c\npeak: null\n";
  const std::string before = catalog_root();
  set_catalog_root(root.string());
  const auto cycle = load_entry("accelerators", "a", {});
  const auto over = load_entry("accelerators", "d", {}), less = load_entry("accelerators", "e", {});
  set_catalog_root(before);
  fs::remove_all(root);
  CHECK(cycle.error().message == "accelerator `a` is its own base");
  REQUIRE(over);
  const Value* peak = over->find("peak");
  CHECK(peak->find("value")->scalar == "2");
  CHECK(peak->find("source")->scalar == "override");
  CHECK(peak->find("low") == nullptr);
  REQUIRE(less);
  CHECK(less->find("peak") == nullptr);
  CHECK(less->find("name")->scalar == "c");
}
