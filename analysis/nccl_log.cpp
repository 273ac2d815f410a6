#include "analysis/nccl_log.hpp"

#include "analysis/plain_text.hpp"
#include "platforms/base/document.hpp"
#include "sim/collective.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace weft::analysis {
namespace {

using workloads::CollectiveOp;
constexpr std::size_t log_limit = std::size_t{64} << 20;
constexpr double most_bytes = 1e15;

/// Its programs. `none`: not an operation of a step inside a domain.
struct Program {
  std::string_view name;
  std::optional<CollectiveOp> op;
};
constexpr std::array programs{Program{"all_reduce", CollectiveOp::all_reduce},
                              Program{"all_gather", CollectiveOp::all_gather},
                              Program{"reduce_scatter", CollectiveOp::reduce_scatter},
                              Program{"alltoall", CollectiveOp::all_to_all},
                              Program{"alltoallv", {}},
                              Program{"sendrecv", {}},
                              Program{"broadcast", {}},
                              Program{"hypercube", {}},
                              Program{"gather", {}},
                              Program{"scatter", {}},
                              Program{"reduce", {}}};
constexpr Program rooted_program{"an operation with a root", {}};
using Which = const Program*;

struct Token {
  std::string_view text;
  int column = 1;
};
std::vector<Token> tokens(std::string_view line, std::size_t from) {
  std::vector<Token> out;
  for (std::size_t i = from; i < line.size();) {
    const std::size_t begin = line.find_first_not_of(" \t\r", i);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
    out.push_back({line.substr(begin, end - begin), int(begin) + 1});
    i = end;
  }
  return out;
}
bool digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The program whose name the text holds, as a word of letters and underscores; the longest name that is there.
Which named_in(std::string_view text, bool with_perf) {
  Which best = nullptr;
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  for (const Program& p : programs) {
    const std::string word = std::string(p.name) + (with_perf ? "_perf" : "");
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      if (at > 0 && letter(text[at - 1]) && text[at - 1] != '_') continue;
      if (at > 0 && text[at - 1] == '_' && with_perf) continue;
      if (!best || p.name.size() > best->name.size()) best = &p;
    }
  }
  return best;
}
/// Of a file's name: also `allreduce`, `all-reduce`, `all_to_all`.
Which named_by_file(const std::string& path) {
  std::string name = path.substr(path.find_last_of('/') + 1);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  std::replace(name.begin(), name.end(), '-', '_');
  for (const auto& [from, to] : {std::pair{"allreduce", "all_reduce"},
                                 {"allgather", "all_gather"},
                                 {"reducescatter", "reduce_scatter"},
                                 {"all_to_all", "alltoall"},
                                 {"all2all", "alltoall"}})
    if (const auto at = name.find(from); at != std::string::npos) name.replace(at, std::string(from).size(), to);
  return named_in(name, false);
}

class LogReader {
public:
  LogReader(std::shared_ptr<const Source> source, bool one_domain)
      : source_(std::move(source)), one_domain_(one_domain), by_file_(named_by_file(source_->name)) {}

  Result<CollectiveLog> read() {
    const std::string_view all = source_->text;
    for (std::size_t from = 0; from < all.size();) {
      const std::size_t end = std::min(all.find('\n', from), all.size());
      ++line_;
      if (auto ok = read_line(all.substr(from, end - from)); !ok) return tl::unexpected(ok.error());
      from = end + 1;
    }
    if (auto ok = forget(); !ok) return tl::unexpected(ok.error());
    if (tables_ == 0)
      return fail({source_, 0, 0}, "no table of nccl-tests: no line names the columns size, time, busbw");
    if (out_.rows.empty() && ignored_.empty()) return fail({source_, 0, 0}, "its tables have no rows");
    if (torn_ > 0)
      out_.notes.push_back(fmt::format("{}: {} torn row{} left out", source_->name, torn_, torn_ == 1 ? "" : "s"));
    for (const auto& [name, rows] : ignored_)
      out_.notes.push_back(
          fmt::format("{}: {} rows of {} left out: no collective of a step", source_->name, rows, name));
    return std::move(out_);
  }

private:
  /// Columns of the table that is being read.
  struct Columns {
    std::size_t count = 0, size = 0, time = 0, algbw = 0, busbw = 0, wrong = 0, redop = 0, root = 0; ///< 0: not there
    bool timestamp = false;
  };

  [[nodiscard]] tl::unexpected<Error> wrong(const Token& t, std::string message, std::string hint = {}) const {
    return fail({source_, line_, t.column}, std::move(message), std::move(hint));
  }

