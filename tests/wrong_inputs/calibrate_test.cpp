// Is everything that calibrate cannot use refused at its place, with exit 2, an empty stdout and no file?
#include "analysis/gemm_table.hpp"
#include "analysis/nccl_log.hpp"
#include "tests/analysis/calibrate_support.hpp"
#include "tests/wrong_inputs/mutate.hpp"

using namespace weft;

namespace {

double line(double bytes) {
  return 10 + bytes / 200e3;
}
std::string log(const std::string& op = "all_gather", const test::LogStyle& style = {}) {
  return test::nccl_log(op, 8, test::powers(20, 26), line, style);
}
std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

class Refusals {
public:
  /// `message` is a part of what is said on stderr.
  void operator()(const std::string& arguments, const std::string& message) const {
    const std::string command =
        fmt::format("cd '{}' && '{}' calibrate -o out.yaml {} ", folder.path(""), WEFT_BINARY, arguments);
    CAPTURE(arguments);
    CAPTURE(message);
    const auto said = test::command(command + "2>&1 >/dev/null");
    CHECK(said.code == 2);
    CAPTURE(said.out);
    CHECK(said.out.find(message) != std::string::npos);
    CHECK(test::command(command + "2>/dev/null").out.empty());
    CHECK(!std::filesystem::remove(folder.path("out.yaml")));
  }
  void log(const std::string& text, const std::string& message, const std::string& more = "") const {
    folder.write("x.log", text);
    (*this)("--accelerator h100-sxm --nccl-tests x.log " + more, message);
  }
  void table(const std::string& text, const std::string& message, const std::string& chip = "h100-sxm") const {
    folder.write("g.csv", text);
    (*this)("--accelerator " + chip + " --gemm g.csv", message);
  }
  void steps(const std::string& text, const std::string& message) const {
    folder.write("r.yaml", text);
    (*this)("--accelerator h100-sxm --steps r.yaml", message);
  }
  const test::Folder folder;
};

std::string run(const std::string& chip, const std::string& seconds,
                const std::string& parallel = "tp: 8, pp: 1, dp: 1") {
  return fmt::format(
      "runs:\n- {{id: mine, group: own, grade: A, model: {{name: M, layers: 4, hidden: 4096, ffn: 16384, "
      "gated_mlp: false, heads: 32, head_dim: 128, vocab: 32000, seq: 2048}}, system: {{chips: 8, per_node: "
      "8, catalogue: {{accelerator: {}, domain: 8, scaleup: switched}}}}, parallel: {{{}, vpp: 1, cp: 1, "
      "ep: 1, sp: true, mbs: 1, gbs: 8}}, normalized: {{precision: bf16, recompute: none, schedule: none, "
      "zero: 0, seconds: {}, stack: megatron-te-2025}}}}\n",
      chip, parallel, seconds);
}

} // namespace

TEST_CASE("calibrate: wrong requests") {
  const Refusals refused;
  refused.folder.write("x.log", log());
  refused("--accelerator h100-sxm", "nothing to fit to");
  refused("--nccl-tests x.log", "--accelerator is required");
  refused("--accelerator h100-sx --nccl-tests x.log", "did you mean `h100-sxm`?");
  refused("--accelerator mine.yaml --nccl-tests x.log", "mine.yaml: error: No such file or directory");
  refused("--accelerator h100-sxm --nccl-tests none.log", "none.log: error: No such file or directory");
  refused("--accelerator h100-sxm --nccl-tests .", ".: error: is a directory, not a file");
  refused("--accelerator h100-sxm --gemm none.csv", "none.csv: error: No such file or directory");
  refused("--accelerator h100-sxm --steps none.yaml", "none.yaml: error: No such file or directory");
  refused("--accelerator h100-sxm --name h800 --nccl-tests x.log", "the catalog has a chip of this name");
  refused("--accelerator h100-sxm --name 'My chip' --nccl-tests x.log", "a chip's name has lower-case letters");
  refused("--accelerator h100-sxm --nccl-tests x.log -o out.txt", "");
  refused("--accelerator h100-sxm --nccl-tests x.log --format csv", "--format");
  refused("--accelerator kunlun-p800 --nccl-tests x.log", "is not known, so it cannot be simulated");
  const std::string weft = fmt::format("cd '{}' && '{}' calibrate --accelerator h100-sxm --nccl-tests x.log ",
                                       refused.folder.path(""), WEFT_BINARY);
  CHECK(test::command(weft + "-o chip.txt 2>&1").out ==
        "error: -o chip.txt: scenarios name a chip's file by its ending .yaml\n");
  CHECK(test::command(weft + "-o no/chip.yaml 2>&1").out ==
        "error: no/chip.yaml cannot be written: No such file or directory\n");
  refused.folder.write("there.yaml", "mine");
  CHECK(test::command(weft + "-o there.yaml 2>&1").out == "error: there.yaml exists\nhint: --force replaces it\n");
  CHECK(refused.folder.read("there.yaml") == "mine");
}

