#include "analysis/cli/terminal.hpp"

#include "platforms/base/workers.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace weft::cli {
namespace {

constexpr const char *bold = "\033[1m", *red = "\033[1;31m", *cyan = "\033[36m", *plain = "\033[0m";
std::string chosen = "auto";
bool text_on_stdout = true;

bool coloured(int stream) {
  if (chosen != "auto") return chosen == "always";
  const char *no = std::getenv("NO_COLOR"), *term = std::getenv("TERM");
  return !(no && *no) && !(term && std::string_view(term) == "dumb") && ::isatty(stream);
}

/// "WHERE TIME WENT (share of the step)": how much of it is the heading, the words in capitals; 0: it is none. Five
/// letters at least: MFU and HBM are no headings.
std::size_t heading_of(std::string_view line) {
  std::size_t end = 0, capitals = 0;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t next = std::min(line.find(' ', at), line.size());
    const std::string_view word = line.substr(at, next - at);
    auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (word.empty() ||
        !std::all_of(word.begin(), word.end(), [&](char c) { return capital(c) || c == ',' || c == ':'; }))
      break;
    capitals += std::size_t(std::count_if(word.begin(), word.end(), capital));
    end = next;
    at = next + 1;
  }
  return capitals >= 5 ? end : 0;
}

template <class F> std::string by_line(const std::string& text, F paint) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += paint(std::string_view(text).substr(at, end - at));
    if (end < text.size()) out += '\n';
    at = end + 1;
  }
  return out;
}

using Clock = std::chrono::steady_clock;
struct Progress {
  Clock::time_point began, said;
  bool shown = false;
};
Progress progress;

std::string left(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", std::ceil(seconds));
  return fmt::format("{:.0f} min", std::ceil(seconds / 60));
}

void told(std::size_t done, std::size_t count) {
  using namespace std::chrono_literals;
  const auto now = Clock::now();
  if (done == 0) progress = {now, now, false};
  if (done == count) return clear_progress();
  if (count < 2 || now - progress.began < 1s || (progress.shown && now - progress.said < 200ms)) return;
  const double passed = std::chrono::duration<double>(now - progress.began).count();
  fmt::print(stderr, "\r\033[Kweft: {} of {} done, about {} left", done, count,
             left(passed / double(done) * double(count - done)));
  std::fflush(stderr);
  progress.said = now;
  progress.shown = true;
}

} // namespace

void choose_colour(const std::string& when) {
  chosen = when;
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  sink->set_color_mode(coloured(STDERR_FILENO) ? spdlog::color_mode::always : spdlog::color_mode::never);
  sink->set_color(spdlog::level::info, "");
  sink->set_pattern("%^weft:%$ %v");
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("weft", sink));
}
void data_is_text(bool is) {
  text_on_stdout = is;
}

std::string with_headings(const std::string& text) {
  if (!text_on_stdout || !coloured(STDOUT_FILENO)) return text;
  return by_line(text, [](std::string_view line) {
    const std::size_t heading = heading_of(line);
    return heading == 0 ? std::string(line)
                        : fmt::format("{}{}{}{}", bold, line.substr(0, heading), plain, line.substr(heading));
  });
}
std::string with_error_marks(const std::string& text) {
  if (!coloured(STDERR_FILENO)) return text;
  return by_line(text, [](std::string_view line) {
    if (line.starts_with("hint: ")) return fmt::format("{}hint:{}{}", cyan, plain, line.substr(5));
    const std::size_t at = line.find("error: "); // "file:3:5: error: ..."
    if (at == std::string_view::npos || (at > 0 && !line.substr(0, at).ends_with(": "))) return std::string(line);
    return fmt::format("{}{}error:{}{}", line.substr(0, at), red, plain, line.substr(at + 6));
  });
}

void show_progress() {
  if (::isatty(STDERR_FILENO)) observe_workers(told);
}
void clear_progress() {
  if (!progress.shown) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  progress.shown = false;
}

} // namespace weft::cli
