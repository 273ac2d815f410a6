// Does the timeline say what the simulation said: valid, no overlaps, the same seconds, arrows in pairs, links' bytes?
#include "analysis/pipeline_svg.hpp"
#include "analysis/timeline.hpp"
#include "analysis/trace.hpp"
#include "tests/cli/cli_support.hpp"

#include <map>
#include <nlohmann/json.hpp>

using namespace weft;
using nlohmann::json;

namespace {

sim::StepResult traced(const std::string& name, const std::vector<std::string>& sets = {}) {
  sim::Options options;
  options.link_bins = analysis::trace_bins;
  options.ideal_run = false;
  return test::simulate(name, sets, options);
}
std::string text_of(const sim::StepResult& r, analysis::Traced* said = nullptr) {
  std::string out;
  const auto traced = analysis::write_trace(r, [&](std::string_view text) { out += text; });
  if (said) *said = traced;
  return out;
}

struct Slice {
  double begin = 0, end = 0;
};
/// Slices by process and thread, in time order.
using Threads = std::map<std::pair<int, int>, std::vector<Slice>>;

struct Read {
  Threads threads;
  std::map<std::pair<int, int>, std::string> names; ///< thread 0: the process
  std::map<int, std::vector<json>> flows;           ///< by id
  std::map<std::string, std::vector<std::pair<double, double>>> counters;
};
Read read(const std::string& text) {
  Read out;
  const json trace = json::parse(text);
  for (const json& e : trace.at("traceEvents")) {
    const std::string ph = e.at("ph");
    const std::pair<int, int> at{e.at("pid"), e.at("tid")};
    if (ph == "X") out.threads[at].push_back({e.at("ts"), e.at("ts").get<double>() + e.at("dur").get<double>()});
    if (ph == "M" && e.at("name").get<std::string>().ends_with("_name")) out.names[at] = e.at("args").at("name");
    if (ph == "s" || ph == "f") out.flows[e.at("id")].push_back(e);
    if (ph == "C") out.counters[e.at("name")].emplace_back(e.at("ts"), e.at("args").at("percent"));
  }
  for (auto& [at, slices] : out.threads)
    std::sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) { return a.begin < b.begin; });
  return out;
}
double seconds(const std::vector<Slice>& slices) {
  double out = 0;
  for (const Slice& s : slices)
    out += s.end - s.begin;
  return out / 1e6;
}

/// Everything that has to hold of any trace.
void check(const sim::StepResult& r) {
  const Read t = read(text_of(r));
  for (const auto& [at, slices] : t.threads) {
    CAPTURE(t.names.at({at.first, 0}));
    CAPTURE(t.names.at(at));
    for (std::size_t i = 1; i < slices.size(); ++i)
      REQUIRE(slices[i].begin >= slices[i - 1].end - 1e-4); // a tenth of a nanosecond: what doubles lose of µs
  }
  for (const auto& [id, ends] : t.flows) {
    REQUIRE(ends.size() == 2);
    const bool in_order = ends[0].at("ph") == "s";
    const json &from = ends[in_order ? 0 : 1], &to = ends[in_order ? 1 : 0];
    REQUIRE(from.at("ph") == "s");
    REQUIRE(to.at("ph") == "f");
    REQUIRE(from.at("ts").get<double>() <= to.at("ts").get<double>());
    for (const json& end : {from, to}) { // each lies in a slice
      const double ts = end.at("ts");
      const auto& slices = t.threads.at({end.at("pid"), end.at("tid")});
      REQUIRE(std::any_of(slices.begin(), slices.end(),
                          [&](const Slice& s) { return s.begin <= ts + 1e-4 && ts <= s.end + 1e-4; }));
    }
  }
  // Seconds: by class what the run computed, and what the ledger says of the rest of the step.
  const auto where = analysis::where_time_went(r, r.run, r.costs, 0);
  int pid = 0;
  std::vector<std::size_t> classes;
  for (std::size_t rc = 0; rc < r.folded.ranks.size(); ++rc)
    if (r.run.first_like(rc) == rc) classes.push_back(rc);
  std::stable_sort(classes.begin(), classes.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(r.folded.ranks[a].stage, -r.folded.ranks[a].count) <
           std::pair(r.folded.ranks[b].stage, -r.folded.ranks[b].count);
  });
  for (const std::size_t rc : classes) {
    ++pid;
    CAPTURE(rc);
    double computed = 0, exposed = 0;
    sim::Breakdown inside{};
    for (const auto& span : r.run.compute[rc]) {
      computed += span.end - span.begin;
      const auto parts = analysis::seconds_of(r, r.costs, rc, span);
      for (std::size_t e = 0; e < sim::entry_count; ++e)
        inside[e] += parts[e];
    }
    REQUIRE(t.threads.contains({pid, 1}));
    CHECK(std::abs(seconds(t.threads.at({pid, 1})) - computed) < 1e-9 * double(r.run.compute[rc].size() + 1));
    for (std::size_t e = std::size_t(sim::Entry::tp); e <= std::size_t(sim::Entry::other); ++e)
      exposed += where.by_class[rc][e] - inside[e];
    const auto waits = t.threads.find({pid, 2});
    const double waiting = waits == t.threads.end() ? 0 : seconds(waits->second);
    // What the ledger charges to the host lies in gaps, beside messages or not.
    const double host = where.by_class[rc][std::size_t(sim::Entry::host)] - inside[std::size_t(sim::Entry::host)];
    CHECK(waiting <= r.run.step_time - computed - exposed + 1e-6);
    CHECK(waiting >= r.run.step_time - computed - exposed - host - 1e-6);
  }
  // What counters say over the step is what links carried.
  for (const auto& link : r.links) {
    double sum = 0;
    for (double bytes : link.over_time)
      sum += bytes;
    CHECK(std::abs(sum - link.bytes) <= 1e-9 * std::max(1.0, link.bytes));
    if (link.bytes <= 0) continue;
    const auto& steps = t.counters.at(link.link);
    double area = 0;
    for (std::size_t i = 1; i < steps.size(); ++i)
      area += steps[i - 1].second / 100 * (steps[i].first - steps[i - 1].first) / 1e6;
    const double length = r.last_end() - r.first_begin();
    CHECK(std::abs(area * link.capacity - link.bytes) <= 0.0001 * link.capacity * length);
  }
}

} // namespace

