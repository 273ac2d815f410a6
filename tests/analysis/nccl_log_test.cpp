// Are logs of nccl-tests read as its versions and launchers write them?
#include "analysis/nccl_log.hpp"
#include "tests/analysis/calibrate_support.hpp"

using namespace weft;
using workloads::CollectiveOp;

namespace {

analysis::CollectiveLog read(const std::string& text, const std::string& name = "x.log", bool one_domain = false) {
  const test::Folder folder;
  auto out = analysis::read_collective_log(folder.write(name, text), one_domain);
  if (!out) FAIL(render(out.error()));
  return std::move(*out);
}
double line(double bytes) {
  return 10 + bytes / 200e3;
}
std::string info(int lines) {
  std::string out;
  for (int i = 0; i < lines; ++i)
    out += "node-1:4000:4100 [0] NCCL INFO NVLS comm 0x55a7be5601c0 headRank 0 nHeads 8 buffSize 4194304\n";
  return out;
}

} // namespace

TEST_CASE("prefixes of launchers come off, NCCL's own lines are passed over") {
  for (const char* prefix :
       {"", "[1,0]<stdout>:", "[1,0]<stdout>: ", "0: ", "(head, rank=0, pid=3808) [1,0]<stdout>:", "worker-0 | "}) {
    CAPTURE(prefix);
    const auto log =
        read(test::nccl_log("all_gather", 8, test::powers(3, 25), line, {.prefix = prefix, .between = info(20)}));
    REQUIRE(log.rows.size() == 23);
    CHECK(log.notes.empty());
    CHECK(log.rows[0].op == CollectiveOp::all_gather);
    CHECK(log.rows[22].ranks == 8);
    CHECK(log.rows[22].bytes == 33554432);
    CHECK(log.rows[22].seconds == doctest::Approx(1e-6 * line(33554432)).epsilon(1e-9));
  }
}

TEST_CASE("tables of one file keep their own operation and ranks; others are left out with a note") {
  std::string text;
  for (const char* op : {"all_reduce", "all_gather", "reduce_scatter", "alltoall"})
    text += test::nccl_log(op, 4, test::powers(20, 22), line);
  text += test::nccl_log("all_reduce", 2, {1048576}, line);
  std::string send = test::nccl_log("sendrecv", 4, test::powers(20, 22), line);
  text += send;
  const auto log = read(text);
  REQUIRE(log.rows.size() == 13);
  CHECK(log.rows[0].op == CollectiveOp::all_reduce);
  CHECK(log.rows[3].op == CollectiveOp::all_gather);
  CHECK(log.rows[6].op == CollectiveOp::reduce_scatter);
  CHECK(log.rows[9].op == CollectiveOp::all_to_all);
  CHECK(log.rows[11].ranks == 4);
  CHECK(log.rows[12].ranks == 2);
  REQUIRE(log.notes.size() == 1);
  CHECK(log.notes[0].find("3 rows of sendrecv left out") != std::string::npos);
}

TEST_CASE("without a banner the columns say what ran, or a command, or the file's name") {
  for (const auto& [op, is] :
       {std::pair{"all_reduce", CollectiveOp::all_reduce}, std::pair{"reduce_scatter", CollectiveOp::reduce_scatter},
        std::pair{"all_gather", CollectiveOp::all_gather}}) {
    const auto log = read(test::nccl_log(op, 8, test::powers(3, 22), line, {.banner = false}));
    REQUIRE(log.rows.size() == 20);
    CHECK(log.rows[0].op == is);
  }
  const std::string old = // 2019: no root, no redop of what reduces nothing, errors as numbers, ranks without groups
      "# nThread 1 nGpus 2 minBytes 8 maxBytes 1 step: 2(factor) warmup iters: 5 iters: 20 validation: 1 \n#\n# Using "
      "devices\n#   Rank  0 Pid   9100 on pkb-0 device  0 [0x00] Tesla V100-SXM2-16GB\n#   Rank  1 Pid   9482 on pkb-0 "
      "device  1 [0x00] Tesla V100-SXM2-16GB\n#\n#                                             out-of-place        "
      "in-place\n#       size         count      type     time   algbw   busbw  error     time   algbw   busbw  error\n"
      "#        (B)    (elements)             (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)\n     1048576       "
      " "
      " 32768     float    162.1    6.47    3.23  0e+00    162.0    6.47    3.23  0e+00\n";
  for (const char* name : {"all-gather.log", "V100_allgather_2.txt", "all_gather_perf.out"}) {
    const auto log = read(old, name);
    REQUIRE(log.rows.size() == 1);
    CHECK(log.rows[0].op == CollectiveOp::all_gather);
    CHECK(log.rows[0].ranks == 2);
    CHECK(log.rows[0].seconds == doctest::Approx(162.1e-6));
  }
  CHECK(read("+ mpirun -np 2 ./build/alltoall_perf -b 8 -e 1G -f 2\n" + old).rows[0].op == CollectiveOp::all_to_all);
  const test::Folder folder;
  const auto none = analysis::read_collective_log(folder.write("x.log", old), false);
  REQUIRE(!none);
  CHECK(none.error().message == "which operation ran cannot be told");
  CHECK(none.error().where.line == 10);
}

TEST_CASE("torn rows are counted, timestamps and line ends of Windows are no harm") {
  std::string text = test::nccl_log("all_reduce", 8, test::powers(20, 24), line);
  const auto row = text.find("     2097152");
  REQUIRE(row != std::string::npos);
  text.insert(row + 40, info(1));
  const auto torn = read(text);
  CHECK(torn.rows.size() == 4);
  REQUIRE(torn.notes.size() == 1);
  CHECK(torn.notes[0].find("1 torn row left out") != std::string::npos);

  std::string stamped = test::nccl_log("all_gather", 8, test::powers(20, 24), line), windows;
  stamped.replace(stamped.find("#wrong\n"), 7, "#wrong   timestamp\n");
  for (std::size_t at = 0; at < stamped.size(); ++at) {
    const bool end = stamped[at] == '\n';
    if (end && at > 0 && stamped[at - 1] == '0') windows += "  2026-01-02 03:04:05";
    if (end) windows += '\r';
    windows += stamped[at];
  }
  CHECK(read(windows).rows.size() == 5);
}

TEST_CASE("hosts that share one domain are read when they are said to") {
  const std::string text = test::nccl_log("all_gather", 8, test::powers(20, 24), line, {.hosts = {"tray-1", "tray-2"}});
  CHECK(read(text, "x.log", true).rows.size() == 5);
}