  /// Where the line proper begins, behind what launchers put before it.
  [[nodiscard]] std::size_t begin_of(std::string_view line) const {
    for (const std::string_view tag : {"<stdout>:", "<stderr>:"})
      if (const auto at = line.find(tag); at != std::string_view::npos) return at + tag.size();
    const std::size_t number = line.find_first_not_of("0123456789 ");
    if (number != std::string_view::npos && number > 0 && line[number] == ':') return number + 1; // srun --label
    if (!prefix_.empty() && line.starts_with(prefix_)) return prefix_.size();
    return 0;
  }

  Result<void> read_line(std::string_view line) {
    const std::size_t from = begin_of(line);
    const auto words = tokens(line, from);
    if (words.empty()) return {};
    const std::size_t hash = line.find('#', from);
    const bool comment = words[0].text.starts_with("#");
    // Something unknown stands before a comment of the kind that only nccl-tests prints.
    if (!comment && hash != std::string_view::npos && from == 0 &&
        (line.substr(hash).starts_with("# nThread") || line.substr(hash).starts_with("# Collective test"))) {
      prefix_ = std::string(line.substr(0, hash));
      return read_comment(line, tokens(line, hash));
    }
    if (comment) return read_comment(line, words);
    if (const Which program = named_in(line.substr(from), true)) command_ = program;
    return columns_ && digits(words[0].text) ? read_row(words) : Result<void>{};
  }

  Result<void> read_comment(std::string_view line, const std::vector<Token>& words) {
    auto word = [&](std::size_t i) { return i < words.size() ? words[i].text : std::string_view(); };
    if (word(1) == "nThread" || (word(1) == "Collective" && word(3) == "starting:")) {
      if (auto ok = columns_ ? forget() : Result<void>{}; !ok) return ok;
      if (word(1) == "Collective") banner_ = named_in(line, true);
    } else if (word(1) == "Rank" && digits(word(2))) {
      if (auto ok = columns_ ? forget() : Result<void>{}; !ok) return ok;
      return read_rank(words);
    } else if (word(1) == "size" || word(0) == "#size") {
      return read_header(words);
    }
    return {};
  }
  /// Another run begins: the rows of the last one go where they belong.
  Result<void> forget() {
    if (!rows_.empty()) {
      if (!program_) program_ = by_file_;
      if (!program_)
        return fail(rows_.front().at, "which operation ran cannot be told",
                    "keep the line `# Collective test starting: …`, or put the operation into the file's name: "
                    "all_reduce-8.log");
      for (const Row& row : rows_)
        if (program_->op)
          out_.rows.push_back({*program_->op, std::int64_t(ranks_.size()), row.bytes, row.seconds});
        else
          ++ignored_[std::string(program_->name)];
    }
    rows_.clear();
    program_ = nullptr;
    columns_.reset();
    ranks_.clear();
    hosts_.clear();
    banner_ = nullptr;
    return {};
  }

  Result<void> read_rank(const std::vector<Token>& words) {
    if (!ranks_.insert(std::string(words[2].text)).second)
      return wrong(words[2],
                   fmt::format("rank {} is listed twice: these processes do not know each other", words[2].text),
                   "nccl-tests was built without MPI=1: every process measured itself alone");
    for (std::size_t i = 3; i + 1 < words.size(); ++i) {
      if (words[i].text == "on") {
        hosts_.insert(std::string(words[i + 1].text));
        break;
      }
      if (words[i].text == "Group" && words[i + 1].text != "0")
        return wrong(words[i + 1], "several groups ran at once: they share links, and no one of them is alone");
    }
    return {};
  }

