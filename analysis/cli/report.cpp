// Pages: the verb `report`, and --html of the others.
#include "analysis/report.hpp"
#include "analysis/cli/cli.hpp"
#include "analysis/pipeline_svg.hpp"
#include "analysis/whole_file.hpp"
#include "platforms/base/output_file.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace weft::cli {
namespace {

constexpr std::size_t longest = 64'000'000; ///< bytes of one result

Result<void> write_page(const Common& options, const std::vector<analysis::ReportPart>& parts) {
  auto page = analysis::report_page(options.command, parts);
  if (!page) return tl::unexpected(page.error());
  if (auto written = write_file(options.html, *page); !written) return written;
  spdlog::info("{}: {:.0f} kB", options.html, double(page->size()) / 1e3);
  return {};
}

} // namespace

std::string typed(int argc, char** argv) {
  const std::string plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@+%";
  std::string out = "weft";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    out += ' ';
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word)
      out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += '\'';
  }
  return out;
}

Result<void> check_page(const Common& options) {
  if (options.html.empty()) return {};
  if (auto have = analysis::has_report(); !have) return have;
  return may_write(options.html, options.force);
}

Result<void> add_page(const Common& options, const std::string& verb, const std::function<std::string()>& json,
                      const sim::StepResult* pipeline) {
  if (options.html.empty()) return {};
  return write_page(options, {{verb, json(), pipeline ? analysis::pipeline_svg(*pipeline) : std::string()}});
}

int report_files(const std::vector<std::string>& files, const Common& options) {
  if (auto have = analysis::has_report(); !have) return report(have.error());
  if (auto can = may_write(options.html, options.force); !can) return report(can.error());
  std::vector<analysis::ReportPart> parts;
  for (const std::string& file : files) {
    auto text = analysis::read_whole(file, longest);
    if (!text) return report(text.error());
    parts.push_back({file, std::move(*text)});
  }
  if (auto written = write_page(options, parts); !written) return report(written.error());
  return ok;
}

} // namespace weft::cli
