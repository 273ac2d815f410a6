// Do collectives by themselves take their closed form's time, load links as theory says, folded like unfolded?
#include "analysis/collective.hpp"
#include "tests/support.hpp"

#include <fmt/format.h>

using namespace weft;
using analysis::CollectiveReport;
using analysis::CollectiveRequest;

namespace {

CollectiveReport run(const CollectiveRequest& request) {
  auto out = analysis::run_collective(request);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
CollectiveReport run(const char* cluster, std::int64_t ranks, const char* op, const char* algorithm, const char* bytes,
                     bool fold = true) {
  CollectiveRequest r;
  r.cluster = cluster;
  r.ranks = ranks;
  r.ops = {op};
  r.algorithms = {algorithm};
  r.sizes = {bytes};
  r.closed_form = true;
  r.how.fold = fold;
  return run(r);
}
double bytes_on(const CollectiveReport& r, const std::string& link) {
  for (const auto& l : r.run.links)
    if (l.link == link) return l.bytes;
  return -1;
}
void check_same(const CollectiveReport& a, const CollectiveReport& b) {
  CHECK(a.run.time == b.run.time);
  for (std::size_t i = 0; i < a.run.collectives.size(); ++i)
    CHECK(a.run.collectives[i].time == b.run.collectives[i].time);
  for (std::size_t i = 0; i < a.run.links.size(); ++i)
    CHECK(std::abs(a.run.links[i].bytes - b.run.links[i].bytes) <= 1e-9 * b.run.links[i].bytes);
}

void check_closed_form(const CollectiveReport& r) {
  constexpr double tolerance = 1e-9;
  double closed = 0, moving = 0;
  for (const auto& phase : r.closed_forms[0]) {
    closed += phase.time();
    moving += phase.time() - phase.latency;
  }
  CAPTURE(closed);
  CHECK(std::abs(r.run.time - closed) <= 1e-9 * closed + (tolerance - 1e-9) * moving);
}

struct Case {
  const char *cluster, *op, *algorithm;
  std::int64_t most_ranks = 512, least_ranks = 2;
};
const Case cases[] = {
    {"h100-meta-24k-roce", "all-reduce", "ring"},     {"h100-meta-24k-roce", "all-gather", "ring"},
    {"h100-meta-24k-roce", "reduce-scatter", "ring"}, {"h100-meta-24k-roce", "all-reduce", "in-network", 8},
    {"h100-meta-24k-roce", "all-to-all", "direct"},   {"h100-superpod", "all-to-all@rails", "direct"},
    {"a100-superpod", "all-reduce@rails", "ring"},    {"b200-superpod", "all-gather@domains", "ring"},
    {"910b-roce", "all-reduce", "mesh", 8},           {"910b-roce", "all-to-all", "direct", 8},
    {"910b-roce", "all-reduce", "pipeline", 512, 64}, {"mi300x-roce", "all-gather", "ring", 512, 64},
    {"gb200-superpod", "all-reduce", "ring", 72}};

} // namespace

TEST_CASE("small and large collectives take their closed form's time, at 2, 8, 64 and 512 ranks") {
  for (const Case& c : cases)
    for (const std::int64_t ranks : {2, 8, 64, 512})
      for (const char* bytes : {"1KiB", "4GiB"}) {
        if (ranks > c.most_ranks || ranks < c.least_ranks || (std::string(c.op).ends_with("@rails") && ranks <= 8))
          continue;
        CAPTURE(fmt::format("{} {} {} {} {}", c.cluster, c.op, c.algorithm, ranks, bytes));
        const auto r = run(c.cluster, ranks, c.op, c.algorithm, bytes);
        check_closed_form(r);
        double latency = 0;
        for (const auto& phase : r.closed_forms[0])
          latency += phase.latency;
        CHECK((std::string(bytes) == "1KiB" ? latency > 0.7 * r.run.time : latency < 0.4 * r.run.time));
      }
}

TEST_CASE("an oversubscribed tier is part of the closed form") {
  for (const std::int64_t ranks : {4096, 6144, 6152}) {
    const auto r = run("h100-meta-24k-roce", ranks, "all-to-all", "direct", "1GiB");
    check_closed_form(r);
    CHECK(r.closed_forms[0][0].terms.back().link == "pod uplink");
  }
}

TEST_CASE("links carry what theory says") {
  const double s = 1 << 30;
  auto near = [](double a, double b) { return test::relative(a, b) < 1e-12; };
  { // ring: f·S out of every domain, (g - 1)/g of it between neighbours inside
    const auto r = run("h100-meta-24k-roce", 512, "all-reduce", "ring", "1GiB");
    const double fS = 2 * 511.0 / 512 * s;
    CHECK(near(bytes_on(r, "NIC tx"), 64 * fS));
    CHECK(near(bytes_on(r, "rack uplink"), 32 * fS));
    CHECK(near(bytes_on(r, "scale-up port tx"), 64 * 8 * fS * 7 / 8));
  }
  { // all-to-all: S/n for every pair
    const auto r = run("h100-meta-24k-roce", 6144, "all-to-all", "direct", "1GiB");
    const double pair = s / 6144;
    CHECK(near(bytes_on(r, "scale-up port tx"), 6144 * 7 * pair));
    CHECK(near(bytes_on(r, "NIC tx"), 6144.0 * 6136 * pair));
    CHECK(near(bytes_on(r, "rack uplink"), 6144.0 * 6128 * pair));
    CHECK(near(bytes_on(r, "pod uplink"), 2 * 3072.0 * 3072 * pair));
  }
}

TEST_CASE("trees and halvings load what theory says, at other numbers of domains too") {
  const double s = 1 << 30;
  auto near = [](double a, double b) { return test::relative(a, b) < 1e-9; };
  for (const std::int64_t k : {2, 3, 4, 5, 7, 8, 12, 33}) {
    CAPTURE(k);
    const auto tree = run("h100-superpod", 8 * k, "all-reduce", "tree", "1GiB");
    CHECK(near(bytes_on(tree, "NIC tx"), 2 * double(k - 1) * s)); // k - 1 edges of two trees, both ways, half of S each
    CHECK(near(bytes_on(tree, "scale-up port tx"), double(k) * 2 * 7 * s));
    check_closed_form(tree);
    const auto nhr = run("h100-superpod", 8 * k, "all-gather@rails", "nhr", "1GiB");
    CHECK(near(bytes_on(nhr, "NIC tx"), 8 * double(k - 1) * s));
    check_closed_form(nhr);
    const auto layers = run("h100-superpod", 8 * k, "all-reduce", "hierarchical", "1GiB");
    CHECK(near(bytes_on(layers, "NIC tx"), 2 * double(k - 1) * s));
    CHECK(near(bytes_on(layers, "scale-up port tx"), double(k) * 2 * 7 * s));
    check_closed_form(layers);
    check_closed_form(run("h100-superpod", 8 * k, "all-reduce", "halving-doubling", "1GiB"));
    check_closed_form(run("h100-superpod", 8 * k, "all-reduce", "nvls-tree", "1GiB"));
    const auto sharp =
        run("h100-superpod", 8 * k, "all-reduce", "sharp", "1GiB"); // a tree's cards carry up to twice that
    CHECK(near(bytes_on(sharp, "NIC tx"), double(k) * s));
    CHECK(near(bytes_on(sharp, "scale-up port tx"), double(k) * 8 * s));
    check_closed_form(sharp);
  }
}

TEST_CASE("every algorithm gives the same folded and unfolded, across an oversubscribed tier too") {
  for (const auto& [op, algorithm] : {std::pair{"all-reduce", "tree"},
                                      {"all-reduce", "nvls-tree"},
                                      {"all-reduce", "sharp"},
                                      {"all-reduce", "pipeline"},
                                      {"all-reduce@rails", "nhr"},
                                      {"all-reduce", "hierarchical"},
                                      {"all-gather", "nhr"},
                                      {"reduce-scatter", "halving-doubling"},
                                      {"all-to-all", "hierarchical"},
                                      {"all-to-all", "pairwise"}}) {
    CollectiveRequest r;
    r.cluster = "h100-meta-24k-roce";
    r.ranks = 104;
    r.sizes = {"16MiB"};
    r.ops = {op};
    r.algorithms = {algorithm};
    r.sets = {
        "cluster.fabric.tiers=[{name: rack, accelerators: 16, oversubscription: {value: 4, source: test, evidence: "
        "assumed}}]",
        "cluster.fabric.reduction={value: 0.5, source: test, evidence: assumed}"};
    CAPTURE(fmt::format("{} {}", op, algorithm));
    const auto folded = run(r);
    r.how.fold = false;
    check_same(folded, run(r));
  }
}

TEST_CASE("switches that reduce send one buffer's share up, however many cards are below them") {
  CollectiveRequest r;
  r.cluster = "h100-superpod";
  r.ranks = 512;
  r.sizes = {"1GiB"};
  r.ops = {"all-reduce"};
  r.algorithms = {"sharp"};
  const auto sharp = run(r);
  const double buffer = 1073741824.0;
  CHECK(test::relative(bytes_on(sharp, "unit uplink"), 2 * buffer) <
        1e-12); // two units, an eighth on each of eight leaves
  CHECK(test::relative(bytes_on(sharp, "unit downlink"), 2 * buffer) < 1e-12);
}

TEST_CASE("rings, pipelines and nonuniform rings over units load what all their ranks do, whatever blocks there are") {
  for (const char* cluster : {"h100-superpod", "910b-roce"})
    for (const std::int64_t ranks : {64, 88, 192, 256})
      for (const char* pod : {"32", "48", "64"})
        for (const auto& [op, algorithm] :
             {std::pair{"all-reduce", "pipeline"}, {"all-gather", "ring"}, {"all-reduce@rails", "nhr"}}) {
          CAPTURE(fmt::format("{} {} {} {} {}", cluster, ranks, pod, op, algorithm));
          CollectiveRequest r;
          r.cluster = cluster;
          r.ranks = ranks;
          r.sizes = {"16MiB"};
          r.ops = {op};
          r.algorithms = {algorithm};
          r.sets = {fmt::format("cluster.fabric.tiers=[{{name: rack, accelerators: 16, oversubscription: {{value: 2, "
                                "source: test, evidence: assumed}}}}, {{name: pod, accelerators: {}, oversubscription: "
                                "{{value: 7, source: test, evidence: assumed}}}}]",
                                pod)};
          const auto folded = run(r);
          CHECK(folded.run.rank_classes < ranks);
          r.how.structural = false;
          check_same(folded, run(r));
          r.how.fold = false;
          check_same(folded, run(r));
        }
}

TEST_CASE("an all-to-all of units and runs is the one of all pairs; eight rail rings beside it too") {
  for (const std::int64_t ranks : {16, 24, 64, 504, 512}) {
    CollectiveRequest r;
    r.cluster = "h100-meta-24k-roce";
    r.ranks = ranks;
    r.sizes = {"64MiB"};
    r.closed_form = false;
    // Racks and pods that end anywhere, oversubscribed both.
    for (const char* pod : {"32", "48", "192"}) {
      CAPTURE(fmt::format("{} {}", ranks, pod));
      const char* share = "oversubscription: {value: 7, source: test, evidence: assumed}";
      r.sets = {
          fmt::format("cluster.fabric.tiers=[{{name: rack, accelerators: 16, {}}}, {{name: pod, accelerators: {}, "
                      "{}}}]",
                      "oversubscription: {value: 2, source: test, evidence: assumed}", pod, share)};
      for (const auto& ops : {std::vector<std::string>{"all-to-all"},
                              {"all-reduce@rails", "all-to-all"},
                              {"all-gather@domains", "all-to-all@rails", "reduce-scatter"}}) {
        if (ranks == 512 && pod != std::string("48")) continue; // unfolded: slow
        r.ops = ops;
        r.how.fold = true;
        const auto folded = run(r);
        r.how.fold = false;
        const auto each = run(r);
        check_same(folded, each);
        CHECK(folded.run.rank_classes <= each.run.rank_classes);
      }
    }
  }
}

TEST_CASE("a large all-to-all is loaded without visiting its ranks") {
  const auto r = run("h100-meta-24k-roce", 131072, "all-to-all", "direct", "1GiB");
  CHECK(r.run.rank_classes <= 3);
  check_closed_form(r);
}

TEST_CASE("part-filled domains run like all their ranks") {
  for (const char* op : {"all-reduce", "all-to-all"}) {
    CollectiveRequest r;
    r.cluster = "h100-superpod";
    r.ranks = 21;
    r.ops = {op};
    r.sizes = {"1MiB"};
    const auto folded = run(r);
    r.how.fold = false;
    check_same(folded, run(r));
  }
}