  Result<void> read_header(const std::vector<Token>& words) {
    Columns c;
    // `# size` and `#size`: the hash is no column.
    std::vector<Token> names(words.begin() + (words[0].text == "#" ? 1 : 0), words.end());
    if (names[0].text == "#size") names[0].text.remove_prefix(1);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto name = names[i].text;
      if (name == "cputime") return wrong(names[i], "these are times of the issuing CPU (-C 1), not of the collective");
      auto first = [&](std::size_t& column, std::string_view is) {
        if (name == is && column == 0) column = i;
      };
      first(c.time, "time"), first(c.algbw, "algbw"), first(c.busbw, "busbw"), first(c.redop, "redop");
      first(c.root, "root"), first(c.wrong, "#wrong");
      c.timestamp = name == "timestamp"; // the last one
    }
    c.count = names.size() - (c.timestamp ? 1 : 0);
    if (c.time == 0 || c.algbw != c.time + 1 || c.busbw != c.time + 2)
      return wrong(names[0], "a table whose header does not name time, algbw and busbw one after the other");
    ++tables_;
    columns_ = c;
    if (ranks_.empty())
      return wrong(names[0], "no line `#  Rank …` stands before this table: how many ranks ran is not known");
    if (ranks_.size() < 2) return wrong(names[0], "one rank: nothing crosses a link");
    if (hosts_.size() > 1 && !one_domain_)
      return wrong(names[0],
                   fmt::format("this ran on {} hosts ({}): the fit is of one scale-up domain", hosts_.size(),
                               fmt::join(hosts_, ", ")),
                   "give logs of one host; --one-domain says that these hosts share one domain, as in an NVL72");
    return {};
  }

  Result<double> positive(const Token& t, const char* what) {
    const auto value = number_of(t.text);
    if (!value) return wrong(t, fmt::format("{} `{}` is no number", what, t.text));
    if (*value <= 0) return wrong(t, fmt::format("{} {} is not above zero", what, t.text));
    return *value;
  }

  Result<void> read_row(const std::vector<Token>& words) {
    const Columns& c = *columns_;
    if (words.size() < c.count || (words.size() > c.count && !c.timestamp)) {
      ++torn_; // NCCL's own messages go to the same stream, and a row is printed in three parts
      return {};
    }
    if (c.wrong > 0 && digits(words[c.wrong].text) && words[c.wrong].text != "0")
      return wrong(words[c.wrong],
                   fmt::format("{} wrong results: the time of a broken run says nothing", words[c.wrong].text));
    auto bytes = number_of(words[c.size].text);
    if (!bytes || *bytes < 0 || *bytes > most_bytes)
      return wrong(words[c.size], fmt::format("`{}` is no size", words[c.size].text));
    const auto time = positive(words[c.time], "time");
    if (!time) return tl::unexpected(time.error());
    const auto algbw = number_of(words[c.algbw].text), busbw = number_of(words[c.busbw].text);
    if (!algbw || !busbw) return wrong(words[algbw ? c.busbw : c.algbw], "this bandwidth is no number");
    const bool telling = *algbw >= 1; // printed to hundredths: below, their ratio says little
    const double ratio = telling ? *busbw / *algbw : 0;
    if (!program_) program_ = program_of(words, ratio);
    if (program_ && program_->op && telling) {
      const double factor = sim::bus_factor(*program_->op, std::int64_t(ranks_.size()));
      if (std::abs(ratio / factor - 1) > 0.02 + 0.02 / *algbw)
        return wrong(words[c.busbw], fmt::format("busbw is {:.3g} times algbw; of {} among {} ranks it is {:.3g} times",
                                                 ratio, program_->name, ranks_.size(), factor));
    }
    rows_.push_back({*bytes, *time * 1e-6, {source_, line_, words[0].column}});
    return {};
  }

  /// What the log says ran, else what its columns show; nothing yet where a row is too small to show it.
  [[nodiscard]] Which program_of(const std::vector<Token>& words, double ratio) const {
    if (banner_) return banner_;
    const Columns& c = *columns_;
    const double n = double(ranks_.size()), once = (n - 1) / n;
    auto near = [&](double factor) { return ratio > 0 && std::abs(ratio / factor - 1) < 0.04; };
    if (c.root > 0 && words[c.root].text != "-1") return command_ ? command_ : &rooted_program;
    if (c.redop > 0 && words[c.redop].text == "none") {
      if (near(once)) return command_ == &programs[3] ? command_ : &programs[1]; // all-to-all costs the same there
      if (near(1)) return &programs[5];
    } else if (c.redop > 0) {
      if (near(2 * once)) return &programs[0];
      if (near(once)) return &programs[2];
      if (near(1)) return &programs[5];
    }
    return ratio > 0 ? (command_ ? command_ : by_file_) : nullptr;
  }

  std::shared_ptr<const Source> source_;
  bool one_domain_;
  Which by_file_, banner_ = nullptr, command_ = nullptr;
  std::string prefix_;
  int line_ = 0;
  std::size_t tables_ = 0, torn_ = 0;
  struct Row {
    double bytes, seconds;
    Mark at;
  };
  std::vector<Row> rows_; ///< of the table that is being read
  Which program_ = nullptr;
  std::optional<Columns> columns_;
  std::set<std::string> ranks_, hosts_;
  std::map<std::string, std::size_t> ignored_;
  CollectiveLog out_;
};

} // namespace

Result<CollectiveLog> read_collective_log(const std::string& path, bool one_domain) {
  auto source = read_text(path, log_limit);
  if (!source) return tl::unexpected(source.error());
  return LogReader(*source, one_domain).read();
}

} // namespace weft::analysis
