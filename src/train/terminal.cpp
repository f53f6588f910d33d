#include "train/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "fovea/error.h"

namespace fovea::train {

Terminal terminal_of(std::FILE* stream) {
  Terminal t;
  const char* term = std::getenv("TERM");
  const bool dumb = term && std::string_view(term) == "dumb";
  t.redraws = ::isatty(::fileno(stream)) && !dumb;
  const char* no_color = std::getenv("NO_COLOR");
  t.color = t.redraws && !(no_color && *no_color);
  winsize size{};
  if (t.redraws && ::ioctl(::fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    t.columns = size.ws_col;
  return t;
}

std::string duration(double seconds) {
  const int64_t s = std::llround(std::clamp(seconds, 0., 1e9));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
}

std::string short_number(double x) {
  if (!std::isfinite(x) || x == 0 || std::abs(x) >= 0.1) return fmt::format("{:.2f}", x);
  return fmt::format("{:.2g}", x);
}

std::string bar(double done, int width, const Terminal& terminal) {
  const int full = int(std::clamp(done, 0., 1.) * width + 0.5);
  std::string filled, rest;
  for (int i = 0; i < width; ++i) (i < full ? filled : rest) += i < full ? "━" : terminal.color ? "━" : "─";
  if (!terminal.color) return filled + rest;
  return fmt::format("\x1b[36m{}\x1b[90m{}\x1b[0m", filled, rest);
}

}  // namespace fovea::train