TEST_CASE("a trace is valid, its threads do not overlap, its seconds and bytes are the simulation's") {
  SUBCASE("405B") {
    check(traced("llama3-405b-16k"));
  }
  SUBCASE("70B, two cp") {
    check(traced("llama3-70b-8k-cp2"));
  }
  SUBCASE("hashed routes") {
    check(traced("llama3-70b-1k-hashed", {"cluster.accelerators=128", "plan.dp=4", "training.global_batch=64"}));
  }
  SUBCASE("one stage, zero 3") {
    check(traced("llama3-70b-8k", {"cluster.accelerators=64", "plan={tp: 8, pp: 1, dp: 8, microbatch: 1, zero: 3}",
                                   "training.global_batch=16"}));
  }
  SUBCASE("split backward") {
    check(traced("korthikanti-175b", {"plan.schedule=zb-h1", "plan.vpp=1", "plan.recompute=none"}));
  }
}

TEST_CASE("sends and receives of a pipeline are joined, and ops carry phase, chunk and microbatch") {
  const auto r = traced("llama3-405b-16k");
  const std::string text = text_of(r);
  const Read t = read(text);
  std::size_t receives = 0;
  for (std::size_t rc = 0; rc < r.folded.ranks.size(); ++rc)
    if (r.run.first_like(rc) == rc)
      for (const auto& op : r.program.stages[std::size_t(r.folded.ranks[rc].stage)].ops)
        receives += op.kind == sim::OpKind::receive;
  CHECK(receives > 1000);
  CHECK(t.flows.size() == receives);
  for (int chunk = 0; chunk < 8; ++chunk)
    for (int microbatch : {0, 7, 15}) {
      CHECK(text.find(fmt::format("\"forward c{} m{}\"", chunk, microbatch)) != std::string::npos);
      CHECK(text.find(fmt::format("\"backward c{} m{}\"", chunk, microbatch)) != std::string::npos);
    }
  CHECK(text.find("m16\"") == std::string::npos);
  CHECK(text.find("\"dp\"") != std::string::npos);
  CHECK(text.find("\"pp receive\"") != std::string::npos);
}

TEST_CASE(
    "the file: at most 50 MB for 16,384 ranks, equal for equal inputs, never half, not over another without force") {
  const test::Folder folder;
  const std::string file = folder / "step.json", run = "run llama3-405b-16k --no-tax --trace '" + file + "'";
  CHECK(test::weft(run).code == 0);
  const std::string first = test::read_file(file);
  CHECK(first.size() > 100'000);
  CHECK(first.size() < 50'000'000);
  CHECK(json::parse(first).at("otherData").at("scenario") == "llama3-405b-16k");
  const auto again = test::weft(run, "2>&1");
  CHECK(again.code == 2);
  CHECK(again.out == "error: " + file + " exists\nhint: --force replaces it\n");
  CHECK(test::weft(run + " --force").code == 0);
  CHECK(test::read_file(file) == first);
  CHECK(folder.files() == 1);
  CHECK(test::weft("run llama3-405b-16k --trace /nowhere/x.json", "2>&1").out ==
        "error: /nowhere/x.json cannot be written: No such file or directory\n");
}

TEST_CASE("where classes are many, the largest of every stage are shown and the rest is counted") {
  const auto r = traced("llama3-70b-1k-hashed", {"jitter={step: {distribution: normal, spread: 0.02}}"});
  analysis::Traced said;
  const std::string text = text_of(r, &said);
  CHECK(said.classes > 128);
  CHECK(said.left_out > 0);
  std::size_t processes = 0;
  for (const auto& [at, name] : read(text).names)
    processes += at.second == 0 && name.starts_with("stage");
  CHECK(processes == said.classes - said.left_out);
  CHECK(text.size() < 50'000'000);
}

TEST_CASE("the pipeline's picture: a row a stage, no script, names inert, equal for equal inputs") {
  auto r = traced("llama3-405b-16k");
  const std::string svg = analysis::pipeline_svg(r);
  CHECK(svg == analysis::pipeline_svg(traced("llama3-405b-16k")));
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.size() < 150'000); // stands in a page
  for (int s = 0; s < 16; ++s)
    CHECK(svg.find(fmt::format(">stage {}</text>", s)) != std::string::npos);
  for (const char* kind : {"forward", "backward", "exposed communication", "idle", "optimizer"})
    CHECK(svg.find(std::string(">") + kind + "</text>") != std::string::npos);
  r.scenario.name = "<script>alert('x')</script>&\"\x01";
  const std::string hostile = analysis::pipeline_svg(r);
  CHECK(hostile.find("<script") == std::string::npos);
  CHECK(hostile.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;:") != std::string::npos);
  CHECK(hostile.find('\x01') == std::string::npos);
  const test::Folder folder;
  const std::string file = folder / "p.svg";
  CHECK(test::weft("run llama3-405b-16k --pipeline '" + file + "'").code == 0);
  CHECK(test::read_file(file) == svg);
}