TEST_CASE("calibrate: wrong logs") {
  const Refusals refused;
  refused.log("", "x.log: error: no table of nccl-tests");
  refused.log("nothing\n1 2 3\n", "x.log: error: no table of nccl-tests");
  refused.log(log("all_gather", {.hosts = {"node-1", "node-2"}}),
              "x.log:16:9: error: this ran on 2 hosts (node-1, node-2): the fit is of one scale-up domain");
  refused.log(replaced(log(), "#  Rank  1", "#  Rank  0"), "x.log:7:10: error: rank 0 is listed twice");
  refused.log(replaced(log(), "Rank  7 Group  0", "Rank  7 Group  1"),
              "x.log:13:19: error: several groups ran at once");
  refused.log(log().substr(log().find("#\n#      ")), "x.log:3:9: error: no line `#  Rank …` stands before this table");
  refused.log(replaced(log(), "root     time", "root  cputime"), "are times of the issuing CPU (-C 1)");
  refused.log(replaced(log(), "algbw", "albgw"), "a table whose header does not name");
  const std::string time = fmt::format("{:.12g}", line(1048576));
  refused.log(replaced(log(), time, "0.00"), "x.log:18:55: error: time 0.00 is not above zero");
  refused.log(replaced(log(), time, "-1.5"), "x.log:18:55: error: time -1.5 is not above zero");
  refused.log(replaced(log(), time, "nan"), "x.log:18:55: error: time `nan` is no number");
  refused.log(replaced(log(), time, "inf"), "x.log:18:55: error: time `inf` is no number");
  refused.log(replaced(log(), time, "15,24"), "x.log:18:55: error: time `15,24` is no number");
  refused.log(replaced(log(), "      0  ", "     17  "), "17 wrong results");
  refused.log(replaced(log(), "all_gather_perf", "all_reduce_perf"), "of all_reduce among 8 ranks it is 1.75 times");
  refused.log(test::nccl_log("all_gather", 8, test::powers(3, 12), line), "x.log: no collective of 1 MiB or more");
  refused.log(test::nccl_log("all_gather", 8, test::powers(20, 21), line),
              "need collectives of three sizes from 1 MiB on");
  refused.log(test::nccl_log("all_gather", 1, test::powers(20, 26), line), "one rank: nothing crosses a link");
  refused.log(test::nccl_log("all_gather", 8, {}, line), "x.log: error: its tables have no rows");
  refused.log(test::nccl_log("sendrecv", 8, test::powers(20, 26), line), "x.log: no collective of 1 MiB or more");
}

TEST_CASE("calibrate: wrong tables of matmuls") {
  const Refusals refused;
  const std::string good = "m,n,k,time_us\n4096,4096,4096,300\n8192,4096,4096,600\n";
  refused.table("", "g.csv: error: the file is empty");
  refused.table("m,n,k\n1,2,3\n", "g.csv:1:1: error: the header lacks a column `time_us`");
  refused.table("m,n,k,time_us,M\n", "g.csv:1:15: error: a second column `m`");
  refused.table("m,n,k,time_us\n", "g.csv:1:1: error: a header without rows");
  refused.table(good + "1,2,3\n", "g.csv:4:1: error: a row of 3 cells below a header of 4");
  refused.table(good + "1,2,3,\"4\n", "g.csv:4:7: error: this quote never ends");
  refused.table(good + "1,2,3,4\"\n", "g.csv:4:7: error: a quote inside a cell that is not quoted");
  refused.table(good + "1,2,3,\"4\"5\n", "g.csv:4:10: error: text behind a quoted cell");
  refused.table(good + "1,2,3,x\n", "g.csv:4:7: error: time_us `x` is no number");
  refused.table(good + "1,2,3,\n", "g.csv:4:7: error: time_us `` is no number");
  refused.table(good + "1,2,3,0\n", "g.csv:4:7: error: time_us 0 is not above zero");
  refused.table(good + "1,2,3,-1\n", "g.csv:4:7: error: time_us -1 is not above zero");
  refused.table(good + "1,2,3,nan\n", "g.csv:4:7: error: time_us `nan` is no number");
  refused.table(good + "1,2,3,1e999\n", "g.csv:4:7: error: time_us `1e999` is no number");
  refused.table(good + "1,2.5,3,4\n", "g.csv:4:3: error: n 2.5 is no size of a matrix");
  refused.table("m,n,k,time_us,dtype\n1,2,3,4,bf17\n", "g.csv:2:9: error: ");
  refused.table("m,n,k,time_us,dtype\n1,2,3,4,int8\n", "g.csv:2:9: error: ");
  refused.table("m,n,k,time_us\n4096,4096,4096,300\n", "two constants need two matmuls in bf16; there is one");
  refused.table("m,n,k,time_us\n1,4096,4096,300\n1,8192,4096,600\n",
                "is bound by compute: an efficiency cannot be told");
  refused.table("m,n,k,time_us,dtype\n4096,4096,4096,300,fp8\n4096,8192,4096,600,fp8\n",
                "g.csv:2:20: error: the catalog knows no fp8 peak of accelerator a100-80-calibrated", "a100-80");
}

TEST_CASE("calibrate: wrong steps") {
  const Refusals refused;
  refused.steps("runs: []\n", "r.yaml has no runs");
  refused.steps("runs: [1]\n", "r.yaml:1:8: error: a run is a map");
  refused.steps(run("a100-80", "1.5"), "error: run mine is of accelerator a100-80, not of h100-sxm");
  refused.steps(run("h100-sxm", "null"), "r.yaml:2:3: error: run mine says no measured step");
  refused.steps(run("h100-sxm", "0"), "seconds must be positive");
  refused.steps(run("h100-sxm", ".nan"), "r.yaml:2:");
  refused.steps(run("h100-sxm", "1.5", "tp: 3, pp: 1, dp: 1"), "r.yaml:2:3: error: run mine cannot be predicted: ");
  refused.steps(run("h100-sxm", "1e-9"), "no efficiency of kernels brings the simulated steps to the measured ones");
}

TEST_CASE("no mutation of a good log or table crashes its reader") {
  const test::Folder folder;
  const std::string table = "m,n,k,time_us,dtype\n1,2,3,4.5,bf16\r\n\"7\",8,9,1e2,\"fp8\"\n";
  std::mt19937 random(20260708);
  const std::string bytes = "#:,\"\n\t .-0a<>[]e\xff";
  int errors = 0, read = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = i % 2 == 0 ? log() : table;
    test::mutate(text, bytes, random);
    const std::string path = folder.write("mutated", text);
    const bool good = i % 2 == 0 ? analysis::read_collective_log(path, false).has_value()
                                 : analysis::read_gemm_table(path).has_value();
    ++(good ? read : errors);
  }
  CHECK(errors > 500);
  CHECK(read > 500);
}
